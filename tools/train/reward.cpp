#include "train/reward.h"

#include <nlohmann/json.hpp>

#include "train/net/heads.h"
#include "train/order.h"
#include "train/preferences.h"

namespace pith::lab {
namespace {

struct Settings : LearningFromPairs {
  explicit Settings(const Config& c) : LearningFromPairs(c) { c.finish(); }
};

struct Outcome {
  double loss = 0, right = 0;  // means
};

// Of the comparisons in the pieces; with a gradient where `gradient` is set.
Outcome compare(Parallel& parallel, const float* parameters, std::span<const ComparisonPiece> pieces,
                double count, bool with_gradient) {
  std::vector<Outcome> outcomes(pieces.size());
  const Parallel::Piece body = [&](std::int64_t i, Network<float>& network, float* gradient) {
    const ComparisonPiece& piece = pieces[i];
    network.forward(parameters, piece.batch);
    for (std::size_t k = 0; k < piece.index.size(); ++k) {
      const std::int64_t rows[2] = {piece.last_row[0][k], piece.last_row[1][k]};
      double margin = 0;
      for (int side = 0; side < 2; ++side) {
        if (rows[side] >= 0) margin += (side == 0 ? 1 : -1) * scalar_head(network, parameters, rows[side]);
      }
      const LogisticLoss loss(margin);
      outcomes[i].loss += loss.value / count;
      outcomes[i].right += loss.right / count;
      for (int side = 0; gradient && side < 2; ++side) {
        if (rows[side] < 0) continue;
        const double slope = (side == 0 ? 1 : -1) * loss.slope / count;
        scalar_head_backward(network, parameters, gradient, rows[side], static_cast<float>(slope));
      }
    }
    if (gradient) network.backward(parameters, gradient);
  };
  parallel.run(std::ssize(pieces), body, with_gradient);
  Outcome sum;
  for (const Outcome& o : outcomes) {
    sum.loss += o.loss;
    sum.right += o.right;
  }
  return sum;
}

class RewardTraining {
 public:
  explicit RewardTraining(const Config& c)
      : s_(c),
        shape_(fresh_start(s_.from).shape),
        conversations_(s_.tokenizer),
        train_(read_comparisons(s_.train, conversations_, shape_.context)),
        validation_(read_comparisons(s_.validation, conversations_, shape_.context)),
        parallel_(s_.parallel(shape_)),
        order_(std::ssize(train_), s_.seed) {}

  void run() {
    s_.learn(
        parallel_, [this](TrainingRun& run) { train_step(run); }, [this](TrainingRun& run) { validate(run); },
        true);
  }

 private:
  void train_step(TrainingRun& run) {
    const std::vector<ComparisonPiece> pieces =
        comparison_pieces(train_, order_.take(run.step() * s_.comparisons, s_.comparisons), parallel_.rows());
    const double rate = s_.schedule.rate(run.step());
    const Outcome o = compare(parallel_, run.data(), pieces, static_cast<double>(s_.comparisons), true);
    const double norm = run.optimise(o.loss, rate);
    for (const ComparisonPiece& piece : pieces) {
      run.log().count(piece.batch.rows(), training_flops(shape_, piece.batch));
    }
    if (run.step() % s_.log_every != 0) return;
    run.log().write_with_speeds(
        {{"step", run.step()}, {"loss", o.loss}, {"right", o.right}, {"rate", rate}, {"gradient_norm", norm}},
        0);
  }

  void validate(TrainingRun& run) {
    const auto pieces = comparison_pieces(validation_, parallel_.rows());
    const Outcome o = compare(parallel_, run.data(), pieces, static_cast<double>(validation_.size()), false);
    run.log().write({{"step", run.step()}, {"validation_loss", o.loss}, {"validation_right", o.right}});
  }

  Settings s_;
  Shape shape_;
  Conversations conversations_;
  std::vector<Comparison> train_, validation_;
  Parallel parallel_;
  ShuffledOrder order_;
};

}  // namespace

void reward(const Config& config) { RewardTraining(config).run(); }

std::vector<double> scores(Parallel& parallel, const float* parameters,
                           std::span<const std::vector<std::int32_t>> sequences) {
  std::vector<double> out(sequences.size());
  parallel.evaluate(std::ssize(sequences), [&](std::int64_t i, Network<float>& network, float*) {
    Batch batch;
    batch.add(sequences[i]);
    network.forward(parameters, batch);
    out[i] = scalar_head(network, parameters, batch.rows() - 1);
  });
  return out;
}

}  // namespace pith::lab
