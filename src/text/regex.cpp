#include "text/regex.h"

#include <pcre2.h>

#include <algorithm>
#include <cstdint>

#include "base/error.h"
#include "base/utf8.h"

namespace pith {
namespace {

// White_Space of Unicode, as Oniguruma and Rust have it for \s; PCRE2's \s has U+180E too.
constexpr std::string_view kSpace =
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{"
    "3000}";
constexpr std::string_view kNotSpace =
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-"
    "\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}";
// \w there is UTS 18's definition; PCRE2's (10.42) lacks marks and connectors.
constexpr std::string_view kWord = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";

// Steps of the backtracking engine that a match may take at one place: what models ship needs a few for each
// character of the match, and an expression of exponential cost is stopped at once.
std::uint32_t match_limit(std::size_t length) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(10'000 + 100 * length, 1'000'000'000));
}
constexpr std::size_t kJitStackStart = std::size_t{64} << 10;
constexpr std::size_t kJitStackLimit = std::size_t{64} << 20;

struct Deleter {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
  void operator()(pcre2_jit_stack* p) const { pcre2_jit_stack_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;

/// What matching needs beside the code; one for each thread.
struct Matcher {
  Owned<pcre2_match_data> data{pcre2_match_data_create(1, nullptr)};
  Owned<pcre2_match_context> context{pcre2_match_context_create(nullptr)};
  Owned<pcre2_jit_stack> stack{pcre2_jit_stack_create(kJitStackStart, kJitStackLimit, nullptr)};

  Matcher() {
    if (!data || !context) throw std::bad_alloc();
    pcre2_set_heap_limit(context.get(), static_cast<std::uint32_t>(kJitStackLimit >> 10));
    if (stack) pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }
};

Matcher& matcher() {
  thread_local Matcher instance;
  return instance;
}

std::string message_of(int code) {
  PCRE2_UCHAR text[160];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

/// Rewrites an expression item by item.
class Translator {
 public:
  explicit Translator(std::string_view in) : in_(in) {}

  std::string run() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (c == '\\') {
        escape();
      } else if (c == '[') {
        open_class();
      } else if (c == ']' && in_class_) {
        in_class_ = false;
        copy(1);
      } else if (c == '&' && in_class_ && in_.substr(at_).starts_with("&&")) {
        fail("the regular expression '{}' intersects character classes (&&), which is not supported",
             printable(in_, 400));
      } else {
        copy(1);
      }
    }
    return std::move(out_);
  }

 private:
  void copy(std::size_t n) {
    out_.append(in_.substr(at_, n));
    at_ = std::min(at_ + n, in_.size());
  }

  void put_class(std::string_view members, bool negated = false) {
    if (in_class_) {
      out_.append(members);
    } else {
      out_.append(negated ? "[^" : "[").append(members).append("]");
    }
  }

  void open_class() {
    if (in_class_) {  // [:alpha:] stays what it is; a bare bracket is a literal in PCRE2, a nested class
                      // elsewhere
      const std::size_t end =
          in_.substr(at_).starts_with("[:") ? in_.find(":]", at_) : std::string_view::npos;
      if (end == std::string_view::npos) {
        fail("the regular expression '{}' nests character classes, which is not supported",
             printable(in_, 400));
      }
      copy(end + 2 - at_);
      return;
    }
    in_class_ = true;
    copy(1);
    if (at_ < in_.size() && in_[at_] == '^') copy(1);
    if (at_ < in_.size() && in_[at_] == ']') copy(1);  // a bracket that comes first is a member
  }

  void escape() {
    if (at_ + 1 == in_.size()) return copy(1);
    switch (in_[at_ + 1]) {
      case 's': put_class(kSpace); break;
      case 'S': in_class_ ? put_class(kNotSpace) : put_class(kSpace, true); break;
      case 'w': put_class(kWord); break;
      case 'W':
        if (in_class_) {
          fail("the regular expression '{}' has \\W in a character class, which is not supported",
               printable(in_, 400));
        }
        put_class(kWord, true);
        break;
      case 'b': word_boundary(false); break;
      case 'B': word_boundary(true); break;
      case 'p':
      case 'P': return property();
      default: return copy(2);
    }
    at_ += 2;
  }

  void word_boundary(bool negated) {
    if (in_class_) {  // a backspace
      out_.append("\\x{8}");
      return;
    }
    const std::string w = fmt::format("[{}]", kWord);
    out_.append(negated ? fmt::format("(?:(?<={0})(?={0})|(?<!{0})(?!{0}))", w)
                        : fmt::format("(?:(?<={0})(?!{0})|(?<!{0})(?={0}))", w));
  }

  /// \p{Han} is the Script property there and Script_Extensions in PCRE2.
  void property() {
    const std::size_t end =
        in_.substr(at_ + 2).starts_with("{") ? in_.find('}', at_) : std::string_view::npos;
    if (end == std::string_view::npos) return copy(2);
    const std::string_view name = in_.substr(at_ + 3, end - at_ - 3);
    static constexpr std::string_view kScripts[] = {
        "Han",    "Hiragana", "Katakana",   "Latin",   "Greek", "Arabic",   "Cyrillic", "Hangul",
        "Hebrew", "Thai",     "Devanagari", "Bengali", "Tamil", "Bopomofo", "Common"};
    if (std::find(std::begin(kScripts), std::end(kScripts), name) == std::end(kScripts))
      return copy(end + 1 - at_);
    out_.append(in_.substr(at_, 3)).append("sc:").append(name).append("}");
    at_ = end + 1;
  }

  std::string_view in_;
  std::size_t at_ = 0;
  bool in_class_ = false;
  std::string out_;
};

/// The end of the longest run of well-formed UTF-8 from `begin`.
std::size_t end_of_valid(std::string_view text, std::size_t begin) {
  while (begin < text.size()) {
    if (static_cast<unsigned char>(text[begin]) < 0x80) {
      ++begin;
      continue;
    }
    const Utf8Char c = decode_utf8(text.substr(begin));
    if (!c.valid) break;
    begin += c.length;
  }
  return begin;
}

std::size_t after_char(std::string_view text, std::size_t at) {
  return at < text.size() ? at + decode_utf8(text.substr(at)).length : at + 1;
}

}  // namespace

struct Regex::Code {
  Owned<pcre2_code> code;
  bool jit = false;
};

std::string to_pcre2(std::string_view expression) { return Translator(expression).run(); }

std::string Regex::literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80 && !std::isalnum(static_cast<unsigned char>(c))) {
      out += fmt::format("\\x{{{:x}}}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out;
}

Regex::Regex(std::string_view expression) : expression_(expression) {
  if (!is_valid_utf8(expression)) {
    fail("the regular expression '{}' is not UTF-8", printable(expression, 400));
  }
  const std::string dialect = to_pcre2(expression);
  int code = 0;
  PCRE2_SIZE where = 0;
  auto compiled = std::make_shared<Code>();
  compiled->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(dialect.data()), dialect.size(),
                                     PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &code,
                                     &where, nullptr));
  if (!compiled->code) {
    fail("the regular expression '{}' cannot be used: {}", printable(expression, 400), message_of(code));
  }
  compiled->jit = pcre2_jit_compile(compiled->code.get(), PCRE2_JIT_COMPLETE) == 0;
  code_ = std::move(compiled);
}

void Regex::for_each_match(std::string_view text,
                           const std::function<void(std::size_t, std::size_t)>& visit) const {
  Matcher& m = matcher();
  const pcre2_code* code = code_->code.get();
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(m.data.get());
  for (std::size_t base = 0; base < text.size();) {
    const std::size_t limit = end_of_valid(text, base);
    const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data() + base);
    const std::size_t length = limit - base;
    std::size_t at = 0, last_end = length + 1;
    pcre2_set_match_limit(m.context.get(), match_limit(length));
    while (length > 0 && at <= length) {
      const int rc = code_->jit ? pcre2_jit_match(code, subject, length, at, 0, m.data.get(), m.context.get())
                                : pcre2_match(code, subject, length, at, PCRE2_NO_UTF_CHECK, m.data.get(),
                                              m.context.get());
      if (rc == PCRE2_ERROR_NOMATCH) break;
      if (rc < 0) {
        fail("the regular expression '{}' gave up on a text of {} bytes: {}", printable(expression_, 400),
             length, message_of(rc));
      }
      const std::size_t begin = ends[0], end = std::max(ends[0], ends[1]);
      if (begin == end && begin == last_end) {  // an empty match at the end of the last one does not count
        at = after_char(text.substr(base, length), end);
        last_end = length + 1;
        continue;
      }
      visit(base + begin, base + end);
      last_end = end;
      at = end;
      if (begin == end) at = after_char(text.substr(base, length), end);
    }
    base = limit;
    while (base < text.size()) {  // skip what is not UTF-8
      const Utf8Char c = decode_utf8(text.substr(base));
      if (c.valid) break;
      base += c.length;
    }
  }
}

}  // namespace pith
