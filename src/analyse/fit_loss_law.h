// Fitting L(N, D) = E + A / N^alpha + B / D^beta to training runs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analyse/loss_law.h"
#include "analyse/training_runs.h"

namespace pith {

inline constexpr double kHuberDelta = 1e-3;
/// Five constants, and one run more.
inline constexpr std::size_t kFewestRuns = 6;

struct LossLawFit {
  LossLaw law;
  double huber_sum = 0;  ///< of the residuals of log loss
  std::string problem;   ///< empty: the fit converged, and the runs determine all constants
};

/// The law of least Huber loss (delta 1e-3) on log L, by L-BFGS from the 4,500 starts of Hoffmann et al.
/// 2022, section D.3. Throws Error for fewer than kFewestRuns runs, or fewer than three different N or D: the
/// message says how many there must be.
LossLawFit fit_loss_law(std::span<const TrainingRun> runs);

/// Fits of `count` resamples of the runs (with replacement), each from `start`, without those that have no
/// minimum.
std::vector<LossLaw> bootstrap_loss_law(std::span<const TrainingRun> runs, const LossLaw& start,
                                        std::int64_t count, std::uint64_t seed);

}  // namespace pith
