// Figures with their 95 % intervals.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

namespace pith::lab {

struct Interval {
  double low, high;
};

/// Of a share of `right` in `n` (Wilson 1927, doi:10.2307/2276774); 0 to 1 where n is 0.
Interval wilson(std::int64_t right, std::int64_t n);

/// A mean with the normal approximation's interval.
struct Mean {
  double mean, low, high;
  std::int64_t n;

  nlohmann::ordered_json json() const;
};
Mean mean_of(std::span<const double> values);

/// The chance that the i-th best of `total` is the best of `n` of them, drawn without replacement
/// (1 <= n <= total).
std::vector<double> best_of_chances(std::int64_t total, std::int64_t n);

}  // namespace pith::lab
