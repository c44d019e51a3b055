#include "analyse/fit_loss_law.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <set>

#include "analyse/minimise.h"
#include "analyse/statistics.h"
#include "base/error.h"

namespace pith {
namespace {

using Point = std::vector<double>;

// Logarithms of one of the runs' sizes, as x = (log size - mean) / deviation. In x the intercept and the
// exponent of a term hardly depend on each other, so that L-BFGS takes tens of steps in place of thousands.
struct Scaled {
  std::vector<double> x;
  double mean, deviation;

  Scaled(std::span<const TrainingRun> runs, double TrainingRun::*size) {
    for (const TrainingRun& r : runs) x.push_back(std::log(r.*size));
    mean = pith::mean(x);
    deviation = standard_deviation(x);
    for (double& v : x) v = (v - mean) / deviation;
  }
  double intercept(double log_scale, double exponent) const { return log_scale - exponent * mean; }
};

// log L = log(exp(a - alpha n) + exp(b - beta d) + exp(e)) over scaled n and d, so that A, B and E stay
// positive. A point is (a, alpha, b, beta, e).
class HuberLoss {
 public:
  explicit HuberLoss(std::span<const TrainingRun> runs)
      : n_(runs, &TrainingRun::params), d_(runs, &TrainingRun::tokens), weight_(runs.size(), 1.0) {
    for (const TrainingRun& r : runs) log_loss_.push_back(std::log(r.loss));
  }

  /// How often each run counts.
  std::vector<double>& weights() { return weight_; }

  /// The sum over runs, divided by the Huber loss's delta: about 1 where the fit is good.
  double operator()(std::span<const double> x, std::span<double> gradient) const {
    double sum = 0;
    std::ranges::fill(gradient, 0.0);
    for (std::size_t i = 0; i < log_loss_.size(); ++i) {
      if (weight_[i] == 0) continue;
      const double terms[] = {x[0] - x[1] * n_.x[i], x[2] - x[3] * d_.x[i], x[4]};
      const double top = std::max({terms[0], terms[1], terms[2]});
      double share[3], all = 0;
      for (int k = 0; k < 3; ++k) all += share[k] = std::exp(terms[k] - top);
      const double residual = top + std::log(all) - log_loss_[i], size = std::abs(residual);
      const bool square = size <= kHuberDelta;
      sum += weight_[i] * (square ? residual * residual / (2 * kHuberDelta) : size - kHuberDelta / 2);
      const double slope =
          weight_[i] * (square ? residual / kHuberDelta : std::copysign(1.0, residual)) / all;
      gradient[0] += slope * share[0];
      gradient[1] -= slope * share[0] * n_.x[i];
      gradient[2] += slope * share[1];
      gradient[3] -= slope * share[1] * d_.x[i];
      gradient[4] += slope * share[2];
    }
    return sum;
  }

  Point point(double log_a, double log_b, double log_e, double alpha, double beta) const {
    return {n_.intercept(log_a, alpha), alpha * n_.deviation, d_.intercept(log_b, beta), beta * d_.deviation,
            log_e};
  }
  Point point(const LossLaw& l) const {
    return point(std::log(l.A), std::log(l.B), std::log(l.E), l.alpha, l.beta);
  }
  LossLaw law(const Point& x) const {
    const double alpha = x[1] / n_.deviation, beta = x[3] / d_.deviation;
    return {.E = std::exp(x[4]),
            .A = std::exp(x[0] + alpha * n_.mean),
            .B = std::exp(x[2] + beta * d_.mean),
            .alpha = alpha,
            .beta = beta};
  }

 private:
  Scaled n_, d_;
  std::vector<double> log_loss_, weight_;
};

constexpr int kEvaluations = 5000;
constexpr double kFine = 1e-14;

// L-BFGS forgets what it learned of the curvature and starts again, until that gains nothing.
Minimum refine(const HuberLoss& huber, const Point& start) {
  constexpr int kRestarts = 20;
  Minimum best = minimise(std::cref(huber), start, kFine, kEvaluations);
  for (int i = 0; i < kRestarts; ++i) {
    Minimum next = minimise(std::cref(huber), best.x, kFine, kEvaluations);
    const bool gained = next.value < best.value * (1 - 1e-10);
    if (next.value <= best.value) best = std::move(next);
    if (!gained) break;
  }
  return best;
}

std::size_t distinct(std::span<const TrainingRun> runs, double TrainingRun::*size) {
  std::set<double> values;
  for (const TrainingRun& r : runs) values.insert(r.*size);
  return values.size();
}

// By how much a term differs between runs, relative to the least loss.
double effect(std::span<const TrainingRun> runs, double scale, double TrainingRun::*size, double exponent) {
  double least = INFINITY, most = 0, loss = INFINITY;
  for (const TrainingRun& r : runs) {
    const double term = scale * std::pow(r.*size, -exponent);
    least = std::min(least, term), most = std::max(most, term);
    loss = std::min(loss, r.loss);
  }
  return (most - least) / loss;
}

// Terms that the minimum does without are not determined by the runs.
std::string find_problem(const Minimum& minimum, const LossLaw& law, std::span<const TrainingRun> runs) {
  constexpr double kNegligible = 1e-4;
  if (!minimum.converged) return fmt::format("no minimum after {} evaluations", kEvaluations);
  if (!(effect(runs, law.A, &TrainingRun::params, law.alpha) > kNegligible))
    return "the runs show no effect of the number of parameters";
  if (!(effect(runs, law.B, &TrainingRun::tokens, law.beta) > kNegligible))
    return "the runs show no effect of the amount of data";
  if (law.alpha <= 0 || law.beta <= 0) return "loss does not fall with parameters or with data";
  const double least = std::ranges::min(runs, {}, &TrainingRun::loss).loss;
  if (!(law.E > kNegligible * least)) return "the runs cannot tell the irreducible loss from zero";
  return {};
}

}  // namespace

LossLawFit fit_loss_law(std::span<const TrainingRun> runs) {
  if (runs.size() < kFewestRuns)
    fail("the law's five constants need at least {} runs, found {}", kFewestRuns, runs.size());
  for (const auto& [size, name] :
       {std::pair{&TrainingRun::params, "model"}, std::pair{&TrainingRun::tokens, "data"}}) {
    if (const std::size_t n = distinct(runs, size); n < 3)
      fail("the law's five constants need runs of at least 3 different {} sizes, found {}", name, n);
  }
  HuberLoss huber(runs);
  Minimum best;
  constexpr double kExponents[] = {0, 0.5, 1, 1.5, 2}, kScales[] = {0, 5, 10, 15, 20, 25},
                   kFloors[] = {-1, -0.5, 0, 0.5, 1};
  for (const double a : kScales) {
    for (const double b : kScales) {
      for (const double e : kFloors) {
        for (const double alpha : kExponents) {
          for (const double beta : kExponents) {
            // Coarsely: the best one is refined.
            Minimum m = minimise(std::cref(huber), huber.point(a, b, e, alpha, beta), 1e-4, 200);
            if (std::isfinite(m.value) && (best.x.empty() || m.value < best.value)) best = std::move(m);
          }
        }
      }
    }
  }
  best = refine(huber, best.x);
  LossLawFit fit{huber.law(best.x), best.value * kHuberDelta};
  fit.problem = find_problem(best, fit.law, runs);
  return fit;
}

std::vector<LossLaw> bootstrap_loss_law(std::span<const TrainingRun> runs, const LossLaw& start,
                                        std::int64_t count, std::uint64_t seed) {
  HuberLoss huber(runs);
  const Point from = huber.point(start);
  std::vector<LossLaw> laws;
  for (std::int64_t k = 0; k < count; ++k) {
    std::ranges::fill(huber.weights(), 0.0);
    for (std::int64_t i = 0; i < std::ssize(runs); ++i)
      huber.weights()[static_cast<std::size_t>(resampled(seed, k, i, std::ssize(runs)))] += 1;
    const Minimum minimum = refine(huber, from);
    const LossLaw law = huber.law(minimum.x);
    if (minimum.converged && law.alpha > 0 && law.beta > 0 && std::isfinite(law.A) && std::isfinite(law.B))
      laws.push_back(law);
  }
  return laws;
}

}  // namespace pith
