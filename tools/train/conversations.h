// Conversations as tokens: what the model should learn to answer, and where its answers are.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "text/chat_prompt.h"
#include "text/tokenizer.h"

namespace pith::lab {

/// A sequence with the token to predict at each place; -1 where nothing is to be learnt.
struct Example {
  std::vector<std::int32_t> tokens, targets;
};

class Conversations {
 public:
  /// The tokenizer and chat template of a folder or model file. Throws Error where there is no template.
  explicit Conversations(const std::filesystem::path& tokenizer);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  std::int32_t end_of_turn() const { return end_of_turn_; }

  /// The tokens that the answer to `messages` follows.
  std::vector<std::int32_t> prompt(const nlohmann::ordered_json& messages) const;
  /// An answer with the token that ends it.
  std::vector<std::int32_t> answer(std::string_view text) const;

  /// What the template writes behind the end of an answer. A reward model scores a conversation at its last
  /// token, which is the last of these.
  const std::vector<std::int32_t>& after_answer() const { return after_answer_; }

  /// Messages whose assistant turns are the targets, each with its end.
  Example example(const nlohmann::ordered_json& messages) const;

 private:
  Tokenizer tokenizer_;
  ChatPrompt prompt_;
  std::int32_t end_of_turn_;
  std::vector<std::int32_t> after_answer_;
};

/// The messages of each line. Throws Error where a conversation is longer than the context.
std::vector<Example> read_conversations(const std::filesystem::path& path, const Conversations& conversations,
                                        std::int64_t context);

}  // namespace pith::lab
