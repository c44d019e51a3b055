// How reports show figures with their 95 % intervals, and the arithmetic of best-of-N.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "analyse/statistics.h"

namespace pith::lab {

/// {`value`: ..., "low": ..., "high": ..., "n": ...}
nlohmann::ordered_json to_json(const char* value, const MeanEstimate& estimate);

/// The chance that the i-th best of `total` is the best of `n` of them, drawn without replacement
/// (1 <= n <= total).
std::vector<double> best_of_chances(std::int64_t total, std::int64_t n);

}  // namespace pith::lab
