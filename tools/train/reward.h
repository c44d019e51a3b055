// The reward model: the trunk of a fine-tuned model, further layers where asked for, and a scalar head, which
// scores a text at its last token.
#pragma once

#include <span>

#include "train/commands.h"
#include "train/conversations.h"
#include "train/parallel.h"

namespace pith::lab {

/// Learns from comparisons with the loss of Bradley and Terry, as InstructGPT does (Ouyang et al. 2022,
/// arXiv:2203.02155). Keys of LearningFromPairs, and:
///   layers: so many more behind the trunk, which then stays as it is; 0: the trunk itself is trained
///   likelihood {token, sum}: weights of two more losses
/// These teach it to see mistakes, for which one bit a pair is little: behind each token of an answer, the
/// square errors against the token's log-probability under the model that training starts from, and against
/// the sum so far (a verifier that learns at every token is better as well in Cobbe et al. 2021,
/// arXiv:2110.14168). final.gguf has the head as cls.output.
void reward(const Config& config);

/// The scores of sequences at their last tokens.
std::vector<double> scores(Parallel& parallel, const float* parameters,
                           std::span<const std::vector<std::int32_t>> sequences);

}  // namespace pith::lab
