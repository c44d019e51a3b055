// Task files: JSON Lines, an item a line. Every problem is told with the file's name and the line's number.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pith {

/// {"prompt", "choices": [...], "answer": index or the choice's text, "delimiter": " "}. The delimiter stands
/// between prompt and choice.
struct ChoiceItem {
  std::string prompt, delimiter = " ";
  std::vector<std::string> choices;
  std::size_t answer = 0;
};

/// {"prompt", "answer": text, number, or an array of texts that are as good}.
struct AnswerItem {
  std::string prompt;
  std::vector<std::string> answers;
};

/// {"prompt", "continuations": [...]}; without continuations the prompt itself is scored. {"messages": [...]}
/// is a conversation, for a reward model.
struct ScoreItem {
  std::string prompt;
  std::vector<std::string> continuations;
  std::string messages;  ///< as JSON text
  std::string id;        ///< what the line gave as "id", as JSON text; handed back
};

/// Throw Error: no JSON, a missing or unknown key, a value of another kind; of choices: less than two, an
/// empty or a duplicate one, an answer that is none of them; a file without items.
std::vector<ChoiceItem> read_choice_items(std::string_view text, std::string_view what);
std::vector<AnswerItem> read_answer_items(std::string_view text, std::string_view what);
std::vector<ScoreItem> read_score_items(std::string_view text, std::string_view what);

}  // namespace pith
