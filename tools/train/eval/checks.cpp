#include "train/eval/checks.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>
#include <vector>

#include "base/error.h"
#include "train/corpus/document.h"
#include "train/corpus/puzzle.h"

namespace pith::lab {
namespace {

bool is_word_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// "cat" is in "a cat." and not in "cats".
bool contains_word(std::string_view text, std::string_view word) {
  const std::string all = lower(text), wanted = lower(word);
  for (std::size_t at = all.find(wanted); at != all.npos; at = all.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    if ((at == 0 || !is_word_part(all[at - 1])) && (end == all.size() || !is_word_part(all[end])))
      return true;
  }
  return false;
}

std::string_view last_number(std::string_view text) {
  const std::size_t end = text.find_last_of("0123456789");
  if (end == text.npos) return {};
  const std::size_t before = text.find_last_not_of("0123456789", end);
  return text.substr(before + 1, end - before);  // npos + 1 is 0
}

Puzzle read_puzzle(std::string_view text) {
  std::vector<int> numbers;
  for (const char* at = text.data(); at < text.data() + text.size();) {
    int value = 0;
    const auto [end, error] = std::from_chars(at, text.data() + text.size(), value);
    if (error != std::errc()) break;
    numbers.push_back(value);
    at = end + 1;
  }
  if (numbers.size() != 5)
    fail("a puzzle's answer: expected four numbers and a target, found '{}'", printable(text));
  const int target = numbers.back();
  numbers.pop_back();
  std::ranges::sort(numbers);
  return {numbers, target};
}

// Nothing to be wrong about, but an answer that was cut off or says the same thing over and over is none.
bool is_whole(std::string_view reply) {
  if (reply.empty() || std::string_view(".!?\"").find(reply.back()) == reply.npos) return false;
  std::vector<std::string_view> sentences;
  for (std::size_t at = 0; (at = reply.find_first_not_of(" \n", at)) != reply.npos;) {
    const std::size_t end = std::min(reply.find_first_of(".!?", at), reply.size() - 1);
    const std::string_view sentence = reply.substr(at, end + 1 - at);
    if (sentence.size() > 12) sentences.push_back(sentence);
    at = end + 1;
  }
  // A song or an echo may say a thing three times.
  std::ranges::sort(sentences);
  for (std::size_t i = 3; i < sentences.size(); ++i) {
    if (sentences[i] == sentences[i - 3]) return false;
  }
  return true;
}

}  // namespace

std::string_view core_of(std::string_view reply) {
  const auto trim = [&] {
    while (!reply.empty() && std::isspace(static_cast<unsigned char>(reply.front()))) reply.remove_prefix(1);
    while (!reply.empty() && std::isspace(static_cast<unsigned char>(reply.back()))) reply.remove_suffix(1);
  };
  trim();
  for (const std::string_view opening : polite_openings()) {
    if (reply.starts_with(opening)) reply.remove_prefix(opening.size());
  }
  for (const std::string_view ending : polite_endings()) {
    if (reply.ends_with(ending)) reply.remove_suffix(ending.size());
  }
  trim();
  if (reply.ends_with('.')) reply.remove_suffix(1);
  return reply;
}

bool is_polite(std::string_view reply) {
  const auto opens = [&](std::string_view opening) { return reply.starts_with(opening); };
  const auto ends = [&](std::string_view ending) { return reply.ends_with(ending); };
  return std::ranges::any_of(polite_openings(), opens) || std::ranges::any_of(polite_endings(), ends);
}

bool is_right(std::string_view check, std::string_view answer, std::string_view reply) {
  if (check == name_of(Check::Exact)) return lower(core_of(reply)) == lower(answer);
  if (check == name_of(Check::Number)) return last_number(reply) == answer;
  if (check == name_of(Check::Contains)) return contains_word(reply, answer);
  if (check == name_of(Check::Refusal)) return contains_word(reply, "not know");
  if (check == name_of(Check::Puzzle)) return solves(read_puzzle(answer), core_of(reply));
  if (check == name_of(Check::None)) return is_whole(reply);
  fail("no check is called '{}'", printable(check));
}

}  // namespace pith::lab
