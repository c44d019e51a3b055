// Regular expressions of tokenizers, run by PCRE2 with limits.
//
// Models write them for Oniguruma (tokenizer.json) or Rust's fancy-regex (tiktoken); the two agree on what
// models use, and PCRE2 differs from them in a few Unicode classes, which are rewritten when compiling.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pith {

class Regex {
 public:
  /// Throws Error, naming the expression, if it cannot be compiled or uses a construct that would not mean
  /// the same here.
  explicit Regex(std::string_view expression);

  /// An expression that matches exactly `text`.
  static std::string literal(std::string_view text);

  const std::string& expression() const { return expression_; }

  /// Calls visit(begin, end) for each match from left to right, not overlapping; an empty match only where no
  /// other one ends. Bytes that are not UTF-8 match nothing, and a match does not reach across them. Throws
  /// Error if the expression backtracks beyond PCRE2's limits.
  void for_each_match(std::string_view text,
                      const std::function<void(std::size_t, std::size_t)>& visit) const;

 private:
  struct Code;
  std::string expression_;
  std::shared_ptr<const Code> code_;
};

/// The expression in PCRE2's dialect.
std::string to_pcre2(std::string_view expression);

}  // namespace pith
