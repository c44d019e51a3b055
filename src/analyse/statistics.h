// Small statistics: quantiles, a straight line, the uncertainty of a mean.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pith {

struct Interval {
  double low = 0, high = 0;
};

/// Of 95 % of a normal distribution: standard errors to each side.
inline constexpr double kNormal95 = 1.959963984540054;

double mean(std::span<const double> values);
/// With n - 1 below; 0 for less than two values.
double standard_deviation(std::span<const double> values);

/// Between the order statistics, linearly (type 7 of Hyndman and Fan 1996). `values` is sorted and not empty.
double quantile(std::span<const double> sorted, double q);
/// The same of values in any order; 0 for none.
double percentile(std::vector<double> values, double q);
/// The middle 95 % of `values`, which are not empty.
Interval middle_95(std::vector<double> values);

/// Least squares of y on x. `valid` is false with less than two different x.
struct Line {
  double intercept = 0, slope = 0;
  bool valid = false;
  double at(double x) const { return intercept + slope * x; }
};
Line fit_line(std::span<const double> x, std::span<const double> y);

/// Least squares of y = c[0] + c[1] x + c[2] x^2. `valid` is false with less than three different x.
struct Parabola {
  double c[3] = {0, 0, 0};
  bool valid = false;
  double turn() const { return -c[1] / (2 * c[2]); }
};
Parabola fit_parabola(std::span<const double> x, std::span<const double> y);

/// A mean over items with its 95 % interval, from the standard error over items.
struct MeanEstimate {
  double value = 0, error = 0;  ///< standard error
  Interval interval;
  std::int64_t n = 0;
};
MeanEstimate estimate_mean(std::span<const double> values);
/// The same from the sums of n values and of their squares.
MeanEstimate estimate_from_sums(std::int64_t n, double sum, double squares);

/// A share of n items, with Wilson's 95 % interval (1927, doi:10.1080/01621459.1927.10502953).
MeanEstimate estimate_share(std::int64_t hits, std::int64_t n);

/// The generator of all resampling: item `i` of `n` that resample number `k` draws in place `place`.
std::int64_t resampled(std::uint64_t seed, std::int64_t k, std::int64_t place, std::int64_t n);

}  // namespace pith
