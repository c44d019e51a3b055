// All that a table of training runs says about scaling: every approach with its uncertainty, and how far the
// fitted law is from the runs that it has seen and those that it has not.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyse/fit_loss_law.h"
#include "analyse/frontier.h"
#include "analyse/statistics.h"

namespace pith {

/// A number with what resampling the runs makes of it.
struct Resampled {
  double value = 0, error = 0;       ///< the resamples' standard deviation
  std::optional<Interval> interval;  ///< nothing where fewer than half of the resamples can be fitted
};

struct FrontierReport {
  std::string name;
  Frontier fit;
  Resampled params_exponent, tokens_exponent;
};

struct KaplanReport {
  char size;  ///< 'N', 'D' or 'C'
  KaplanLaw law;
  Resampled exponent;
};

struct ScalingReport {
  std::vector<TrainingRun> runs;  ///< those fitted
  std::int64_t resamples = 0;

  LossLawFit law;
  std::vector<LossLaw> law_resamples;
  std::array<Resampled, 5> constants;          ///< A, B, E, alpha, beta
  Resampled params_exponent, tokens_exponent;  ///< of the optimum with compute
  std::vector<double> residuals;               ///< log loss less log of the law's loss, of each run
  double residual_rms = 0;

  /// The runs of most compute, a tenth of all, predicted by the law that the others give. Without one, why.
  struct HeldOut {
    std::size_t runs = 0;
    double mean_error = 0, bias = 0;  ///< relative; of the size of errors, and with their sign
    std::string problem;
  } held_out;

  std::vector<FrontierReport> frontiers;
  std::vector<KaplanReport> kaplan;

  nlohmann::ordered_json json() const;
};

/// Throws Error where there are too few runs.
ScalingReport analyse_scaling(std::vector<TrainingRun> runs, std::int64_t resamples, std::uint64_t seed);

/// The law in what ScalingReport::json() made, with its resamples. Throws Error; `what` names the text.
struct StoredLaw {
  LossLaw law;
  std::vector<LossLaw> resamples;
};
StoredLaw read_stored_law(std::string_view json, std::string_view what);

}  // namespace pith
