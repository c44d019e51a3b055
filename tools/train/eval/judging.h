// What a reward model is worth: how often it ranks two answers as the annotator does, and what becomes of the
// annotator's score when the best of N answers is picked by it.
#pragma once

#include "train/config.h"

namespace pith::lab {

/// Keys: reward (a checkpoint or a run), tokenizer (with chat template), threads, pairs (of the step pairs),
/// out (JSON: by what the answers differ in, the share of pairs ranked right, with its 95 % interval).
void rank_pairs(const Config& config);

/// Keys: model (GGUF), reward, tokenizer, threads, parallel, seed, prompts (sft_*.jsonl), limit, choices
/// (answers to each prompt), temperature, max_tokens, out (JSON).
///
/// For N = 1, 2, 4, ... up to `choices`: mean over the prompts of the reward model's and the annotator's
/// score of the answer that the reward model likes best of N, in expectation over all subsets of N of the
/// choices (as Gao et al. 2022, arXiv:2210.10760, appendix I), with 95 % intervals over the prompts, and the
/// KL divergence from the model, log N - (N - 1)/N.
void best_of(const Config& config);

}  // namespace pith::lab
