#include "train/dpo.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "train/net/heads.h"
#include "train/order.h"
#include "train/preferences.h"

namespace pith::lab {
namespace {

struct Settings : LearningFromPairs {
  double beta;

  explicit Settings(const Config& c) : LearningFromPairs(c) {
    beta = c.number("beta", 1e-6, 100);
    c.finish();
  }
};

struct Pair {
  double better, worse;

  double gap() const { return better - worse; }
};

// Log-probabilities of the answers of each pair of a piece, behind forward().
std::vector<Pair> log_probabilities(Network<float>& network, const float* parameters,
                                    const ComparisonPiece& piece) {
  std::vector<double> rows(piece.targets.size());
  language_head(network, parameters, nullptr, [&](std::int64_t r, float* p) {
    if (piece.targets[r] >= 0) rows[r] = std::log(static_cast<double>(p[piece.targets[r]]));
  });
  const auto sum = [&](int side, std::size_t k) {
    return std::accumulate(rows.begin() + piece.first_row[side][k],
                           rows.begin() + piece.last_row[side][k] + 1, 0.0);
  };
  std::vector<Pair> out;
  for (std::size_t k = 0; k < piece.index.size(); ++k) out.push_back({sum(0, k), sum(1, k)});
  return out;
}

class Optimisation {
 public:
  explicit Optimisation(const Config& c)
      : s_(c),
        start_(fresh_start(s_.from)),
        conversations_(s_.tokenizer),
        train_(read_pairs(s_.train)),
        validation_(read_pairs(s_.validation)),
        parallel_(s_.parallel(start_.shape)),
        order_(std::ssize(train_), s_.seed) {}

  void run() {
    reference_ = reference(train_);
    validation_reference_ = reference(validation_);
    s_.learn(
        parallel_, [this](TrainingRun& run) { train_step(run); },
        [this](TrainingRun& run) { validate(run); });
  }

 private:
  struct Outcome {
    double loss = 0, right = 0, better = 0, worse = 0;  // means; the last two are rewards beta log p / p0
  };

  std::vector<Comparison> read_pairs(std::span<const std::string> files) const {
    std::vector<Comparison> out = read_comparisons(files, conversations_, start_.shape.context);
    for (const Comparison& c : out) {
      if (c.better.tokens.empty() || c.worse.tokens.empty())
        fail("{}: dpo needs pairs of answers alone", printable(files.front(), 400));
    }
    return out;
  }

  // Of the model that training starts from, by comparison.
  std::vector<Pair> reference(const std::vector<Comparison>& list) {
    const std::vector<ComparisonPiece> pieces = comparison_pieces(list, parallel_.rows());
    std::vector<Pair> out(list.size());
    const float* const parameters = start_.parameters.data();
    parallel_.evaluate(std::ssize(pieces), [&](std::int64_t i, Network<float>& network, float*) {
      network.forward(parameters, pieces[i].batch);
      const std::vector<Pair> pairs = log_probabilities(network, parameters, pieces[i]);
      for (std::size_t k = 0; k < pairs.size(); ++k) out[pieces[i].index[k]] = pairs[k];
    });
    return out;
  }

  Outcome compare(const float* parameters, std::span<const ComparisonPiece> pieces,
                  const std::vector<Pair>& reference, double count, bool with_gradient) {
    std::vector<Outcome> outcomes(pieces.size());
    const Parallel::Piece body = [&](std::int64_t i, Network<float>& network, float* gradient) {
      const ComparisonPiece& piece = pieces[i];
      network.forward(parameters, piece.batch);
      const std::vector<Pair> pairs = log_probabilities(network, parameters, piece);
      std::vector<float> weights(piece.targets.size());  // of -log p
      for (std::size_t k = 0; k < pairs.size(); ++k) {
        const Pair& before = reference[piece.index[k]];
        const LogisticLoss loss(s_.beta * (pairs[k].gap() - before.gap()));
        outcomes[i].loss += loss.value / count;
        outcomes[i].right += loss.right / count;
        outcomes[i].better += s_.beta * (pairs[k].better - before.better) / count;
        outcomes[i].worse += s_.beta * (pairs[k].worse - before.worse) / count;
        for (int side = 0; side < 2; ++side) {
          const double weight = (side == 0 ? -1 : 1) * s_.beta * loss.slope / count;
          std::fill(weights.begin() + piece.first_row[side][k], weights.begin() + piece.last_row[side][k] + 1,
                    static_cast<float>(weight));
        }
      }
      if (!gradient) return;
      cross_entropy(network, parameters, gradient, piece.targets, weights);
      network.backward(parameters, gradient);
    };
    parallel_.run(std::ssize(pieces), body, with_gradient);
    Outcome sum;
    for (const Outcome& o : outcomes) {
      sum.loss += o.loss;
      sum.right += o.right;
      sum.better += o.better;
      sum.worse += o.worse;
    }
    return sum;
  }

  void train_step(TrainingRun& run) {
    const std::vector<ComparisonPiece> pieces =
        comparison_pieces(train_, order_.take(run.step() * s_.comparisons, s_.comparisons), parallel_.rows());
    const double rate = s_.schedule.rate(run.step());
    const Outcome o = compare(run.data(), pieces, reference_, static_cast<double>(s_.comparisons), true);
    const double norm = run.optimise(o.loss, rate);
    for (const ComparisonPiece& piece : pieces) {
      run.log().count(piece.batch.rows(), training_flops(start_.shape, piece.batch));
    }
    if (run.step() % s_.log_every != 0) return;
    run.log().write_with_speeds({{"step", run.step()},
                                 {"loss", o.loss},
                                 {"right", o.right},
                                 {"better_reward", o.better},
                                 {"worse_reward", o.worse},
                                 {"rate", rate},
                                 {"gradient_norm", norm}},
                                s_.steps);
  }

  void validate(TrainingRun& run) {
    const Outcome o = compare(run.data(), comparison_pieces(validation_, parallel_.rows()),
                              validation_reference_, static_cast<double>(validation_.size()), false);
    run.log().write({{"step", run.step()},
                     {"validation_loss", o.loss},
                     {"validation_right", o.right},
                     {"better_reward", o.better},
                     {"worse_reward", o.worse}});
  }

  Settings s_;
  Checkpoint start_;
  Conversations conversations_;
  std::vector<Comparison> train_, validation_;
  Parallel parallel_;
  ShuffledOrder order_;
  std::vector<Pair> reference_, validation_reference_;
};

}  // namespace

void dpo(const Config& config) { Optimisation(config).run(); }

}  // namespace pith::lab
