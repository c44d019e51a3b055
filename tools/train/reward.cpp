#include "train/reward.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "generate/sampler.h"
#include "train/net/heads.h"
#include "train/order.h"
#include "train/preferences.h"

namespace pith::lab {
namespace {

struct Settings : LearningFromPairs {
  std::int64_t layers;
  double token, sum;

  explicit Settings(const Config& c) : LearningFromPairs(c) {
    layers = c.integer("layers", 0, 64);
    const Config likelihood = c.object("likelihood");
    token = likelihood.number("token", 0, 1e3);
    sum = likelihood.number("sum", 0, 1e3);
    likelihood.finish();
    c.finish();
  }
  bool likelihoods() const { return token > 0 || sum > 0; }
};

struct Outcome {
  double loss = 0, right = 0, token_error = 0, sum_error = 0;  // means
};

// How likely an answer is to the model that gave it, at the row behind each of its tokens: of the token, and
// of all of them so far. In units of four nats, no less than -2 and -4.
struct Likelihood {
  float token, sum;
};

std::vector<std::optional<Likelihood>> likelihoods(Network<float>& network, const float* parameters,
                                                   const ComparisonPiece& piece) {
  network.forward(parameters, piece.batch);
  std::vector<std::optional<Likelihood>> out(piece.targets.size());
  double sum = 0;
  language_head(network, parameters, nullptr, [&](std::int64_t r, float* p) {
    if (r + 1 == std::ssize(out) || piece.targets[r] < 0) {
      sum = 0;
      return;
    }
    const double token = std::max(std::log(static_cast<double>(p[piece.targets[r]])) / 4, -2.0);
    sum += token;
    out[r + 1] = {static_cast<float>(token), static_cast<float>(std::max(sum, -4.0))};
  });
  return out;
}

// The hidden states learn to say how likely an answer is along directions that nobody trains.
std::vector<float> fixed_direction(std::int64_t width, std::uint64_t seed) {
  std::vector<float> out(static_cast<std::size_t>(width));
  for (std::int64_t i = 0; i < width; ++i)
    out[i] = static_cast<float>(0.2 * uniform(seed, static_cast<std::uint64_t>(i)) - 0.1);
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
        start_(deepened(fresh_start(s_.from), s_.layers, s_.seed)),
        first_(s_.layers > 0 ? start_.shape.layers - s_.layers : 0),
        conversations_(s_.tokenizer),
        train_(read_comparisons(s_.train, conversations_, start_.shape.context)),
        validation_(read_comparisons(s_.validation, conversations_, start_.shape.context)),
        parallel_(s_.parallel(start_.shape)),
        order_(std::ssize(train_), s_.seed),
        token_direction_(fixed_direction(start_.shape.width, 1)),
        sum_direction_(fixed_direction(start_.shape.width, 2)) {}

  void run() {
    s_.learn_scores(
        parallel_, start_, first_, [this](TrainingRun& run) { train_step(run); },
        [this](TrainingRun& run) { validate(run); });
  }

 private:
  void train_step(TrainingRun& run) {
    const std::vector<ComparisonPiece> pieces =
        comparison_pieces(train_, order_.take(run.step() * s_.comparisons, s_.comparisons), parallel_.rows());
    const double rate = s_.schedule.rate(run.step());
    const Outcome o = compare(run.data(), pieces, static_cast<double>(s_.comparisons), true);
    const double norm = run.optimise(o.loss + s_.token * o.token_error + s_.sum * o.sum_error, rate);
    for (const ComparisonPiece& piece : pieces) {
      run.log().count(piece.batch.rows(), flops(piece.batch));
    }
    if (run.step() % s_.log_every != 0) return;
    run.log().write_with_speeds({{"step", run.step()},
                                 {"loss", o.loss},
                                 {"right", o.right},
                                 {"token_error", o.token_error},
                                 {"sum_error", o.sum_error},
                                 {"rate", rate},
                                 {"gradient_norm", norm}},
                                s_.steps);
  }

  // Layers that are not trained are passed forward alone, a third of the work.
  double flops(const Batch& batch) const {
    Shape trained = start_.shape;
    trained.layers -= first_;
    const double all = training_flops(start_.shape, batch);
    return all - (all - training_flops(trained, batch)) * 2 / 3;
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
      std::vector<std::optional<Likelihood>> likely;
      const bool with_likelihoods = gradient && s_.likelihoods();
      if (with_likelihoods) likely = likelihoods(network, start_.parameters.data(), piece);
      if (with_likelihoods && first_ > 0) {  // below it nothing has changed since the start
        network.forward_again(parameters, static_cast<std::size_t>(first_));
      } else {
        network.forward(parameters, piece.batch);
      }
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
      for (std::int64_t row = 0; row < std::ssize(likely); ++row) {
        if (!likely[row]) continue;
        const auto approach = [&](const std::vector<float>& direction, float target, double weight) {
          const double error = projection(network, direction.data(), row) - target;
          projection_backward(network, direction.data(), row,
                              static_cast<float>(2 * weight * error / tokens));
          return error * error / tokens;
        };
        out.token_error += approach(token_direction_, likely[row]->token, s_.token);
        out.sum_error += approach(sum_direction_, likely[row]->sum, s_.sum);
      }
      if (gradient) network.backward(parameters, gradient, 0, static_cast<std::size_t>(first_));
    };
    parallel_.run(std::ssize(pieces), body, training);
    Outcome sum;
    for (const Outcome& o : outcomes) {
      sum.loss += o.loss;
      sum.right += o.right;
      sum.token_error += o.token_error;
      sum.sum_error += o.sum_error;
    }
    return sum;
  }

  Settings s_;
  Checkpoint start_;
  std::int64_t first_;  // layer that is trained
  Conversations conversations_;
  std::vector<Comparison> train_, validation_;
  Parallel parallel_;
  ShuffledOrder order_;
  std::vector<float> token_direction_, sum_direction_;
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
