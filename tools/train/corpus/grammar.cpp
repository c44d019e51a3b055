#include "train/corpus/grammar.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "base/error.h"

namespace pith::lab {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

// The end of the bracket that opens at `at`.
std::size_t closing(std::string_view text, std::size_t at) {
  int depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == '<') ++depth;
    if ((text[i] == ']' || text[i] == '>') && --depth == 0) return i;
  }
  fail("template: a bracket is not closed in: {}", text);
}

std::vector<std::string_view> alternatives(std::string_view text) {
  std::vector<std::string_view> out;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == '<') ++depth;
    if (text[i] == ']' || text[i] == '>') --depth;
    if (text[i] == '|' && depth == 0) {
      out.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  out.push_back(text.substr(begin));
  return out;
}

// Words that begin with a vowel's letter and a consonant's sound, or the other way round.
constexpr std::array<std::string_view, 6> kConsonantSound = {"unicorn", "uniform", "useful",
                                                             "one",     "used",    "universe"};
constexpr std::array<std::string_view, 3> kVowelSound = {"hour", "honest", "heir"};

bool begins_with_vowel_sound(std::string_view word) {
  const auto begins = [&](std::string_view w) { return word.starts_with(w); };
  if (std::ranges::any_of(kConsonantSound, begins)) return false;
  if (std::ranges::any_of(kVowelSound, begins)) return true;
  if (word.starts_with("8") || word == "11" || word == "18") return true;
  return !word.empty() && std::string_view("aeiouAEIOU").find(word.front()) != std::string_view::npos;
}

std::string with_articles(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    const bool article = (text[i] == 'a' || text[i] == 'A') && i + 1 < text.size() && text[i + 1] == ' ' &&
                         (i == 0 || text[i - 1] == ' ' || text[i - 1] == '"' || text[i - 1] == '\n');
    if (!article) continue;
    std::size_t end = i + 2;
    while (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end]))) ++end;
    if (begins_with_vowel_sound(text.substr(i + 2, end - i - 2))) out += 'n';
  }
  return out;
}

std::string with_single_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool after_gap = out.empty() || out.back() == ' ' || out.back() == '\n';
    if (c == ' ' && after_gap) continue;
    if ((c == '.' || c == ',' || c == '!' || c == '?' || c == '\n') && !out.empty() && out.back() == ' ') {
      out.pop_back();
    }
    out += c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

void capitalise_sentences(std::string& text) {
  bool start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char& c = text[i];
    if (start && is_letter(c)) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (std::isalnum(static_cast<unsigned char>(c))) start = false;
    const char next = i + 1 < text.size() ? text[i + 1] : ' ';
    if (c == '\n' || ((c == '.' || c == '!' || c == '?') && next == ' ')) start = true;
    if (c == '.' && next == '"') start = true;
  }
}

}  // namespace

std::string FixedCast::value(std::string_view slot, Draw&) {
  const auto found = values_.find(slot);
  if (found == values_.end()) fail("template: no slot '{}'", slot);
  return found->second;
}

std::string capitalised(std::string_view text) {
  std::string out(text);
  if (!out.empty()) out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out;
}

std::string expand(std::string_view text, Cast& cast, Draw& draw, std::string* skeleton) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '[' || c == '<') {
      const std::size_t end = closing(text, i);
      const std::vector<std::string_view> all = alternatives(text.substr(i + 1, end - i - 1));
      const std::size_t chosen = draw.below(all.size());
      if (c == '<' && skeleton) *skeleton += static_cast<char>('a' + chosen);
      out += expand(all[chosen], cast, draw, skeleton);
      i = end;
    } else if (c == '{') {
      const std::size_t end = text.find('}', i);
      if (end == text.npos) fail("template: a slot is not closed in: {}", text);
      std::string name(text.substr(i + 1, end - i - 1));
      char& first = name[name.find('.') + 1];  // npos + 1 is 0
      const bool capital = std::isupper(static_cast<unsigned char>(first)) != 0;
      first = static_cast<char>(std::tolower(static_cast<unsigned char>(first)));
      const std::string value = cast.value(name, draw);
      out += capital ? capitalised(value) : value;
      i = end;
    } else {
      out += c;
    }
  }
  return out;
}

std::string polish(std::string_view text) {
  std::string out = with_articles(with_single_spaces(text));
  capitalise_sentences(out);
  return out;
}

}  // namespace pith::lab
