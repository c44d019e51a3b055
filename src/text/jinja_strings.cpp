#include "text/jinja_strings.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>

#include "base/utf8.h"

namespace pith::jinja {
namespace {

bool starts_char(char c) { return (c & 0xc0) != 0x80; }

/// Calls f(code point, its bytes) for each character.
template <class F>
void for_each_char(std::string_view text, F&& f) {
  while (!text.empty()) {
    const Utf8Char c = decode_utf8(text);
    f(c.code, text.substr(0, c.length));
    text.remove_prefix(c.length);
  }
}

std::string_view last_char(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && !starts_char(text[at])) --at;
  return text.substr(at);
}

bool strips(std::string_view character, const std::optional<std::string_view>& chars) {
  if (chars) return chars->find(character) != std::string_view::npos;
  return is_space(decode_utf8(character).code);
}

void append_upper(std::string& out, char32_t c) {
  if (c == U'ß') {
    out += "SS";  // the one common letter whose upper case is two characters
  } else {
    append_utf8(out, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
  }
}

void append_lower(std::string& out, char32_t c) {
  append_utf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

bool is_cased(const CharClass& c) { return c.upper || c.lower; }

}  // namespace

std::size_t count_chars(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_char));
}

std::size_t char_offset(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (starts_char(text[at]) && index-- == 0) return at;
  }
  return at;
}

std::vector<std::string_view> split_chars(std::string_view text) {
  std::vector<std::string_view> out;
  for_each_char(text, [&](char32_t, std::string_view bytes) { out.push_back(bytes); });
  return out;
}

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f);
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

std::string_view lstrip(std::string_view text, std::optional<std::string_view> chars) {
  while (!text.empty()) {
    const std::string_view first = text.substr(0, decode_utf8(text).length);
    if (!strips(first, chars)) break;
    text.remove_prefix(first.size());
  }
  return text;
}

std::string_view rstrip(std::string_view text, std::optional<std::string_view> chars) {
  while (!text.empty()) {
    const std::string_view last = last_char(text);
    if (!strips(last, chars)) break;
    text.remove_suffix(last.size());
  }
  return text;
}

namespace {

/// Knuth, Morris and Pratt: how long a proper prefix of what[0..i] is also its suffix.
std::vector<std::size_t> borders(std::string_view what) {
  std::vector<std::size_t> border(what.size(), 0);
  for (std::size_t i = 1, k = 0; i < what.size(); ++i) {
    while (k > 0 && what[i] != what[k]) k = border[k - 1];
    if (what[i] == what[k]) ++k;
    border[i] = k;
  }
  return border;
}

/// Finds `what` again and again in one text, with the table made once.
class Finder {
 public:
  Finder(std::string_view text, std::string_view what) : text_(text), what_(what), border_(borders(what)) {}

  std::size_t next(std::size_t from) const {
    if (what_.empty()) return from <= text_.size() ? from : std::string_view::npos;
    std::size_t matched = 0;
    for (std::size_t i = from; i < text_.size(); ++i) {
      while (matched > 0 && text_[i] != what_[matched]) matched = border_[matched - 1];
      if (text_[i] == what_[matched]) ++matched;
      if (matched == what_.size()) return i + 1 - matched;
    }
    return std::string_view::npos;
  }

 private:
  std::string_view text_, what_;
  std::vector<std::size_t> border_;
};

std::string reversed(std::string_view text) { return std::string(text.rbegin(), text.rend()); }

std::vector<std::string_view> split_space(std::string_view text, long long limit) {
  std::vector<std::string_view> out;
  for (text = lstrip(text); !text.empty(); text = lstrip(text)) {
    if (limit >= 0 && static_cast<long long>(out.size()) == limit) {
      out.push_back(text);  // the rest as it is, with the white space at its end
      break;
    }
    std::size_t end = 0;
    while (end < text.size()) {
      const Utf8Char c = decode_utf8(text.substr(end));
      if (is_space(c.code)) break;
      end += c.length;
    }
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

std::vector<std::string_view> rsplit_space(std::string_view text, long long limit) {
  std::vector<std::string_view> out;
  for (text = rstrip(text); !text.empty(); text = rstrip(text)) {
    if (limit >= 0 && static_cast<long long>(out.size()) == limit) {
      out.push_back(text);
      break;
    }
    std::size_t begin = text.size();
    while (begin > 0) {
      const std::string_view c = last_char(text.substr(0, begin));
      if (strips(c, {})) break;
      begin -= c.size();
    }
    out.push_back(text.substr(begin));
    text = text.substr(0, begin);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

std::size_t find_text(std::string_view text, std::string_view what, std::size_t from) {
  if (what.size() == 1) return text.find(what[0], from);
  return Finder(text, what).next(from);
}

std::size_t rfind_text(std::string_view text, std::string_view what) {
  if (what.size() <= 1) return what.empty() ? text.size() : text.rfind(what[0]);
  const std::size_t at = find_text(reversed(text), reversed(what));
  return at == std::string_view::npos ? at : text.size() - at - what.size();
}

std::vector<std::string_view> split(std::string_view text, std::optional<std::string_view> separator,
                                    long long limit) {
  if (!separator) return split_space(text, limit);
  const Finder finder(text, *separator);
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  while (limit < 0 || static_cast<long long>(out.size()) < limit) {
    const std::size_t end = finder.next(begin);
    if (end == std::string_view::npos) break;
    out.push_back(text.substr(begin, end - begin));
    begin = end + separator->size();
  }
  out.push_back(text.substr(begin));
  return out;
}

std::vector<std::string_view> rsplit(std::string_view text, std::optional<std::string_view> separator,
                                     long long limit) {
  if (!separator) return rsplit_space(text, limit);
  const std::string backwards = reversed(text);
  const std::string reversed_separator = reversed(*separator);
  std::vector<std::string_view> out;
  for (const std::string_view part : split(backwards, reversed_separator, limit)) {
    const std::size_t end = text.size() - static_cast<std::size_t>(part.data() - backwards.data());
    out.push_back(text.substr(end - part.size(), part.size()));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char c = decode_utf8(text.substr(at));
    const bool ends = (c.code >= 0x0a && c.code <= 0x0d) || (c.code >= 0x1c && c.code <= 0x1e) ||
                      c.code == 0x85 || c.code == 0x2028 || c.code == 0x2029;
    const std::size_t line_end = at;
    at += c.length;
    if (!ends) continue;
    if (c.code == '\r' && at < text.size() && text[at] == '\n') ++at;
    out.push_back(text.substr(begin, (keep_ends ? at : line_end) - begin));
    begin = at;
  }
  if (begin < text.size()) out.push_back(text.substr(begin));
  return out;
}

std::string upper(std::string_view text) {
  std::string out;
  for_each_char(text, [&](char32_t c, std::string_view) { append_upper(out, c); });
  return out;
}

std::string lower(std::string_view text) {
  std::string out;
  for_each_char(text, [&](char32_t c, std::string_view) { append_lower(out, c); });
  return out;
}

std::string capitalize(std::string_view text) {
  if (text.empty()) return "";
  const std::size_t first = decode_utf8(text).length;
  return title(text.substr(0, first)) + lower(text.substr(first));
}

std::string swap_case(std::string_view text) {
  std::string out;
  for_each_char(text, [&](char32_t c, std::string_view) {
    if (char_class(c).upper) {
      append_lower(out, c);
    } else {
      append_upper(out, c);
    }
  });
  return out;
}

std::string title(std::string_view text) {
  std::string out;
  bool after_letter = false;
  for_each_char(text, [&](char32_t c, std::string_view) {
    if (after_letter) {
      append_lower(out, c);
    } else if (c == U'ß') {
      out += "Ss";
    } else {
      append_utf8(out, static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))));
    }
    after_letter = is_cased(char_class(c)) || category(c) == UTF8PROC_CATEGORY_LT;
  });
  return out;
}

CharClass char_class(char32_t c) {
  const auto kind = category(c);
  const bool letter = kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
  const bool decimal = kind == UTF8PROC_CATEGORY_ND;
  const bool superscript = c == 0xb2 || c == 0xb3 || c == 0xb9 || c == 0x2070 ||
                           (c >= 0x2074 && c <= 0x2079) || (c >= 0x2080 && c <= 0x2089);
  const bool numeric = decimal || kind == UTF8PROC_CATEGORY_NL || kind == UTF8PROC_CATEGORY_NO;
  return {letter,
          decimal,
          decimal || superscript,
          numeric,
          is_space(c),
          utf8proc_isupper(static_cast<utf8proc_int32_t>(c)) != 0,
          utf8proc_islower(static_cast<utf8proc_int32_t>(c)) != 0};
}

bool all_cased(std::string_view text, bool want_upper) {
  bool any = false, all = true;
  for_each_char(text, [&](char32_t c, std::string_view) {
    const CharClass k = char_class(c);
    any = any || is_cased(k);
    all = all && !(want_upper ? k.lower : k.upper) && category(c) != UTF8PROC_CATEGORY_LT;
  });
  return any && all;
}

namespace {

/// Without surrounding white space, and without underscores that stand between digits. Nothing if one stands
/// elsewhere.
std::optional<std::string> plain_number(std::string_view text) {
  text = lstrip(rstrip(text));
  std::string out;
  const auto is_alnum = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_alnum(text[i - 1]) || !is_alnum(text[i + 1])) {
      return {};
    }
  }
  return out;
}

}  // namespace

std::optional<long long> parse_integer(std::string_view text, int base) {
  std::optional<std::string> plain = plain_number(text);
  if (!plain || plain->empty()) return {};
  std::string_view digits = *plain;
  const bool negative = digits.front() == '-';
  if (negative || digits.front() == '+') digits.remove_prefix(1);
  if (digits.size() > 1 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    const int named = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    if (named && (base == named || base == 0)) {
      base = named;
      digits.remove_prefix(2);
    }
  }
  if (base == 0) base = 10;
  if (digits.empty() || digits.front() == '-') return {};
  const std::string signed_digits = (negative ? "-" : "") + std::string(digits);
  long long value = 0;
  const char* end = signed_digits.data() + signed_digits.size();
  const auto [stop, error] = std::from_chars(signed_digits.data(), end, value, base);
  if (error != std::errc() || stop != end) return {};
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  std::optional<std::string> plain = plain_number(text);
  if (!plain || plain->empty()) return {};
  std::string_view digits = *plain;
  if (digits.front() == '+') digits.remove_prefix(1);
  if (digits.empty() || digits.front() == '+' || digits.find('(') != std::string_view::npos) return {};
  double value = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (stop != digits.data() + digits.size() || error == std::errc::invalid_argument) return {};
  // Out of range: from_chars leaves the value alone; strtod tells whether it is infinite or zero.
  return error == std::errc() ? value : std::strtod(std::string(digits).c_str(), nullptr);
}

std::string repr_real(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const double size = std::fabs(value);
  const bool plain = value == 0 || (size >= 1e-4 && size < 1e16);
  char buffer[64];
  const auto end = std::to_chars(buffer, std::end(buffer), value,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific)
                       .ptr;
  std::string out(buffer, end);
  if (plain && out.find('.') == std::string::npos) out += ".0";
  return out;
}

std::string repr_text(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for_each_char(text, [&](char32_t c, std::string_view bytes) {
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out += '\\';
      out += bytes;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else if (c < 0x80) {
      out += bytes;
    } else {
      const auto kind = category(c);
      const bool unprintable =
          kind == UTF8PROC_CATEGORY_CN || (kind >= UTF8PROC_CATEGORY_ZS && kind <= UTF8PROC_CATEGORY_CO);
      if (!unprintable) {
        out += bytes;
      } else if (c < 0x100) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
      } else {
        const auto code = static_cast<unsigned>(c);
        out += c < 0x10000 ? fmt::format("\\u{:04x}", code) : fmt::format("\\U{:08x}", code);
      }
    }
  });
  return out + quote;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace pith::jinja
