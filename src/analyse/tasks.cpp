#include "analyse/tasks.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

// The members of one line's object, each asked for once; what nobody asked for is a mistake.
class Members {
 public:
  Members(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) fail("{}: expected an object", where_);
  }

  const Json* find(std::string_view key) {
    asked_.push_back(key);
    const auto member = object_.find(key);
    return member == object_.end() ? nullptr : &*member;
  }
  const Json& get(std::string_view key) {
    if (const Json* member = find(key)) return *member;
    fail("{}: '{}' is missing", where_, key);
  }
  std::string text(std::string_view key) { return text_of(get(key), key); }
  std::vector<std::string> texts(const Json& list, std::string_view key) const {
    if (!list.is_array()) fail("{}: '{}': expected an array of texts", where_, key);
    std::vector<std::string> out;
    for (const Json& value : list) out.push_back(text_of(value, key));
    return out;
  }
  std::string text_of(const Json& value, std::string_view key) const {
    if (!value.is_string()) fail("{}: '{}': expected a text", where_, key);
    return value.get<std::string>();
  }

  void reject_others() const {
    for (const auto& [key, value] : object_.items()) {
      if (std::ranges::find(asked_, key) == asked_.end())
        fail("{}: unknown key '{}'; there are {}", where_, printable(key, 40), fmt::join(asked_, ", "));
    }
  }
  const std::string& where() const { return where_; }

 private:
  const Json& object_;
  std::string where_;
  std::vector<std::string_view> asked_;
};

template <class Item>
std::vector<Item> read_items(std::string_view text, std::string_view what,
                             const std::function<Item(Members&)>& read) {
  std::vector<Item> items;
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}: line {}", what, number);
    const Json object = parse_ordered_json(line, where);
    Members members(object, where);
    items.push_back(read(members));
    members.reject_others();
  }
  if (items.empty()) fail("{}: no items", what);
  return items;
}

std::size_t answer_index(const Members& m, const Json& answer, const std::vector<std::string>& choices) {
  if (answer.is_string()) {
    const auto found = std::ranges::find(choices, answer.get<std::string>());
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  } else if (answer.is_number_unsigned() && answer.get<std::uint64_t>() < choices.size()) {
    return answer.get<std::size_t>();
  }
  fail("{}: 'answer': expected one of the choices, or its index from 0 to {}, found {}", m.where(),
       choices.size() - 1, printable(answer.dump(-1, ' ', false, Json::error_handler_t::replace), 60));
}

ChoiceItem read_choice(Members& m) {
  ChoiceItem item;
  m.find("id");
  item.prompt = m.text("prompt");
  if (const Json* delimiter = m.find("delimiter")) item.delimiter = m.text_of(*delimiter, "delimiter");
  item.choices = m.texts(m.get("choices"), "choices");
  if (item.choices.size() < 2)
    fail("{}: 'choices': expected at least 2, found {}", m.where(), item.choices.size());
  for (std::size_t i = 0; i < item.choices.size(); ++i) {
    if (item.choices[i].empty()) fail("{}: 'choices': number {} is empty", m.where(), i + 1);
    for (std::size_t j = 0; j < i; ++j) {
      if (item.choices[i] == item.choices[j])
        fail("{}: 'choices': numbers {} and {} are the same: '{}'", m.where(), j + 1, i + 1,
             printable(item.choices[i], 60));
    }
  }
  item.answer = answer_index(m, m.get("answer"), item.choices);
  return item;
}

AnswerItem read_answer(Members& m) {
  AnswerItem item;
  m.find("id");
  item.prompt = m.text("prompt");
  const Json& answer = m.get("answer");
  if (answer.is_number()) {
    item.answers.push_back(answer.dump());
  } else if (answer.is_array()) {
    item.answers = m.texts(answer, "answer");
  } else {
    item.answers.push_back(m.text_of(answer, "answer"));
  }
  if (item.answers.empty() || std::ranges::any_of(item.answers, &std::string::empty))
    fail("{}: 'answer': an empty one", m.where());
  return item;
}

ScoreItem read_score(Members& m) {
  ScoreItem item;
  if (const Json* id = m.find("id")) item.id = id->dump(-1, ' ', false, Json::error_handler_t::replace);
  const Json *prompt = m.find("prompt"), *messages = m.find("messages"),
             *continuations = m.find("continuations");
  if ((prompt != nullptr) == (messages != nullptr))
    fail("{}: expected one of 'prompt' and 'messages'", m.where());
  if (prompt) item.prompt = m.text_of(*prompt, "prompt");
  if (messages) {
    if (!messages->is_array() || messages->empty())
      fail("{}: 'messages': expected an array of messages", m.where());
    item.messages = messages->dump();
  }
  if (continuations) {
    item.continuations = m.texts(*continuations, "continuations");
    if (item.continuations.empty() || std::ranges::any_of(item.continuations, &std::string::empty))
      fail("{}: 'continuations': an empty one", m.where());
  }
  return item;
}

}  // namespace

std::vector<ChoiceItem> read_choice_items(std::string_view text, std::string_view what) {
  return read_items<ChoiceItem>(text, what, read_choice);
}
std::vector<AnswerItem> read_answer_items(std::string_view text, std::string_view what) {
  return read_items<AnswerItem>(text, what, read_answer);
}
std::vector<ScoreItem> read_score_items(std::string_view text, std::string_view what) {
  return read_items<ScoreItem>(text, what, read_score);
}

}  // namespace pith
