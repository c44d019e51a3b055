// From a conversation to the tokens that the model continues, through its chat template.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace pith {

class ChatPrompt {
 public:
  /// Throws Error where the template cannot be parsed; `name` says in messages where it comes from.
  ChatPrompt(Tokenizer tokenizer, std::string_view source, std::string name);

  /// What the template makes of the messages [{"role", "content"}, ...], ready for an answer. `variables` is
  /// an object of further values for the template. Throws Error.
  std::string render(const nlohmann::ordered_json& messages, const nlohmann::ordered_json& variables) const;

  /// The same as ids. Special tokens are recognised in the template's own text alone: what a message spells
  /// like one stays text. Nothing is put in front, since templates write BOS themselves.
  std::vector<TokenId> encode(const nlohmann::ordered_json& messages,
                              const nlohmann::ordered_json& variables) const;

 private:
  Tokenizer tokenizer_;
  ChatTemplate template_;
  std::string name_;
};

}  // namespace pith
