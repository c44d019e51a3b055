// pith-lab eval: how many answers of a model are right, by kind of question, with intervals.
#pragma once

#include "train/config.h"

namespace pith::lab {

/// Keys: model, out (JSON; beside it OUT.items.jsonl, a line for each answer), threads (0: the engine's
/// choice), parallel (sequences at a time), temperature (0: greedy), seed, against (optional: the items of
/// another model on the same tasks, for the difference with its paired interval and the share of answers that
/// the annotator prefers), tasks: a list of objects with
///   name
///   file        sft_*.jsonl or tasks_*.jsonl of the corpus
///   form        "chat": through the chat template; "plain": "Question: ...\nAnswer:", as base models know
///   it;
///               "examples": lines "in -> out" of the same rule; "mismatched": the same with other rules'
///               outputs
///   shots       examples before a plain question (from shots_file, of the same kind), or lines of a rule
///   shots_file  optional
///   suffix      optional: put behind the question, such as " Think step by step."
///   kinds       optional: only these; the mean is over the kinds of a task
///   limit       of each kind; 0: all
///   max_tokens  of an answer
void eval(const Config& config);

}  // namespace pith::lab
