#include "reason/answer.h"

#include <pcre2.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"

namespace pith {
namespace {

constexpr std::string_view kNumber = R"([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+]?\.\d+)";

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(space);
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

std::string_view without_full_stop(std::string_view text) {
  return trim(text.ends_with('.') ? text.substr(0, text.size() - 1) : text);
}

std::optional<std::string> find_boxed(std::string_view text) {
  constexpr std::string_view mark = "\\boxed{";
  for (std::size_t at = text.rfind(mark); at != std::string_view::npos;
       at = at == 0 ? std::string_view::npos : text.rfind(mark, at - 1)) {
    const std::size_t begin = at + mark.size();
    int depth = 1;
    for (std::size_t i = begin; i < text.size(); ++i) {
      depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
      if (depth == 0) return std::string(text.substr(begin, i - begin));
    }
  }
  return std::nullopt;
}

std::optional<std::string> find_after(std::string_view text, std::string_view phrase) {
  const std::size_t at = text.rfind(phrase);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = trim(text.substr(at + phrase.size()));
  rest = without_full_stop(trim(rest.substr(0, rest.find('\n'))));
  return rest.empty() ? std::nullopt : std::optional(std::string(rest));
}

// Where the value that begins at `begin` ends: at the bracket that closes it, whatever strings hold.
std::size_t json_end(std::string_view text, std::size_t begin) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

std::optional<std::string> find_json(std::string_view text, const std::string& pointer) {
  std::optional<std::string> found;
  for (std::size_t at = text.find_first_of("{["); at != std::string_view::npos;) {
    const std::size_t end = json_end(text, at);
    if (end == std::string_view::npos) break;
    std::size_t next = at + 1;
    try {
      const nlohmann::json document = parse_json(text.substr(at, end - at), "answer");
      const nlohmann::json::json_pointer where(pointer);
      if (document.contains(where)) {
        const nlohmann::json& value = document.at(where);
        found = value.is_string() ? value.get<std::string>() : value.dump();
      }
      next = end;
    } catch (const Error&) {
      // Brackets of another kind: what is inside may still be JSON.
    }
    at = text.find_first_of("{[", next);
  }
  return found;
}

std::string fold_case(std::string_view text) {
  const std::string valid = replace_invalid_utf8(text);
  utf8proc_uint8_t* folded = nullptr;
  const utf8proc_ssize_t length = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(valid.data()), static_cast<utf8proc_ssize_t>(valid.size()),
      &folded, static_cast<utf8proc_option_t>(UTF8PROC_CASEFOLD | UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  if (length < 0) return valid;
  std::string out(reinterpret_cast<const char*>(folded), static_cast<std::size_t>(length));
  std::free(folded);
  return out;
}

// The digits of a plain number in one form; nothing where `text` is none.
std::optional<std::string> normalise_number(std::string_view text) {
  std::string digits;
  bool negative = false, point = false, any = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 0 && (c == '-' || c == '+')) {
      negative = c == '-';
    } else if (c == ',' && any && !point) {
      continue;
    } else if (c == '.' && !point) {
      point = true;
      digits += c;
    } else if (c >= '0' && c <= '9') {
      any = true;
      digits += c;
    } else {
      return std::nullopt;
    }
  }
  if (!any) return std::nullopt;
  if (point) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.ends_with('.')) digits.pop_back();
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty() || digits.front() == '.') digits.insert(0, "0");
  return negative && digits != "0" ? "-" + digits : digits;
}

}  // namespace

struct AnswerRule::Expression {
  pcre2_code* code = nullptr;
  ~Expression() { pcre2_code_free(code); }

  Expression(std::string_view pattern, std::uint32_t options) {
    int error = 0;
    PCRE2_SIZE at = 0;
    code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error, &at,
                         nullptr);
    if (code) return;
    std::array<unsigned char, 200> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    fail_usage("--answer: '{}' is no regular expression: {} at character {}", printable(pattern),
               reinterpret_cast<const char*>(message.data()), at + 1);
  }

  std::optional<std::string> last_match(std::string_view text) const {
    const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
        pcre2_match_data_create_from_pattern(code, nullptr), pcre2_match_data_free);
    std::optional<std::string> found;
    for (std::size_t at = 0; at <= text.size();) {
      const int groups = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at, 0,
                                     match.get(), nullptr);
      if (groups == PCRE2_ERROR_NOMATCH) break;
      if (groups < 0) fail("--answer: the regular expression gave up (PCRE2 error {})", groups);
      const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(match.get());
      const std::size_t group = groups > 1 && ends[2] != PCRE2_UNSET ? 2 : 0;
      found = std::string(text.substr(ends[group], ends[group + 1] - ends[group]));
      at = ends[1];
      if (ends[1] > ends[0]) continue;
      if (at == text.size()) break;
      at += decode_utf8(text.substr(at)).length;
    }
    return found;
  }
};

AnswerRule::AnswerRule(std::string_view rule) : rule_(rule) {
  struct Named {
    std::string_view name;
    Kind kind;
  };
  constexpr std::array<Named, 7> kinds{{{"number", Kind::Number},
                                        {"boxed", Kind::Boxed},
                                        {"after:", Kind::After},
                                        {"regex:", Kind::Regex},
                                        {"json:", Kind::Json},
                                        {"choice:", Kind::Choice},
                                        {"text", Kind::Text}}};
  const auto named = std::ranges::find_if(kinds, [&](const Named& n) {
    return n.name.ends_with(':') ? rule.starts_with(n.name) && rule.size() > n.name.size() : rule == n.name;
  });
  if (named == kinds.end()) {
    fail_usage(
        "--answer: expected number, boxed, after:PHRASE, regex:EXPR, json:/POINTER, choice:A|B or text, "
        "found "
        "'{}'",
        printable(rule));
  }
  kind_ = named->kind;
  argument_ = rule.substr(named->name.size());
  constexpr std::uint32_t utf8 = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
  if (kind_ == Kind::Number) expression_ = std::make_unique<Expression>(kNumber, utf8);
  if (kind_ == Kind::Regex) expression_ = std::make_unique<Expression>(argument_, utf8);
  if (kind_ == Kind::Json) {
    try {
      (void)nlohmann::json::json_pointer(argument_);
    } catch (const nlohmann::json::exception&) {
      fail_usage("--answer: '{}' is no JSON pointer; expected one like /answer/0", printable(argument_));
    }
  }
  if (kind_ == Kind::Choice) {
    std::string words;
    for (std::size_t at = 0; at <= argument_.size();) {
      const std::size_t bar = std::min(argument_.find('|', at), argument_.size());
      if (bar == at) fail_usage("--answer: one of the choices is empty in '{}'", printable(rule));
      words += (at ? "|\\Q" : "\\Q") + argument_.substr(at, bar - at) + "\\E";
      at = bar + 1;
    }
    expression_ =
        std::make_unique<Expression>("(?<!\\w)(?:" + words + ")(?!\\w)", utf8 | PCRE2_CASELESS | PCRE2_UCP);
  }
}

AnswerRule::~AnswerRule() = default;
AnswerRule::AnswerRule(AnswerRule&&) noexcept = default;
AnswerRule& AnswerRule::operator=(AnswerRule&&) noexcept = default;

std::optional<std::string> AnswerRule::find(std::string_view text) const {
  switch (kind_) {
    case Kind::Boxed: return find_boxed(text);
    case Kind::After: return find_after(text, argument_);
    case Kind::Json: return find_json(text, argument_);
    case Kind::Text: {
      const std::string_view all = trim(text);
      return all.empty() ? std::nullopt : std::optional(std::string(all));
    }
    case Kind::Number:
    case Kind::Regex:
    case Kind::Choice: break;
  }
  return expression_->last_match(text);
}

std::string normalise_answer(std::string_view answer) {
  std::string_view core = without_full_stop(trim(answer));
  for (std::string_view sign : {"$", "€", "£"}) {
    if (core.starts_with(sign)) core = trim(core.substr(sign.size()));
  }
  if (core.ends_with('%')) core = trim(core.substr(0, core.size() - 1));
  if (std::optional<std::string> number = normalise_number(core)) return *std::move(number);

  std::string out;
  for (const char c : fold_case(without_full_stop(trim(answer)))) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!space) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

}  // namespace pith
