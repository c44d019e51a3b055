// The judges of candidates: by log-probability, by a reward model, by a checking program, by the model
// itself.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "reason/inquiry.h"

namespace pith {

/// A score for each, by settings.judge; higher is better. Equal texts get equal scores.
std::vector<double> judge_candidates(Inquiry& inquiry, std::span<const Candidate> candidates);

}  // namespace pith
