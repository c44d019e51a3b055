// Choosing among answers by their probability, and how good the choices and their probabilities are.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "analyse/statistics.h"
#include "analyse/tasks.h"

namespace pith {

/// What the model thinks of one item's choices.
struct ChoiceResult {
  std::size_t answer = 0;
  std::vector<double> log_likelihood;    ///< of each choice: the sum over its tokens
  std::vector<std::int64_t> characters;  ///< of each choice, Unicode, without its delimiter

  nlohmann::ordered_json json() const;
  /// Of a line that json() made. Throws Error where it is damaged.
  static ChoiceResult from_json(const nlohmann::ordered_json& j);
};

/// Characters of a UTF-8 text.
std::int64_t count_characters(std::string_view text);

/// The first choice of highest score is the one that is taken.
struct ChoiceReport {
  MeanEstimate accuracy;       ///< by log likelihood
  MeanEstimate accuracy_norm;  ///< by log likelihood a character, as lm-evaluation-harness has it
  /// Mean distance of confidence from accuracy over ten bins of equal width, by their share of items (Guo et
  /// al. 2017, arXiv:1706.04599); probabilities are the softmax of the log likelihoods.
  MeanEstimate calibration_error;
  MeanEstimate brier;  ///< squared errors of these probabilities, summed over choices (Brier 1950)
  /// Log of the right choice's probability.
  MeanEstimate log_probability;
};
/// The interval of the calibration error comes from 1,000 resamples of the items.
ChoiceReport report_choices(std::span<const ChoiceResult> results);

}  // namespace pith
