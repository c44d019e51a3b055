// The questions that models are asked when a program ranks their answers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "train/eval/annotator.h"

namespace pith::lab {

struct Question {
  nlohmann::ordered_json messages;  ///< the user's alone
  std::string kind, user, check, answer;
  int steps = 0;

  Asked asked() const { return {kind, user, check, answer, steps}; }
};

/// The conversations of one turn in a file (sft_*.jsonl, or lines of it without the answer), in their order.
/// Those of several turns are left out: what is checked is the only question. Throws Error: there are none.
std::vector<Question> read_questions(const std::filesystem::path& path);

/// `limit` of them (0: all) drawn with `seed`: the files have one kind behind another.
std::vector<Question> draw_questions(const std::filesystem::path& path, std::int64_t limit,
                                     std::uint64_t seed);

}  // namespace pith::lab
