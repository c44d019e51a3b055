// What somebody liked better: pairs of answers to the same messages, and texts that are good or bad by
// themselves.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "train/conversations.h"
#include "train/fine_tuning.h"
#include "train/net/batch.h"

namespace pith::lab {

/// Sequences with the answers as targets. An empty one stands for a score of 0, so that a single text can be
/// good (better than nothing) or bad.
struct Comparison {
  Example better, worse;
};

/// The lines of JSONL files, each one of
///   {"messages": [...], "chosen": "...", "rejected": "..."}  two answers to the messages
///   {"prompt": "...", "prefix": "...", "solvable": bool}     the beginning of an answer, good or bad
/// with any further keys. Throws Error: a line of another form, one longer than the context.
std::vector<Comparison> read_comparisons(std::span<const std::string> files,
                                         const Conversations& conversations, std::int64_t context);

/// Keys beside those of FineTuning: train and validation (lists of files), comparisons (of a step).
struct LearningFromPairs : FineTuning {
  explicit LearningFromPairs(const Config& config);

  std::vector<std::string> train, validation;
  std::int64_t comparisons;
};

/// Comparisons that one thread takes at once: sequences 2i and 2i + 1 are those of comparison i, but where
/// one is empty (row -1 stands for it).
struct ComparisonPiece {
  Batch batch;
  std::vector<std::int32_t> targets;
  std::vector<std::int64_t> last_row[2];   ///< of each comparison: the better, the worse
  std::vector<std::int64_t> index;         ///< of each comparison in its list
  std::vector<std::int64_t> first_row[2];  ///< as last_row
};

/// In their order, as many a piece as fit in `rows`.
std::vector<ComparisonPiece> comparison_pieces(std::span<const Comparison> all,
                                               std::span<const std::int64_t> chosen, std::int64_t rows);
/// Of all of them.
std::vector<ComparisonPiece> comparison_pieces(std::span<const Comparison> all, std::int64_t rows);

/// -log sigmoid(margin), and its slope -sigmoid(-margin) (Bradley and Terry 1952).
struct LogisticLoss {
  explicit LogisticLoss(double margin);
  double value, slope;
  double right;  ///< 1 where the margin is positive, 0.5 where it is 0
};

}  // namespace pith::lab
