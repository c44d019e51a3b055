#include "text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/utf8.h"
#include "text/unicode.h"
#include "text/vocabulary.h"

namespace pith {
namespace {

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

/// Calls one(code, out) for each character; bytes that are not UTF-8 are copied.
template <class F>
std::string map_characters(std::string_view text, const F& one) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char c = decode_utf8(text);
    if (c.valid) {
      one(c.code, out);
    } else {
      out.append(text.substr(0, c.length));
    }
    text.remove_prefix(c.length);
  }
  return out;
}

/// Calls one(run, out) for each run of well-formed UTF-8; other bytes are copied.
template <class F>
std::string map_valid_runs(std::string_view text, const F& one) {
  std::string out;
  while (!text.empty()) {
    std::size_t end = 0;
    Utf8Char c{0, 0, true};
    while (end < text.size() && (c = decode_utf8(text.substr(end))).valid) end += c.length;
    if (end > 0) one(text.substr(0, end), out);
    if (!c.valid) {
      out.append(text.substr(end, c.length));
      end += c.length;
    }
    text.remove_prefix(end);
  }
  return out;
}

std::string run_step(UnicodeForm form, std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  int options = UTF8PROC_STABLE;
  options |= form == UnicodeForm::NFC || form == UnicodeForm::NFKC ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == UnicodeForm::NFKC || form == UnicodeForm::NFKD) options |= UTF8PROC_COMPAT;
  return map_valid_runs(text, [options](std::string_view run, std::string& out) {
    utf8proc_uint8_t* mapped = nullptr;
    const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(run.data()),
                                               static_cast<utf8proc_ssize_t>(run.size()), &mapped,
                                               static_cast<utf8proc_option_t>(options));
    if (size < 0) {
      if (size == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
      fail("Unicode normalization failed on a text of {} bytes: {}", run.size(), utf8proc_errmsg(size));
    }
    out.append(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
    std::free(mapped);
  });
}

std::string run_step(const Replace& replace, std::string_view text) {
  std::string out;
  if (!replace.regex) {
    out = text;
    replace_all(out, replace.pattern, replace.content);
    return out;
  }
  std::size_t done = 0;
  replace.regex->for_each_match(text, [&](std::size_t begin, std::size_t end) {
    out.append(text.substr(done, begin - done)).append(replace.content);
    done = end;
  });
  return out.append(text.substr(done));
}

std::string run_step(const Prepend& prepend, std::string_view text) {
  return text.empty() ? std::string() : prepend.content + std::string(text);
}

void append_lowercase(char32_t c, std::string& out) {
  if (c == 0x130) {  // the one character whose lower case is two: i and a dot above
    out += "i\xcc\x87";
  } else {
    append_utf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  }
}

std::string run_step(const Lowercase&, std::string_view text) {
  return map_characters(text, append_lowercase);
}

std::string run_step(const Strip& strip, std::string_view text) {
  std::size_t begin = text.size(), end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char c = decode_utf8(text.substr(at));
    if (!c.valid || !is_white_space(c.code)) {
      begin = std::min(begin, at);
      end = at + c.length;
    }
    at += c.length;
  }
  if (end == 0 && (strip.left || strip.right)) return {};
  if (!strip.left) begin = 0;
  if (!strip.right) end = text.size();
  return std::string(text.substr(begin, end - begin));
}

std::string run_step(const StripAccents&, std::string_view text) {
  return map_characters(text, [](char32_t c, std::string& out) {
    if (!is_mark(c)) append_utf8(out, c);
  });
}

std::string run_step(const Nmt&, std::string_view text) {
  return map_characters(text, [](char32_t c, std::string& out) {
    const bool dropped =
        (c >= 0x1 && c <= 0x8) || c == 0xb || (c >= 0xe && c <= 0x1f) || c == 0x7f || c == 0x8f || c == 0x9f;
    const bool space = c == 0x9 || c == 0xa || c == 0xc || c == 0xd || c == 0x1680 ||
                       (c >= 0x200b && c <= 0x200f) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
                       c == 0xfeff || c == 0xfffd;
    if (!dropped) append_utf8(out, space ? U' ' : c);
  });
}

std::string run_step(const Precompiled& precompiled, std::string_view text) {
  return map_valid_runs(
      text, [&](std::string_view run, std::string& out) { out.append(precompiled.map->apply(run)); });
}

std::string run_step(const SqueezeSpaces&, std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string run_step(const BertNormalizer& bert, std::string_view text) {
  std::string out(text);
  if (bert.clean_text) {
    out = map_characters(out, [](char32_t c, std::string& o) {
      if (c == 0 || c == 0xfffd || is_control_character(c)) return;
      append_utf8(o, is_white_space(c) ? U' ' : c);
    });
  }
  if (bert.chinese_characters) {
    out = map_characters(out, [](char32_t c, std::string& o) {
      if (is_cjk_ideograph(c)) o += ' ';
      append_utf8(o, c);
      if (is_cjk_ideograph(c)) o += ' ';
    });
  }
  if (bert.strip_accents) {
    out = map_characters(run_step(UnicodeForm::NFD, out), [](char32_t c, std::string& o) {
      if (!is_nonspacing_mark(c)) append_utf8(o, c);
    });
  }
  if (bert.lowercase) out = run_step(Lowercase{}, out);
  return out;
}

}  // namespace

std::string Normalizer::normalize(std::string_view text) const {
  std::string out(text);
  for (const NormalizerStep& step : steps_) {
    out = std::visit([&](const auto& s) { return run_step(s, std::string_view(out)); }, step);
  }
  return out;
}

}  // namespace pith
