#include "train/eval/statistics.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace pith::lab {
namespace {

constexpr double kDeviations = 1.959964;  // of the normal distribution, for 95 %

}  // namespace

Interval wilson(std::int64_t right, std::int64_t n) {
  if (n == 0) return {0, 1};
  const double z2 = kDeviations * kDeviations, count = static_cast<double>(n);
  const double p = static_cast<double>(right) / count;
  const double middle = (p + z2 / (2 * count)) / (1 + z2 / count);
  const double half =
      kDeviations * std::sqrt(p * (1 - p) / count + z2 / (4 * count * count)) / (1 + z2 / count);
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

Mean mean_of(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double v : values) sum += v;
  const double mean = sum / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  const double half = kDeviations * std::sqrt(squares / n / n);
  return {mean, mean - half, mean + half, std::ssize(values)};
}

nlohmann::ordered_json Mean::json() const { return {{"mean", mean}, {"low", low}, {"high", high}, {"n", n}}; }

// The i-th best is drawn, and the others come from the total - 1 - i worse ones:
// C(total - 1 - i, n - 1) / C(total, n).
std::vector<double> best_of_chances(std::int64_t total, std::int64_t n) {
  std::vector<double> chances(static_cast<std::size_t>(total));
  double chance = static_cast<double>(n) / static_cast<double>(total);
  for (std::int64_t i = 0; i <= total - n; ++i) {
    chances[i] = chance;
    chance *=
        static_cast<double>(total - n - i) / static_cast<double>(std::max<std::int64_t>(total - 1 - i, 1));
  }
  return chances;
}

}  // namespace pith::lab
