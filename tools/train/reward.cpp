#include "train/reward.h"

#include <nlohmann/json.hpp>
#include <numeric>

#include "train/fine_tuning.h"
#include "train/net/heads.h"
#include "train/order.h"
#include "train/preferences.h"

namespace pith::lab {
namespace {

struct Settings : FineTuning {
  std::vector<std::string> train, validation;
  std::int64_t comparisons;

  explicit Settings(const Config& c) : FineTuning(c) {
    train = c.texts("train");
    validation = c.texts("validation");
    comparisons = c.integer("comparisons", 1, 1 << 20);
    c.finish();
  }
};

struct Outcome {
  double loss = 0, right = 0;  // means; a margin of 0 is half right
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
      outcomes[i].right += (margin > 0 ? 1 : margin == 0 ? 0.5 : 0) / count;
      for (int side = 0; gradient && side < 2; ++side) {
        if (rows[side] < 0) continue;
        const double slope = (side == 0 ? 1 : -1) * loss.slope / count;
        scalar_head_backward(network, parameters, gradient, rows[side], static_cast<float>(slope));
      }
    }
    if (gradient) network.backward(parameters, gradient);
  };
  if (with_gradient) {
    parallel.gradient(std::ssize(pieces), body);
  } else {
    parallel.evaluate(std::ssize(pieces), body);
  }
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
    std::vector<std::int64_t> chosen;
    for (std::int64_t i = 0; i < s_.comparisons; ++i)
      chosen.push_back(order_[run.step() * s_.comparisons + i]);
    const std::vector<ComparisonPiece> pieces = comparison_pieces(train_, chosen, parallel_.rows());
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
    std::vector<std::int64_t> all(validation_.size());
    std::iota(all.begin(), all.end(), 0);
    const auto pieces = comparison_pieces(validation_, all, parallel_.rows());
    const Outcome o = compare(parallel_, run.data(), pieces, static_cast<double>(all.size()), false);
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
