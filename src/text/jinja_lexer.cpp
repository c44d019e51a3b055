#include "text/jinja_lexer.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/utf8.h"
#include "text/jinja_strings.h"

namespace pith::jinja {

TemplateError::TemplateError(std::string_view message, std::size_t line_, std::size_t column_)
    : Error(fmt::format("chat template, line {}, column {}: {}", line_, column_, message)),
      line(line_),
      column(column_) {}

void fail_at(std::string_view source, std::size_t offset, std::string_view message) {
  const std::string_view before = source.substr(0, offset);
  const std::size_t line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t column = 1 + count_chars(before.substr(before.rfind('\n') + 1));
  throw TemplateError(message, line, column);
}

std::string normalize_template(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    const bool carriage = source[i] == '\r';
    if (carriage && i + 1 < source.size() && source[i + 1] == '\n') ++i;
    out += carriage ? '\n' : source[i];
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

namespace {

using Kind = Token::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

// Longest first: the first that matches is the token.
constexpr std::string_view kOperators[] = {"//", "**", "==", "!=", "<=", ">=", "+", "-", "/",
                                           "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                           "<",  ">",  "=",  ".",  ":",  "|",  ",", ";"};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) template_data();
    add(Kind::kEnd, at_);
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(std::size_t offset, std::string_view message) const {
    fail_at(source_, offset, message);
  }

  bool looking_at(std::string_view what) const { return source_.substr(at_, what.size()) == what; }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  bool skip(std::string_view what) {
    if (!looking_at(what)) return false;
    at_ += what.size();
    return true;
  }
  void skip_space() { at_ = source_.size() - lstrip(source_.substr(at_)).size(); }

  void add(Kind kind, std::size_t offset, std::string text = {}) {
    tokens_.push_back({kind, static_cast<std::uint32_t>(offset), std::move(text)});
  }

  void add_data(std::size_t offset, std::string_view text) {
    if (!text.empty()) add(Kind::kData, offset, std::string(text));
  }

  /// Text up to the next "{{", "{%" or "{#", and then what that opens.
  void template_data() {
    const std::size_t begin = at_;
    std::size_t open = begin;
    do {
      open = source_.find('{', open);
      if (open == std::string_view::npos || open + 1 >= source_.size()) {
        add_data(begin, source_.substr(begin));
        at_ = source_.size();
        return;
      }
    } while (std::string_view("{%#").find(source_[open + 1]) == std::string_view::npos && ++open);
    const char opener = source_[open + 1];
    at_ = open + 2;
    const char sign = peek() == '-' || peek() == '+' ? peek() : '\0';
    if (sign) ++at_;
    add_data(begin, before_tag(source_.substr(begin, open - begin), opener, sign));
    if (opener == '#') {
      comment(open);
    } else if (opener == '{') {
      add(Kind::kExpressionBegin, open);
      inside("}}", Kind::kExpressionEnd, open);
    } else if (!raw(open)) {
      add(Kind::kTagBegin, open);
      inside("%}", Kind::kTagEnd, open);
    }
  }

  /// What whitespace control leaves of the text before a tag: "-" strips all white space, "+" none; otherwise
  /// a tag or comment that only spaces precede on its line takes them with it (lstrip_blocks).
  std::string_view before_tag(std::string_view text, char opener, char sign) const {
    if (sign == '-') return rstrip(text);
    if (sign == '+' || opener == '{') return text;
    const std::size_t line = text.rfind('\n') + 1;
    const bool line_starts_here = line > 0 || at_line_start_;
    return line_starts_here && lstrip(text.substr(line)).empty() ? text.substr(0, line) : text;
  }

  /// The end of a tag or comment: "-" strips white space behind it; without "+" one line end goes
  /// (trim_blocks).
  bool closing(std::string_view close) {
    const std::size_t begin = at_;
    const bool variable = close == "}}";
    if (peek() == '-' && source_.substr(at_ + 1, 2) == close) {
      at_ += 3;
      skip_space();
    } else if (!variable && peek() == '+' && source_.substr(at_ + 1, 2) == close) {
      at_ += 3;
    } else if (skip(close)) {
      if (!variable) skip("\n");
    } else {
      return false;
    }
    at_line_start_ = at_ > begin && source_[at_ - 1] == '\n';
    return true;
  }

  void comment(std::size_t open) {
    for (; at_ < source_.size(); ++at_) {
      if (closing("#}")) return;
    }
    fail(open, "this comment has no end; expected '#}'");
  }

  /// {% raw %}: the text up to {% endraw %} is data. False, at the same place, if this tag is another one.
  bool raw(std::size_t open) {
    const std::size_t begin = at_;
    skip_space();
    const bool named = skip("raw");
    skip_space();
    // Unlike other tags this one keeps the line end that follows.
    const bool strip_right = named && looking_at("-%}");
    if (!named || !(skip("-%}") || skip("%}"))) {
      at_ = begin;
      return false;
    }
    if (strip_right) skip_space();
    at_line_start_ = source_[at_ - 1] == '\n';
    const std::size_t data = at_;
    for (std::size_t end = source_.find("{%", at_); end != std::string_view::npos;
         end = source_.find("{%", end + 1)) {
      at_ = end + 2;
      const char sign = peek() == '-' || peek() == '+' ? peek() : '\0';
      if (sign) ++at_;
      skip_space();
      if (!skip("endraw")) continue;
      skip_space();
      const std::string_view kept = before_tag(source_.substr(data, end - data), '%', sign);
      if (!closing("%}")) continue;
      add_data(data, kept);
      return true;
    }
    fail(open, "this 'raw' has no end; expected '{% endraw %}'");
  }

  /// The tokens between "{{" and "}}" or "{%" and "%}". Inside brackets the closing sign is an operator.
  void inside(std::string_view close, Kind closing_kind, std::size_t open) {
    std::string brackets;
    for (;;) {
      const std::size_t offset = at_;
      if (brackets.empty() && closing(close)) return add(closing_kind, offset);
      if (at_ >= source_.size()) fail(open, fmt::format("this has no end; expected '{}'", close));
      const std::size_t start = at_;
      skip_space();
      if (at_ > start) continue;
      if (is_digit(peek())) {
        number();
      } else if (is_name_start(peek())) {
        name();
      } else if (peek() == '\'' || peek() == '"') {
        string();
      } else {
        operator_sign(brackets);
      }
    }
  }

  void name() {
    const std::size_t begin = at_;
    while (is_name_part(peek())) ++at_;
    add(Kind::kName, begin, std::string(source_.substr(begin, at_ - begin)));
  }

  void operator_sign(std::string& brackets) {
    for (const std::string_view op : kOperators) {
      if (!looking_at(op)) continue;
      static constexpr std::string_view kOpen = "([{", kClose = ")]}";
      if (kOpen.find(op) != std::string_view::npos) {
        brackets += kClose[kOpen.find(op)];
      } else if (kClose.find(op) != std::string_view::npos) {
        if (brackets.empty()) fail(at_, fmt::format("unexpected '{}'", op));
        if (brackets.back() != op[0])
          fail(at_, fmt::format("unexpected '{}', expected '{}'", op, brackets.back()));
        brackets.pop_back();
      }
      add(Kind::kOperator, at_, std::string(op));
      at_ += op.size();
      return;
    }
    const Utf8Char c = decode_utf8(source_.substr(at_));
    fail(at_, fmt::format("unexpected character '{}'", printable(source_.substr(at_, c.length))));
  }

  /// Digits of a base with single underscores between them.
  std::string digits(int base) {
    const auto is_digit_of_base = [&](char c) {
      return base == 16 ? is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')
                        : c >= '0' && c < '0' + base;
    };
    std::string out;
    while (is_digit_of_base(peek()) || (peek() == '_' && is_digit_of_base(peek(1)))) {
      if (peek() != '_') out += peek();
      ++at_;
    }
    return out;
  }

  void number() {
    const std::size_t begin = at_;
    int base = 10;
    if (peek() == '0') {
      const char prefix = static_cast<char>(peek(1) | 0x20);
      base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 10;
      if (base != 10) at_ += 2;
    }
    std::string text = digits(base);
    bool real = false;
    const bool after_dot = begin > 0 && source_[begin - 1] == '.';  // in "pairs.0.1" both are integers
    if (base == 10 && !after_dot && peek() == '.' && is_digit(peek(1))) {
      real = true;
      ++at_;
      text += "." + digits(10);
    }
    const bool signed_exponent = (peek(1) == '+' || peek(1) == '-') && is_digit(peek(2));
    if (base == 10 && !after_dot && (peek() | 0x20) == 'e' && (is_digit(peek(1)) || signed_exponent)) {
      real = true;
      text += 'e';
      ++at_;
      if (signed_exponent) text += peek(), ++at_;
      text += digits(10);
    }
    add(real ? Kind::kFloat : Kind::kInteger, begin);
    Token& token = tokens_.back();
    const char *first = text.data(), *last = first + text.size();
    if (real) {
      if (const auto value = parse_real(text)) token.real = *value;
    } else if (std::from_chars(first, last, token.integer, base).ec != std::errc() || text.empty()) {
      fail(begin, text.empty() ? "a number without digits" : "this integer does not fit in 64 bits");
    }
  }

  void string() {
    const std::size_t begin = at_;
    const char quote = peek();
    std::string value;
    for (++at_; peek() != quote || at_ >= source_.size();) {
      if (at_ >= source_.size()) fail(begin, "this string has no end");
      if (peek() == '\\') {
        escape(value);
      } else {
        value += source_[at_++];
      }
    }
    ++at_;
    add(Kind::kString, begin, std::move(value));
  }

  /// An escape sequence as in a Python string; one that Python does not know stands for itself.
  void escape(std::string& value) {
    static constexpr std::string_view kLetters = "abfnrtv\\'\"", kMeanings = "\a\b\f\n\r\t\v\\'\"";
    const std::size_t begin = at_++;
    const char letter = peek();
    const std::size_t known = letter ? kLetters.find(letter) : std::string_view::npos;
    if (known != std::string_view::npos) {
      value += kMeanings[known];
      ++at_;
    } else if (letter == '\n') {
      ++at_;
    } else if (letter >= '0' && letter <= '7') {
      char32_t code = 0;
      for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i)
        code = code * 8 + static_cast<char32_t>(source_[at_++] - '0');
      append_utf8(value, code);
    } else if (letter == 'x' || letter == 'u' || letter == 'U') {
      ++at_;
      const std::size_t length = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
      const std::string_view hex = source_.substr(at_, length);
      std::uint32_t code = 0;
      const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
      if (hex.size() != length || error != std::errc() || end != hex.data() + length) {
        fail(begin, fmt::format("an escape sequence \\{} needs {} hexadecimal digits", letter, length));
      }
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        fail(begin, "an escape sequence that is no character");
      append_utf8(value, code);
      at_ += length;
    } else if (letter == 'N') {
      fail(begin, "escape sequences by character name (\\N) are not supported");
    } else {
      value += '\\';
    }
  }

  std::string_view source_;
  std::size_t at_ = 0;
  bool at_line_start_ = true;  ///< whether the last tag ended with a line end (or none came yet)
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize_template(std::string_view source) {
  if (source.size() > std::numeric_limits<std::uint32_t>::max() / 2)
    fail("a chat template of {} bytes", source.size());
  if (!is_valid_utf8(source)) {
    std::size_t at = 0;
    while (decode_utf8(source.substr(at)).valid) at += decode_utf8(source.substr(at)).length;
    fail_at(source, at, "the template is not valid UTF-8");
  }
  return Lexer(source).run();
}

}  // namespace pith::jinja
