#include "train/reward.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "train/net/heads.h"
#include "train/order.h"
#include "train/preferences.h"

namespace pith::lab {
namespace {

struct Settings : LearningFromPairs {
  double likelihood;

  explicit Settings(const Config& c) : LearningFromPairs(c) {
    likelihood = c.number("likelihood", 0, 1e3);
    c.finish();
  }
};

struct Outcome {
  double loss = 0, right = 0, likelihood_error = 0;  // means
};

// What the head is to say at each row where an answer is: 0 where the model is sure of the answer so far, 1
// less for each four nats, down to -4. Nothing outside of answers, nor at their last rows, where the score
// is.
std::vector<std::optional<float>> likelihoods(Network<float>& network, const float* parameters,
                                              const ComparisonPiece& piece) {
  network.forward(parameters, piece.batch);
  std::vector<std::optional<float>> out(piece.targets.size());
  double sum = 0;
  language_head(network, parameters, nullptr, [&](std::int64_t r, float* p) {
    if (r + 1 == std::ssize(out) || piece.targets[r] < 0) {
      sum = 0;
      return;
    }
    sum += std::log(static_cast<double>(p[piece.targets[r]]));
    out[r + 1] = static_cast<float>(std::max(sum / 4, -4.0));
  });
  return out;
}

double answer_tokens(std::span<const ComparisonPiece> pieces) {
  std::ptrdiff_t tokens = 0;
  for (const ComparisonPiece& piece : pieces)
    tokens += std::ranges::count_if(piece.targets, [](std::int32_t target) { return target >= 0; });
  return static_cast<double>(std::max<std::ptrdiff_t>(tokens, 1));
}

class RewardTraining {
 public:
  explicit RewardTraining(const Config& c)
      : s_(c),
        start_(fresh_start(s_.from)),
        conversations_(s_.tokenizer),
        train_(read_comparisons(s_.train, conversations_, start_.shape.context)),
        validation_(read_comparisons(s_.validation, conversations_, start_.shape.context)),
        parallel_(s_.parallel(start_.shape)),
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
    const Outcome o = compare(run.data(), pieces, static_cast<double>(s_.comparisons), true);
    const double norm = run.optimise(o.loss + s_.likelihood * o.likelihood_error, rate);
    for (const ComparisonPiece& piece : pieces) {
      run.log().count(piece.batch.rows(), training_flops(start_.shape, piece.batch));
    }
    if (run.step() % s_.log_every != 0) return;
    run.log().write_with_speeds({{"step", run.step()},
                                 {"loss", o.loss},
                                 {"right", o.right},
                                 {"likelihood_error", o.likelihood_error},
                                 {"rate", rate},
                                 {"gradient_norm", norm}},
                                s_.steps);
  }

  void validate(TrainingRun& run) {
    const auto pieces = comparison_pieces(validation_, parallel_.rows());
    const Outcome o = compare(run.data(), pieces, static_cast<double>(validation_.size()), false);
    run.log().write({{"step", run.step()}, {"validation_loss", o.loss}, {"validation_right", o.right}});
  }

  // Of the comparisons in the pieces, `count` of them; with the gradient and the likelihoods in training.
  Outcome compare(const float* parameters, std::span<const ComparisonPiece> pieces, double count,
                  bool training) {
    std::vector<Outcome> outcomes(pieces.size());
    const double tokens = answer_tokens(pieces);
    const Parallel::Piece body = [&](std::int64_t i, Network<float>& network, float* gradient) {
      const ComparisonPiece& piece = pieces[i];
      Outcome& out = outcomes[i];
      const bool with_likelihood = gradient && s_.likelihood > 0;
      const auto likelihood = with_likelihood ? likelihoods(network, start_.parameters.data(), piece)
                                              : std::vector<std::optional<float>>();
      network.forward(parameters, piece.batch);
      const auto descend = [&](std::int64_t row, double slope) {
        scalar_head_backward(network, parameters, gradient, row, static_cast<float>(slope));
      };
      for (std::size_t k = 0; k < piece.index.size(); ++k) {
        const std::int64_t rows[2] = {piece.last_row[0][k], piece.last_row[1][k]};
        double margin = 0;
        for (int side = 0; side < 2; ++side) {
          if (rows[side] >= 0) margin += (side == 0 ? 1 : -1) * scalar_head(network, parameters, rows[side]);
        }
        const LogisticLoss loss(margin);
        out.loss += loss.value / count;
        out.right += loss.right / count;
        for (int side = 0; gradient && side < 2; ++side) {
          if (rows[side] >= 0) descend(rows[side], (side == 0 ? 1 : -1) * loss.slope / count);
        }
      }
      for (std::int64_t row = 0; row < std::ssize(likelihood); ++row) {
        if (!likelihood[row]) continue;
        const double error = scalar_head(network, parameters, row) - *likelihood[row];
        out.likelihood_error += error * error / tokens;
        descend(row, 2 * s_.likelihood * error / tokens);
      }
      if (gradient) network.backward(parameters, gradient);
    };
    parallel_.run(std::ssize(pieces), body, training);
    Outcome sum;
    for (const Outcome& o : outcomes) {
      sum.loss += o.loss;
      sum.right += o.right;
      sum.likelihood_error += o.likelihood_error;
    }
    return sum;
  }

  Settings s_;
  Checkpoint start_;
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
