// Reinforcement learning from a reward model: PPO on answers that the engine draws.
#pragma once

#include "train/commands.h"

namespace pith::lab {

/// An iteration draws answers with the engine, scores them with the reward model, subtracts the KL penalty to
/// the model that training starts from, and takes PPO steps on them; the policy's trunk has a value head.
///
/// Keys of FineTuning, where steps, log_every and validate_every count optimizer steps (log_every is not
/// used: each iteration has its line; at every validate_every-th step policy-STEP.gguf is kept), and: reward
/// (a checkpoint or a run), prompts (sft_*.jsonl), answers (of an iteration), minibatch (answers of a step),
/// epochs (over an iteration's answers), max_tokens, temperature, gamma, lambda, clip, value_clip,
/// value_factor, unfinished (what an answer without an end loses), kl {coefficient, target, horizon; target
/// 0: the coefficient stays}, mix {train (sft_*.jsonl), examples (of a step; 0: none), weight}: the loss of
/// fine-tuning goes on beside PPO's with this weight, so that what was learnt there is not lost (PPO-ptx,
/// Ouyang et al. 2022, arXiv:2203.02155).
///
/// Logs the mean of the reward model's scores (proxy_reward), the annotator's (true_score) and how many
/// answers are right, KL, entropy and length.
void rlhf(const Config& config);

}  // namespace pith::lab
