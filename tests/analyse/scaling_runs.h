// Made-up training runs, without noise, that follow a law exactly.
#pragma once

#include <cmath>
#include <vector>

#include "analyse/loss_law.h"
#include "analyse/training_runs.h"

namespace pith::test {

inline constexpr LossLaw kLaw{.E = 1.7, .A = 300, .B = 900, .alpha = 0.32, .beta = 0.36};

inline TrainingRun run_of(const LossLaw& law, double params, double tokens) {
  return {params, tokens, training_flops(params, tokens), law.loss(params, tokens)};
}

/// Each of some model sizes on each of some amounts of data.
inline std::vector<TrainingRun> grid_runs(const LossLaw& law) {
  std::vector<TrainingRun> runs;
  for (double params = 1e7; params < 2e10; params *= 3) {
    for (double tokens = 3e8; tokens < 1e12; tokens *= 4) runs.push_back(run_of(law, params, tokens));
  }
  return runs;
}

/// Model sizes around the optimum at equal compute, for some amounts of compute.
inline std::vector<TrainingRun> isoflop_runs(const LossLaw& law) {
  std::vector<TrainingRun> runs;
  for (double flops = 1e18; flops < 2e21; flops *= 4) {
    const double best = optimum_for_flops(law, flops).params;
    for (const double times : {0.25, 0.5, 1.0, 2.0, 4.0})
      runs.push_back(run_of(law, times * best, flops / training_flops(times * best, 1)));
  }
  return runs;
}

}  // namespace pith::test
