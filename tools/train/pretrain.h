// Pre-training: next-token prediction on the token stream, one trunk at a constant rate and a cooldown from
// it for each budget of tokens.
#pragma once

#include "train/commands.h"

namespace pith::lab {

/// Writes RUN/ (the trunk) and RUN-BUDGET/ for each budget: log.jsonl, checkpoints, final.gguf, point.csv
/// (parameters without embedding, tokens, FLOPs, validation loss). Goes on where an earlier start of the same
/// config was stopped. Behind the end of the stream comes its beginning again.
///
/// Keys: run, name, tokenizer, train, validation (paths and the model's name), seed, threads (optional),
/// model {width, layers, heads, kv_heads, head_dim, ffn, experts, active, context, rope_base, norm_eps,
/// deviation (of initial weights), balance (factor of the experts' balance loss)},
/// batch {windows (a step), rows (of a piece), shards}, optimizer {peak_rate, beta1, beta2, eps, decay,
/// clip}, schedule {warmup_tokens, decay_share (of a budget), budgets (tokens)}, log_every, validate_every
/// (steps), validation_windows, checkpoint_minutes.
void pretrain(const Config& config);

}  // namespace pith::lab
