#include "text/jinja_format.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/utf8.h"
#include "text/jinja_operations.h"
#include "text/jinja_strings.h"

namespace pith::jinja {
namespace {

constexpr std::size_t kMaxPrecision = 400;  // no double has more digits that matter

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads what Python calls a format specification from left to right.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool empty() const { return text_.empty(); }
  char peek(std::size_t ahead = 0) const { return ahead < text_.size() ? text_[ahead] : '\0'; }
  std::string_view rest() const { return text_; }
  std::string_view take(std::size_t count) {
    const std::string_view out = text_.substr(0, count);
    text_.remove_prefix(out.size());
    return out;
  }
  bool skip(char c) { return peek() == c && !empty() && (take(1), true); }
  /// One of `set`, or 0.
  char any(std::string_view set) {
    return !empty() && set.find(peek()) != std::string_view::npos ? take(1)[0] : '\0';
  }
  /// Digits; `limit` + 1 where the number is larger.
  std::size_t number(std::size_t limit) {
    std::size_t value = 0;
    for (; is_digit(peek()); take(1))
      value = std::min(value * 10 + static_cast<std::size_t>(peek() - '0'), limit + 1);
    return value;
  }

 private:
  std::string_view text_;
};

/// [[fill]align][sign][#][0][width][grouping][.precision][type]
struct Spec {
  std::string fill = " ";
  char align = '\0';
  char sign = '-';
  bool alternate = false, zero = false;
  std::size_t width = 0;
  char grouping = '\0';
  std::optional<std::size_t> precision;
  char type = '\0';
};

Spec parse_spec(Runtime& rt, std::string_view text) {
  static constexpr std::string_view kAligns = "<>^=";
  Spec spec;
  Cursor at(text);
  const std::size_t fill = text.empty() ? 0 : decode_utf8(text).length;
  if (fill && at.peek(fill) && kAligns.find(at.peek(fill)) != std::string_view::npos) {
    spec.fill = at.take(fill);
    spec.align = at.take(1)[0];
  } else {
    spec.align = at.any(kAligns);
  }
  if (const char sign = at.any("+- ")) spec.sign = sign;
  spec.alternate = at.skip('#');
  spec.zero = at.skip('0');
  spec.width = at.number(rt.limits().text);
  spec.grouping = at.any(",_");
  if (at.skip('.')) {
    if (!is_digit(at.peek())) rt.fail("a format without a precision after '.'");
    spec.precision = at.number(rt.limits().text);
  }
  if (!at.empty()) spec.type = at.take(1)[0];
  if (!at.empty()) rt.fail("invalid format specification '{}'", printable(text, 40));
  return spec;
}

/// `body` filled up to the width; `sign` is what zeros are put behind.
std::string pad(Runtime& rt, const Spec& spec, std::string sign, std::string body, char default_align) {
  const std::size_t size = count_chars(sign) + count_chars(body);
  const std::size_t missing = spec.width > size ? spec.width - size : 0;
  if (missing > rt.limits().text) rt.fail("stopped: a format's width of {} is too large", spec.width);
  const bool zero = spec.zero && !spec.align && default_align == '>';
  const char align = spec.align ? spec.align : zero ? '=' : default_align;
  const std::string& fill = zero ? "0" : spec.fill;
  const std::size_t before = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  rt.work(missing * fill.size());
  rt.take_memory(missing * fill.size());
  const auto repeat = [&](std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += fill;
    return out;
  };
  if (align == '=') return sign + repeat(before) + body;
  return repeat(before) + sign + body + repeat(missing - before);
}

std::string group_digits(std::string digits, char grouping, std::size_t every) {
  std::size_t end = 0;
  while (end < digits.size() && std::isxdigit(static_cast<unsigned char>(digits[end]))) ++end;
  for (std::size_t i = end; i > every; i -= every) digits.insert(i - every, 1, grouping);
  return digits;
}

std::string sign_of(const Spec& spec, bool negative) {
  return negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
}

std::string format_integer(Runtime& rt, const Spec& spec, std::int64_t value) {
  const auto size = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  std::string digits, prefix;
  switch (spec.type) {
    case '\0':
    case 'd':
    case 'n': digits = fmt::format("{}", size); break;
    case 'b': digits = fmt::format("{:b}", size), prefix = "0b"; break;
    case 'o': digits = fmt::format("{:o}", size), prefix = "0o"; break;
    case 'x': digits = fmt::format("{:x}", size), prefix = "0x"; break;
    case 'X': digits = fmt::format("{:X}", size), prefix = "0X"; break;
    case 'c': {
      if (value < 0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        rt.fail("{} is no character", value);
      append_utf8(digits, static_cast<char32_t>(value));
      return pad(rt, spec, "", digits, '<');
    }
    default: rt.fail("unknown format code '{}' for an integer", printable(std::string_view(&spec.type, 1)));
  }
  if (spec.precision) rt.fail("an integer is formatted without a precision");
  if (spec.grouping && spec.zero) rt.fail("a format with both grouping and zero padding is not supported");
  if (spec.grouping) digits = group_digits(digits, spec.grouping, prefix.empty() ? 3 : 4);
  return pad(rt, spec, sign_of(spec, value < 0) + (spec.alternate ? prefix : ""), digits, '>');
}

std::string format_real(Runtime& rt, const Spec& spec, double value) {
  if (spec.precision.value_or(0) > kMaxPrecision)
    rt.fail("a precision of more than {} digits", kMaxPrecision);
  const int precision = static_cast<int>(spec.precision.value_or(6));
  const double size = std::fabs(value);
  std::string digits;
  switch (spec.type) {
    case '\0':
      if (!spec.precision) {
        digits = repr_real(size);
      } else {
        digits = fmt::format("{:.{}g}", size, std::max(precision, 1));
        if (std::isfinite(size) && digits.find_first_of(".e") == std::string::npos) digits += ".0";
      }
      break;
    case 'f':
    case 'F': digits = fmt::format("{:.{}f}", size, precision); break;
    case 'e': digits = fmt::format("{:.{}e}", size, precision); break;
    case 'E': digits = fmt::format("{:.{}E}", size, precision); break;
    case 'g':
    case 'n': digits = fmt::format("{:.{}g}", size, std::max(precision, 1)); break;
    case 'G': digits = fmt::format("{:.{}G}", size, std::max(precision, 1)); break;
    case '%': digits = fmt::format("{:.{}f}%", size * 100, precision); break;
    default: rt.fail("unknown format code '{}' for a float", printable(std::string_view(&spec.type, 1)));
  }
  if (spec.alternate) rt.fail("the alternate form of a float is not supported");
  if (spec.grouping && spec.zero) rt.fail("a format with both grouping and zero padding is not supported");
  if (spec.grouping && std::isfinite(size)) digits = group_digits(digits, spec.grouping, 3);
  return pad(rt, spec, sign_of(spec, std::signbit(value) && !std::isnan(value)), digits, '>');
}

std::string format_text(Runtime& rt, const Spec& spec, std::string_view text) {
  if (spec.precision) text = text.substr(0, char_offset(text, *spec.precision));
  rt.take_memory(text.size());
  return pad(rt, spec, "", std::string(text), '<');
}

/// format(value, spec)
std::string format_value(Runtime& rt, const Value& value, std::string_view spec_text) {
  if (spec_text.empty()) return to_text(rt, value);
  const Spec spec = parse_spec(rt, spec_text);
  const bool as_real = spec.type && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
  if (value.is<double>() || (value.is_integral() && as_real)) return format_real(rt, spec, value.real());
  if (value.is_integral()) return format_integer(rt, spec, value.integer());
  if (value.text() && (spec.type == '\0' || spec.type == 's') && spec.align != '=') {
    return format_text(rt, spec, *value.text());
  }
  rt.fail("the format '{}' does not suit a {}", printable(spec_text, 40), type_name(value));
}

/// str.format: replacement fields in braces.
class BraceFormatter {
 public:
  BraceFormatter(Runtime& rt, const Arguments& arguments) : rt_(rt), arguments_(arguments) {}

  std::string run(std::string_view format, int level) {
    std::string out;
    Cursor at(format);
    while (!at.empty()) {
      const std::size_t plain = std::min(at.rest().find_first_of("{}"), at.rest().size());
      rt_.append(out, at.take(plain));
      if (at.empty()) break;
      const char brace = at.take(1)[0];
      if (at.skip(brace)) {
        out += brace;
      } else if (brace == '}') {
        rt_.fail("single '}}' in a format string");
      } else {
        rt_.append(out, field(at, level));
      }
    }
    return out;
  }

 private:
  std::string field(Cursor& at, int level) {
    if (level > 1) rt_.fail("replacement fields nest too deeply");
    Value value = lookup(at);
    if (at.skip('!')) {
      const char conversion = at.any("rsa");
      if (!conversion) rt_.fail("unknown conversion in a format string");
      value = rt_.text(conversion == 's' ? to_text(rt_, value) : to_repr(rt_, value));
    }
    std::string spec;
    if (at.skip(':')) {
      // The specification ends at the brace that closes the field; it may hold fields of its own.
      std::size_t end = 0;
      for (int open = 0; end < at.rest().size() && (at.peek(end) != '}' || open > 0); ++end) {
        open += at.peek(end) == '{' ? 1 : at.peek(end) == '}' ? -1 : 0;
      }
      spec = run(at.take(end), level + 1);
    }
    if (!at.skip('}')) rt_.fail("expected '}}' before the end of a format string");
    return format_value(rt_, value, spec);
  }

  std::string_view until(Cursor& at, std::string_view stops) const {
    return at.take(std::min(at.rest().find_first_of(stops), at.rest().size()));
  }

  /// name, number or nothing; then .attribute and [key].
  Value lookup(Cursor& at) {
    const std::string_view first = until(at, ".[!:}");
    const bool automatic = first.empty(), by_number = !automatic && is_digit(first[0]);
    if ((automatic && numbered_) || (by_number && automatic_ > 0)) {
      rt_.fail("a format string numbers either all of its fields or none");
    }
    numbered_ |= by_number;
    Value value = automatic ? positional(automatic_++) : by_number ? positional(number(first)) : named(first);
    while (at.peek() == '.' || at.peek() == '[') {
      if (at.skip('.')) {
        value = attribute(rt_, value, until(at, ".[!:}"));
        continue;
      }
      at.take(1);
      const std::string_view key = until(at, "]");
      if (!at.skip(']')) rt_.fail("missing ']' in a format string");
      const auto index = parse_integer(key);
      value = subscript(rt_, value, index ? Value(std::int64_t{*index}) : rt_.text(key));
      require_defined(rt_, value);
    }
    return value;
  }

  std::size_t number(std::string_view digits) const {
    const auto value = parse_integer(digits);
    if (!value || *value < 0) rt_.fail("'{}' names no argument of format", printable(digits, 40));
    return static_cast<std::size_t>(*value);
  }

  Value positional(std::size_t i) const {
    if (i >= arguments_.positional.size()) rt_.fail("format has no argument {}", i);
    return arguments_.positional[i];
  }

  Value named(std::string_view name) const {
    for (const auto& [other, value] : arguments_.named) {
      if (other == name) return value;
    }
    rt_.fail("format has no argument '{}'", printable(name, 40));
  }

  Runtime& rt_;
  const Arguments& arguments_;
  std::size_t automatic_ = 0;  ///< how many fields without a number came
  bool numbered_ = false;
};

std::int64_t truncated(Runtime& rt, const Value& value) {
  if (value.is_integral()) return value.integer();
  // 2^63 is a double; from there on the cast would not be defined.
  if (!value.is<double>() || !(std::fabs(value.real()) < 9223372036854775808.0)) {
    rt.fail("%d needs a number of at most 64 bits, not a {}", type_name(value));
  }
  return static_cast<std::int64_t>(value.real());
}

std::string format_percent(Runtime& rt, Spec spec, const Value& value) {
  switch (spec.type) {
    case 's': return format_text(rt, spec, to_text(rt, value));
    case 'r': return format_text(rt, spec, to_repr(rt, value));
    case 'd':
    case 'i':
    case 'u':
      spec.type = 'd';
      if (spec.precision) rt.fail("%d with a precision is not supported");
      return format_integer(rt, spec, truncated(rt, value));
    case 'x':
    case 'X':
    case 'o':
    case 'c':
      if (!value.is_integral()) rt.fail("%{} needs an integer, not a {}", spec.type, type_name(value));
      return format_integer(rt, spec, value.integer());
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      if (!value.is_number()) rt.fail("%{} needs a number, not a {}", spec.type, type_name(value));
      return format_real(rt, spec, value.real());
    default: rt.fail("unsupported format character '{}'", printable(std::string_view(&spec.type, 1)));
  }
}

}  // namespace

std::string brace_format(Runtime& rt, std::string_view format, const Arguments& arguments) {
  rt.work(format.size());
  return BraceFormatter(rt, arguments).run(format, 0);
}

std::string percent_format(Runtime& rt, std::string_view format, const Value& values) {
  const Items* many = values.is<TuplePtr>() ? values.items() : nullptr;
  std::size_t next = 0;
  const auto take = [&]() -> const Value& {
    if (next >= (many ? many->size() : 1)) rt.fail("not enough arguments for a format string");
    return many ? (*many)[next++] : (++next, values);
  };
  std::string out;
  bool used_names = false;
  for (Cursor at(format); !at.empty();) {
    rt.append(out, at.take(std::min(at.rest().find('%'), at.rest().size())));
    if (!at.skip('%')) break;
    if (at.skip('%')) {
      out += '%';
      continue;
    }
    const Value* value = nullptr;
    if (at.skip('(')) {
      const std::string_view name = at.take(std::min(at.rest().find(')'), at.rest().size()));
      if (!at.skip(')')) rt.fail("missing ')' in a format string");
      value = values.dict() ? rt.find(*values.dict(), rt.text(name)) : nullptr;
      if (!value) rt.fail("no value '{}' for a format string", printable(name, 40));
      used_names = true;
    }
    Spec spec;
    spec.align = '>';
    while (const char flag = at.any("-+ #0")) {
      if (flag == '-') spec.align = '<';
      if (flag == '+' || (flag == ' ' && spec.sign != '+')) spec.sign = flag;
      if (flag == '#') spec.alternate = true;
      if (flag == '0') spec.zero = true;
    }
    if (spec.zero && spec.align == '>') spec.align = '\0';
    spec.width = at.number(rt.limits().text);
    if (at.skip('.')) spec.precision = at.number(rt.limits().text);
    if (at.empty()) rt.fail("incomplete format string");
    spec.type = at.take(1)[0];
    rt.append(out, format_percent(rt, spec, value ? *value : take()));
  }
  if (!used_names && !values.dict() && next < (many ? many->size() : 1)) {
    rt.fail("not all arguments were used by a format string");
  }
  return out;
}

std::string format_now(Runtime& rt, std::string_view format) {
  static constexpr std::string_view kDirectives = "aAbBcCdDeFgGhHIjklmMnpPrRStTuUVwWxXyY%", kFlags = "-_0^#";
  const std::time_t now = rt.environment().now.value_or(std::time(nullptr));
  std::tm parts{};
  if (!(rt.environment().now ? gmtime_r(&now, &parts) : localtime_r(&now, &parts)))
    rt.fail("the time has no date");
  std::string out;
  for (Cursor at(format); !at.empty();) {
    rt.append(out, at.take(std::min(at.rest().find('%'), at.rest().size())));
    if (!at.skip('%')) break;
    std::string directive = "%";
    if (const char flag = at.any(kFlags)) directive += flag;
    if (at.skip('f')) {
      out += "000000";  // whole seconds only
    } else if (at.any("zZ")) {
      // Python's datetime.now() knows no zone
    } else if (const char letter = at.any(kDirectives)) {
      directive += letter;
      char buffer[256];
      out.append(buffer, std::strftime(buffer, sizeof buffer, directive.c_str(), &parts));
    } else {
      rt.fail("unknown directive in the time format '{}'", printable(format, 40));
    }
  }
  return out;
}

double round_real(double value, int digits) {
  if (!std::isfinite(value) || digits > 330) return value;
  if (digits >= 0) return parse_real(fmt::format("{:.{}f}", value, digits)).value_or(value);
  if (digits < -330) return std::copysign(0.0, value);
  const double scale = std::pow(10.0, -digits);
  return std::nearbyint(value / scale) * scale;
}

}  // namespace pith::jinja
