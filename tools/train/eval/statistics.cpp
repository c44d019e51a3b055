#include "train/eval/statistics.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pith::lab {
nlohmann::ordered_json to_json(const char* value, const MeanEstimate& e) {
  return {{value, e.value}, {"low", e.interval.low}, {"high", e.interval.high}, {"n", e.n}};
}

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
