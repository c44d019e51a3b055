// Training runs: what was trained on how much, and the loss that came out.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace pith {

struct TrainingRun {
  double params;  ///< N
  double tokens;  ///< D
  double flops;   ///< C of training
  double loss;    ///< natural logarithm, per token
};

/// Operations of training: two for each parameter and token forwards, four backwards (Kaplan et al. 2020,
/// arXiv:2001.08361, section 2.1).
inline double training_flops(double params, double tokens) { return 6 * params * tokens; }
/// Of reading or writing one token.
inline double inference_flops(double params, double tokens) { return 2 * params * tokens; }

/// Runs from the text of a CSV file with a line of column names. Needs the loss ("loss", "L") and two of
/// parameters ("params", "parameters", "model size", "N"), tokens ("tokens", "D") and operations ("flops",
/// "flop", "training flop", "compute", "C"); case, blanks, '_' and '-' in names do not matter, the third
/// follows from C = 6 N D, other columns are ignored. `what` names the file in messages. Throws Error:
/// missing columns, a line with too few fields, anything but a positive number.
std::vector<TrainingRun> read_training_runs(std::string_view text, std::string_view what);

/// Without the `count` runs of fewest tokens a parameter: they are the least converged ones. Throws Error
/// where not one is left.
std::vector<TrainingRun> exclude_fewest_tokens(std::vector<TrainingRun> runs, std::int64_t count);

}  // namespace pith
