// pith-lab corpus: writes the documents, conversations and tasks, and a report on them.
#pragma once

#include "train/config.h"

namespace pith::lab {

/// Keys: seed, folder; documents.{pretrain,validation}.KIND and conversations.{train,validation,test}.KIND,
/// how many of each kind (a kind that is not named has none); tasks.{problems,rules,puzzles} of each split;
/// puzzle_prefixes.
///
/// Writes into the folder, a JSON object a line:
///   pretrain.jsonl, validation.jsonl   text, kind, key, nats (of the derivation)
///   sft_{train,validation,test}.jsonl  messages, kind, key, check, answer, plain (the question as the
///                                      pre-training data ask it), steps (of word problems)
///   tasks_problem_*.jsonl              prompt, answer, kind, key, steps
///   tasks_rule_*.jsonl                 prompt, answer, kind, key, family, examples, mismatched
///   tasks_puzzle_*.jsonl               prompt, answer (numbers and target), kind, key
///   puzzle_prefixes.jsonl              prompt, prefix, solvable, key: of the training split
/// and report.json: items, bytes and the entropy of the derivations of each file and kind.
void make_corpus(const Config& config);

}  // namespace pith::lab
