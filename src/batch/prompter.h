// From what a line gives to what the model reads: raw text, a user message, a conversation, ids.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reason/prompt.h"
#include "text/chat_prompt.h"
#include "text/thinking.h"
#include "text/tokenizer.h"

namespace pith {

/// What the model reads, as ids and as text.
struct BatchPrompt {
  std::vector<TokenId> ids;
  std::string text;
  const ThinkingMarkers* markers = nullptr;  ///< by which the answer's reasoning is told from the rest
};

struct PrompterOptions {
  std::string chat_template, template_name;  ///< the source, empty: none; where it comes from
  bool raw = false;                          ///< texts are continued as they are
  std::optional<std::string> system;         ///< before texts that become user messages
};

class Prompter {
 public:
  /// `variables`: of the template, an object. Throws Error where the template cannot be parsed, or where a
  /// system message would go nowhere.
  Prompter(Tokenizer tokenizer, PrompterOptions options, const nlohmann::ordered_json& variables);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  /// Whether texts become user messages.
  bool wraps_texts() const { return template_ && !options_.raw; }

  /// As `pith run` does it. All of these throw Error.
  BatchPrompt text(const std::string& text) const;
  /// The text as it is.
  BatchPrompt raw(const std::string& text) const;
  BatchPrompt ids(std::vector<TokenId> ids) const;
  /// `variables` are further ones of this conversation.
  BatchPrompt chat(const nlohmann::ordered_json& messages, const nlohmann::ordered_json& variables) const;

  /// What a strategy of reasoning asks in its own words.
  Question question(const std::string& text) const;
  Question question(const nlohmann::ordered_json& messages) const;

 private:
  Tokenizer tokenizer_;
  PrompterOptions options_;
  std::string variables_;  // JSON text
  std::optional<ChatPrompt> template_;
  const ThinkingMarkers* markers_ = nullptr;
};

}  // namespace pith
