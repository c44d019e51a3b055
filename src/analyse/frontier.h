// What the best runs say without a formula for the loss: Chinchilla's first two approaches (Hoffmann et al.
// 2022, arXiv:2203.15556, sections 3.1 and 3.2) and the single power laws of Kaplan et al. 2020
// (arXiv:2001.08361).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "analyse/training_runs.h"

namespace pith {

/// y = scale * x^exponent, by least squares of logarithms.
struct PowerLaw {
  double scale = 0, exponent = 0;
  double at(double x) const;
};

/// How parameters and tokens grow with compute where the loss is least.
struct Frontier {
  PowerLaw params, tokens;  ///< of operations
  struct Point {
    double flops, params, loss;
  };
  std::vector<Point> points;  ///< what the power laws were fitted to
  std::string problem;        ///< why there is none; empty: there is one
  bool interpolated = false;  ///< IsoFLOP cells lie between runs
};

/// Approach 1. Of each run that no run of at most its compute beats: N and D by C.
Frontier fit_envelope(std::span<const TrainingRun> runs);

/// Approach 2. Runs of equal compute (within a factor of 1.2), or, where there are not enough of them, losses
/// between each model size's runs (straight lines in log C, log L); through each such group a parabola of
/// loss over log N; N and D at the minima by C.
Frontier fit_isoflop(std::span<const TrainingRun> runs);

/// L = (scale / x)^exponent in the runs that no run of at most as much x beats.
struct KaplanLaw {
  double scale = 0, exponent = 0;
  std::size_t runs = 0;
  std::string problem;
};
KaplanLaw fit_kaplan(std::span<const TrainingRun> runs, double TrainingRun::*size);

/// The runs that no run of at most as much `size` beats, in its order.
std::vector<TrainingRun> lower_envelope(std::span<const TrainingRun> runs, double TrainingRun::*size);

}  // namespace pith
