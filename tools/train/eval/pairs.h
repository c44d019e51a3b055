// pith-lab pairs: answers of a model in pairs, the one that the annotator prefers first.
#pragma once

#include "train/config.h"

namespace pith::lab {

/// Keys: model, threads, parallel, seed; prompts (sft_*.jsonl), limit (prompts used, from the first; 0: all),
/// choices (answers drawn to each), temperature, max_tokens; noise (share of pairs with the wrong one first,
/// as people make mistakes); per_prompt (the most pairs of one prompt that differ in "style", in
/// "correctness" and in "both": the keys of an object); out; questions
/// (optional: a file for the questions in the order that they were drawn in, as the step rlhf reads them).
///
/// Writes lines {"messages", "chosen", "rejected", "kind", "check", "answer", "differs": "style" |
/// "correctness" | "both", "margin" (of the annotator's scores), "flipped"}. Answers with equal scores make
/// no pair.
void make_pairs(const Config& config);

}  // namespace pith::lab
