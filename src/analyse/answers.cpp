#include "analyse/answers.h"

#include <algorithm>

#include "reason/answer.h"
#include "text/regex.h"

namespace pith {
namespace {

bool matches(const std::string& expression, std::string_view text) {
  bool found = false;
  Regex(expression).for_each_match(text, [&](std::size_t, std::size_t) { found = true; });
  return found;
}

bool same_number(const std::string& a, const std::string& b) {
  const AnswerRule number("number");
  const std::optional<std::string> x = number.find(a), y = number.find(b);
  return x && y && normalise_answer(*x) == normalise_answer(*y);
}

}  // namespace

bool is_right(AnswerMatch match, const std::optional<std::string>& found,
              std::span<const std::string> right) {
  if (!found) return false;
  return std::ranges::any_of(right, [&](const std::string& r) {
    switch (match) {
      case AnswerMatch::Exact: return normalise_answer(*found) == normalise_answer(r);
      case AnswerMatch::Numeric: return same_number(*found, r);
      case AnswerMatch::Regex: return matches(r, *found);
    }
    return false;
  });
}

}  // namespace pith
