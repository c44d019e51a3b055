// From a question to what the model reads: worked examples, the trigger of a chain of thought, the chat
// template.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/chat_prompt.h"

namespace pith {

/// In-context examples, one JSON object a line: {"prompt", "answer"} with a "worked" answer that shows its
/// steps where there is one.
struct Example {
  std::string prompt, answer, worked;  ///< worked: empty where there is none
};

/// Throws Error naming file, line and field.
std::vector<Example> read_examples(const std::filesystem::path& path);

enum class ExampleOrder { First, Random, Nearest };

/// k of the examples: the first ones; drawn without repetition by `seed`; or those nearest to the question by
/// BM25 (Robertson & Zaragoza 2009, k1 = 1.2, b = 0.75), the nearest last, where it weighs most. An example
/// with the question's own text is never taken. All of them where there are fewer than k.
std::vector<Example> choose_examples(const std::vector<Example>& examples, std::size_t k, ExampleOrder order,
                                     std::uint64_t seed, std::string_view question);

struct Turn {
  std::string role, content;
};
/// A conversation that ends with the question; without a chat template the contents stand one after another.
using Question = std::vector<Turn>;

/// How the model is to answer.
enum class Style { Direct, Worked };

/// What goes before and after the question.
struct PromptWords {
  std::string trigger =
      "Let's think step by step.";  ///< of a worked answer (Kojima et al. 2022, arXiv:2205.11916)
  std::string direct;               ///< of a direct one
};

struct Prompt {
  std::string text;
  std::vector<TokenId> ids;
};

class PromptMaker {
 public:
  /// Without a chat template examples and question are raw text: prompt, answer and an empty line between.
  /// `variables` is an object for the template.
  PromptMaker(Tokenizer tokenizer, std::optional<ChatPrompt> chat, const nlohmann::ordered_json& variables,
              PromptWords words);

  /// Where the model takes up. The style's words stand behind the question, on a line of their own in a chat.
  /// A worked style shows the examples' worked answers where they have them. Throws Error.
  Prompt make(const Question& question, Style style, const std::vector<Example>& examples) const;
  /// A message of our own to the model, for it to judge its work.
  Prompt ask(std::string_view text) const { return make({{"user", std::string(text)}}, {}, {}, ""); }

  /// The conversation with a complete answer, up to what the template writes behind it; without a template the
  /// token that ends a text. What a reward model reads. Throws Error.
  std::vector<TokenId> answered(const Question& question, std::string_view answer) const;

  const Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  Prompt make(const Question& question, Style style, const std::vector<Example>& examples,
              std::string_view words) const;

  Tokenizer tokenizer_;
  std::optional<ChatPrompt> chat_;
  std::string variables_;  // as JSON text
  PromptWords words_;
};

}  // namespace pith
