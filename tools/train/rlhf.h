// Reinforcement learning from a reward model: PPO on answers that the engine draws.
#pragma once

#include "train/commands.h"

namespace pith::lab {

/// An iteration draws answers with the engine, scores them with the reward model, subtracts the KL penalty to
/// the model that training starts from, and takes PPO steps on them; the policy's trunk has a value head.
///
/// Keys of FineTuning, where steps, log_every and validate_every count optimizer steps (validate_every is how
/// often a model file policy-STEP.gguf is kept), and: reward (a checkpoint or a run), prompts (JSONL with
/// messages, the last one is the answer and is left out; task keys for the annotator), answers (of an
/// iteration), minibatch (answers of a step), epochs (over an iteration's answers), max_tokens, temperature,
/// gamma, lambda, clip, value_clip, value_factor, kl {coefficient, target, horizon; target 0: the coefficient
/// stays}.
void rlhf(const Config& config);

}  // namespace pith::lab
