// Whether what a model answered is right.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pith {

enum class AnswerMatch {
  Exact,    ///< the same after normalise_answer()
  Numeric,  ///< the same number
  Regex,    ///< a right answer is a regular expression (PCRE2) that matches somewhere in it
};

/// Whether `found` (nothing: there was no answer) is one of the right answers. Throws Error for an expression
/// that cannot be compiled.
bool is_right(AnswerMatch match, const std::optional<std::string>& found, std::span<const std::string> right);

}  // namespace pith
