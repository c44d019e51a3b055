#include "reason/vote.h"

#include <algorithm>
#include <cmath>

namespace pith {

void Vote::add(std::string_view answer, double weight) {
  auto option = std::ranges::find(options_, answer, &Option::answer);
  if (option == options_.end()) option = options_.insert(option, {std::string(answer), ballots_});
  ++option->ballots;
  option->weight += weight;
  ++ballots_;
}

const Vote::Option* Vote::leader() const {
  const auto best = std::ranges::max_element(options_, {}, &Option::weight);  // the first of equal ones
  return best == options_.end() ? nullptr : &*best;
}

double Vote::agreement() const {
  const Option* best = leader();
  return best ? static_cast<double>(best->ballots) / static_cast<double>(ballots_) : 0;
}

bool Vote::is_decided(std::size_t remaining) const {
  const Option* best = leader();
  if (!best) return remaining == 0;
  double second = 0;
  for (const Option& o : options_) {
    if (&o != best) second = std::max(second, o.weight);
  }
  return best->weight > second + static_cast<double>(remaining);
}

double Vote::beta_confidence() const {
  const Option* best = leader();
  if (!best) return 0;
  std::size_t second = 0;
  for (const Option& o : options_) {
    if (&o != best) second = std::max(second, o.ballots);
  }
  // For whole a and b a tail of the Beta distribution is one of the binomial: at most a heads of a + b + 1.
  const double n = static_cast<double>(best->ballots + second + 1);
  double sum = 0;
  for (std::size_t k = 0; k <= best->ballots; ++k) {
    const auto heads = static_cast<double>(k);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(heads + 1) - std::lgamma(n - heads + 1) -
                    n * std::log(2.0));
  }
  return std::min(sum, 1.0);
}

double Vote::dirichlet_confidence() const {
  const Option* best = leader();
  if (!best) return 0;
  // A Dirichlet variable is a set of independent Gamma variables over their sum, so the leader is ahead where
  // its own is: the integral of its density times the others' distribution functions, by Simpson's rule.
  const auto shape = static_cast<double>(best->ballots + 1);
  const double end = shape + 12 * std::sqrt(shape) + 30;  // beyond it are less than 1e-9 of the density
  constexpr int kIntervals = 4000;
  const double h = end / kIntervals;
  double sum = 0;
  for (int i = 1; i <= kIntervals; ++i) {  // at 0 the density is 0: the leader has a ballot
    const double x = h * i;
    double value = std::exp((shape - 1) * std::log(x) - x - std::lgamma(shape));
    for (const Option& o : options_) {
      if (&o == best) continue;
      // 1 - e^-x (1 + x + ... + x^n / n!) for Gamma(n + 1).
      double term = std::exp(-x), tail = term;
      for (std::size_t k = 1; k <= o.ballots; ++k) tail += term *= x / static_cast<double>(k);
      value *= std::max(0.0, 1 - tail);
    }
    sum += value * (i == kIntervals ? 1 : i % 2 ? 4 : 2);
  }
  return std::min(sum * h / 3, 1.0);
}

}  // namespace pith
