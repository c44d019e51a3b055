// Finds the answer in what a model wrote, and decides when two answers are the same.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pith {

/// How an answer is found (--answer):
///   number          the last number: digits, a fraction, thousands separated by commas
///   boxed           what the last \boxed{...} holds, braces balanced
///   after:PHRASE    what follows the last PHRASE, to the end of its line and without a final full stop
///   regex:EXPR      the last match of a PCRE2 expression: its first group, else all of it
///   json:/POINTER   a value of the last JSON object or array in the text (RFC 6901)
///   choice:A|B|...  whichever of these words comes last, whatever its case
///   text            all of it
class AnswerRule {
 public:
  /// Throws UsageError naming what was expected.
  explicit AnswerRule(std::string_view rule);
  ~AnswerRule();
  AnswerRule(AnswerRule&&) noexcept;
  AnswerRule& operator=(AnswerRule&&) noexcept;

  /// As the user wrote it.
  const std::string& rule() const { return rule_; }

  /// The answer as it stands in the text; nothing where there is none. Throws Error where an expression
  /// backtracks beyond PCRE2's limits.
  std::optional<std::string> find(std::string_view text) const;

 private:
  struct Expression;
  enum class Kind { Number, Boxed, After, Regex, Json, Choice, Text };

  std::string rule_, argument_;
  Kind kind_;
  std::unique_ptr<Expression> expression_;
};

/// The form in which answers are compared. Numbers: without sign +, separators and idle zeros ("+1,024.50" is
/// "1024.5"), whatever currency or percent sign is around them. Other text: case folded, white space
/// collapsed, without a final full stop.
std::string normalise_answer(std::string_view answer);

}  // namespace pith
