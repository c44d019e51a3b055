#include "analyse/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "generate/sampler.h"

namespace pith {

double mean(std::span<const double> values) {
  return values.empty()
             ? 0
             : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double middle = mean(values);
  double sum = 0;
  for (const double v : values) sum += (v - middle) * (v - middle);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

double quantile(std::span<const double> sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

double percentile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return quantile(values, q);
}

Interval middle_95(std::vector<double> values) {
  std::ranges::sort(values);
  return {quantile(values, 0.025), quantile(values, 0.975)};
}

Line fit_line(std::span<const double> x, std::span<const double> y) {
  const double mx = mean(x), my = mean(y);
  double xx = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    xy += (x[i] - mx) * (y[i] - my);
  }
  if (xx <= 0) return {};
  return {my - xy / xx * mx, xy / xx, true};
}

Parabola fit_parabola(std::span<const double> x, std::span<const double> y) {
  // Gram-Schmidt on 1, x, x^2 over the points: each coefficient is then a projection of its own.
  const Line square = [&] {
    std::vector<double> squares;
    for (const double v : x) squares.push_back(v * v);
    return fit_line(x, squares);
  }();
  const Line line = fit_line(x, y);
  if (!line.valid) return {};
  double norm = 0, product = 0, scale = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double p = x[i] * x[i] - square.at(x[i]);
    norm += p * p;
    product += p * y[i];
    scale += x[i] * x[i] * x[i] * x[i];
  }
  if (norm <= 1e-20 * scale) return {};
  const double c2 = product / norm;
  return {{line.intercept - c2 * square.intercept, line.slope - c2 * square.slope, c2}, true};
}

namespace {

MeanEstimate estimate_of(std::int64_t n, double value, double error) {
  return {value, error, {value - kNormal95 * error, value + kNormal95 * error}, n};
}

}  // namespace

MeanEstimate estimate_mean(std::span<const double> values) {
  const double error =
      standard_deviation(values) / std::sqrt(std::max(1.0, static_cast<double>(values.size())));
  return estimate_of(std::ssize(values), mean(values), error);
}

MeanEstimate estimate_from_sums(std::int64_t n, double sum, double squares) {
  if (n == 0) return {};
  const double count = static_cast<double>(n), value = sum / count;
  const double variance = n > 1 ? std::max(0.0, (squares - sum * value) / (count - 1)) : 0;
  return estimate_of(n, value, std::sqrt(variance / count));
}

MeanEstimate estimate_share(std::int64_t hits, std::int64_t n) {
  MeanEstimate e;
  e.n = n;
  if (n == 0) return e;
  const double count = static_cast<double>(n), p = static_cast<double>(hits) / count,
               z2 = kNormal95 * kNormal95;
  e.value = p;
  e.error = std::sqrt(p * (1 - p) / count);
  const double middle = (p + z2 / (2 * count)) / (1 + z2 / count),
               half =
                   kNormal95 / (1 + z2 / count) * std::sqrt(p * (1 - p) / count + z2 / (4 * count * count));
  e.interval = {std::max(0.0, middle - half), std::min(1.0, middle + half)};
  return e;
}

std::int64_t resampled(std::uint64_t seed, std::int64_t k, std::int64_t place, std::int64_t n) {
  return static_cast<std::int64_t>(uniform(seed, static_cast<std::uint64_t>(k * n + place)) *
                                   static_cast<double>(n));
}

}  // namespace pith
