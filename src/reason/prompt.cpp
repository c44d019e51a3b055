#include "reason/prompt.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "generate/sampler.h"
#include "reason/answer.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

// Words in the form in which answers are compared, so that case and punctuation do not count.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : normalise_answer(text) + " ") {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte)) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

std::vector<double> bm25(const std::vector<Example>& examples, std::string_view question) {
  constexpr double k1 = 1.2, b = 0.75;
  std::vector<std::map<std::string, double>> counts;
  std::map<std::string, double> documents;  // that have the word
  std::vector<double> lengths;
  for (const Example& e : examples) {
    std::map<std::string, double>& count = counts.emplace_back();
    const std::vector<std::string> words = words_of(e.prompt);
    for (const std::string& w : words) {
      if (++count[w] == 1) ++documents[w];
    }
    lengths.push_back(static_cast<double>(words.size()));
  }
  const auto n = static_cast<double>(examples.size());
  const double mean = std::max(1.0, std::accumulate(lengths.begin(), lengths.end(), 0.0) / n);
  const std::vector<std::string> asked = words_of(question);
  const std::set<std::string> query(asked.begin(), asked.end());
  std::vector<double> scores;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    double score = 0;
    for (const std::string& w : query) {
      const auto found = counts[i].find(w);
      if (found == counts[i].end()) continue;
      const double df = documents[w], f = found->second;
      score += std::log(1 + (n - df + 0.5) / (df + 0.5)) * f * (k1 + 1) /
               (f + k1 * (1 - b + b * lengths[i] / mean));
    }
    scores.push_back(score);
  }
  return scores;
}

// Raw text goes on after one space, unless there is white space at the seam already.
void append_raw(std::string& text, std::string_view more) {
  const auto space = [](char c) { return c == ' ' || c == '\n' || c == '\t'; };
  if (more.empty()) return;
  if (!text.empty() && !space(text.back()) && !space(more.front())) text += ' ';
  text += more;
}

}  // namespace

std::vector<Example> read_examples(const std::filesystem::path& path) {
  const std::string text = read_file(path), name = path.string();
  std::vector<Example> examples;
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view content = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (content.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}: line {}", printable(name), line + 1);
    const nlohmann::json object = parse_json(content, where);
    const auto field = [&](const char* key, bool needed) {
      if (!object.is_object() || !object.contains(key) || !object[key].is_string()) {
        if (needed || (object.is_object() && object.contains(key)))
          fail("{}: expected an object with the text \"{}\"", where, key);
        return std::string();
      }
      return object[key].get<std::string>();
    };
    examples.push_back({field("prompt", true), field("answer", true), field("worked", false)});
  }
  if (examples.empty()) fail("{}: has no examples", printable(name));
  return examples;
}

std::vector<Example> choose_examples(const std::vector<Example>& examples, std::size_t k, ExampleOrder order,
                                     std::uint64_t seed, std::string_view question) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (examples[i].prompt != question) places.push_back(i);
  }
  k = std::min(k, places.size());
  if (order == ExampleOrder::Random) {
    for (std::size_t i = 0; i < k; ++i) {
      const auto left = static_cast<double>(places.size() - i);
      std::swap(places[i], places[i + static_cast<std::size_t>(uniform(seed, i) * left)]);
    }
  }
  if (order == ExampleOrder::Nearest) {
    const std::vector<double> scores = bm25(examples, question);
    std::ranges::stable_sort(places, std::greater{}, [&](std::size_t i) { return scores[i]; });
    std::reverse(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(k));
  }
  std::vector<Example> chosen;
  for (std::size_t i = 0; i < k; ++i) chosen.push_back(examples[places[i]]);
  return chosen;
}

PromptMaker::PromptMaker(Tokenizer tokenizer, std::optional<ChatPrompt> chat, const Json& variables,
                         PromptWords words)
    : tokenizer_(std::move(tokenizer)),
      chat_(std::move(chat)),
      variables_(variables.dump()),
      words_(std::move(words)) {}

Prompt PromptMaker::make(const Question& question, Style style, const std::vector<Example>& examples) const {
  return make(question, style, examples, style == Style::Worked ? words_.trigger : words_.direct);
}

Prompt PromptMaker::make(const Question& question, Style style, const std::vector<Example>& examples,
                         std::string_view words) const {
  const auto shown = [&](const Example& e) -> const std::string& {
    return style == Style::Worked && !e.worked.empty() ? e.worked : e.answer;
  };
  if (!chat_) {
    std::string text;
    for (const Example& e : examples) {
      text += e.prompt;
      append_raw(text, words);
      append_raw(text, shown(e));
      text += "\n\n";
    }
    for (const Turn& turn : question) append_raw(text, turn.content);
    append_raw(text, words);
    return {text, tokenizer_.encode(text, {.add_special = true})};
  }
  const auto with_words = [&](const std::string& content) {
    return words.empty() ? content : content + "\n" + std::string(words);
  };
  Json messages = Json::array();
  const auto add = [&](std::string_view role, const std::string& content) {
    messages.push_back({{"role", role}, {"content", content}});
  };
  // The system's message stays first.
  std::size_t next = 0;
  for (; next < question.size() && question[next].role == "system"; ++next)
    add("system", question[next].content);
  for (const Example& e : examples) {
    add("user", with_words(e.prompt));
    add("assistant", shown(e));
  }
  for (; next < question.size(); ++next) {
    const Turn& turn = question[next];
    add(turn.role, next + 1 == question.size() ? with_words(turn.content) : turn.content);
  }
  const Json variables = parse_ordered_json(variables_, "template variables");
  return {chat_->render(messages, variables), chat_->encode(messages, variables)};
}

std::vector<TokenId> PromptMaker::answered(const Question& question, std::string_view answer) const {
  if (!chat_) {
    std::vector<TokenId> ids = make(question, {}, {}, "").ids;
    const std::vector<TokenId> rest = tokenizer_.encode(answer);
    ids.insert(ids.end(), rest.begin(), rest.end());
    if (tokenizer_.eos()) ids.push_back(*tokenizer_.eos());
    return ids;
  }
  Json messages = Json::array();
  for (const Turn& turn : question) messages.push_back({{"role", turn.role}, {"content", turn.content}});
  messages.push_back({{"role", "assistant"}, {"content", std::string(answer)}});
  Json variables = parse_ordered_json(variables_, "template variables");
  variables["add_generation_prompt"] = false;
  return chat_->encode(messages, variables);
}

}  // namespace pith
