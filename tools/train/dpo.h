// Direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290): learns from pairs without a reward
// model or sampling.
#pragma once

#include "train/commands.h"

namespace pith::lab {

/// Loss -log sigmoid(beta (log p(better) / p0(better) - log p(worse) / p0(worse))), where p0 is the model
/// that training starts from. Keys of FineTuning, and: train, validation (lists of files of pairs),
/// comparisons (of a step), beta.
void dpo(const Config& config);

}  // namespace pith::lab
