// The learning rate over a run, counted in tokens or steps.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace pith::lab {

/// Warm-up, then constant, then down to zero as 1 - sqrt (Hägele et al. 2024, arXiv:2405.18392): any number
/// of cooldowns may branch from one constant trunk.
struct Schedule {
  double peak = 0;
  std::int64_t warmup = 0;
  std::int64_t decay_begin = std::numeric_limits<std::int64_t>::max();
  std::int64_t end = 0;

  double rate(std::int64_t tokens) const {
    double factor = 1;
    if (tokens < warmup) factor = static_cast<double>(tokens + 1) / static_cast<double>(warmup);
    if (tokens > decay_begin) {
      const double x = static_cast<double>(tokens - decay_begin) / static_cast<double>(end - decay_begin);
      factor = std::min(factor, 1 - std::sqrt(std::min(x, 1.0)));
    }
    return peak * factor;
  }
};

}  // namespace pith::lab
