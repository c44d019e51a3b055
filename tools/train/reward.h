// The reward model: the trunk of a fine-tuned model with a scalar head, which scores a text at its last
// token.
#pragma once

#include <span>

#include "train/commands.h"
#include "train/conversations.h"
#include "train/parallel.h"

namespace pith::lab {

/// Learns from comparisons with the loss of Bradley and Terry, as InstructGPT does (Ouyang et al. 2022,
/// arXiv:2203.02155). Keys of LearningFromPairs, and: likelihood (weight of a second loss). The second loss
/// teaches the trunk to look for its own mistakes: at each token of an answer, the head's square error against
/// the log-probability of the answer so far under the model that training starts from. One bit a pair would
/// teach that too slowly; a verifier that learns at every token is better as well in Cobbe et al. 2021
/// (arXiv:2110.14168). final.gguf has the head as cls.output.
void reward(const Config& config);

/// The scores of sequences at their last tokens.
std::vector<double> scores(Parallel& parallel, const float* parameters,
                           std::span<const std::vector<std::int32_t>> sequences);

}  // namespace pith::lab
