// The reward model: the trunk of a fine-tuned model with a scalar head, which scores a text at its last
// token.
#pragma once

#include <span>

#include "train/commands.h"
#include "train/conversations.h"
#include "train/parallel.h"

namespace pith::lab {

/// Learns from comparisons with the loss of Bradley and Terry, as InstructGPT does (Ouyang et al. 2022,
/// arXiv:2203.02155). Keys of FineTuning, and: train, validation (lists of files of comparisons),
/// comparisons (of a step). final.gguf has the head as cls.output.
void reward(const Config& config);

/// The scores of sequences at their last tokens.
std::vector<double> scores(Parallel& parallel, const float* parameters,
                           std::span<const std::vector<std::int32_t>> sequences);

}  // namespace pith::lab
