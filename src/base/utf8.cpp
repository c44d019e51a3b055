#include "base/utf8.h"

namespace pith {

Utf8Char decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  int trail;
  char32_t code;
  unsigned char low = 0x80,
                high = 0xbf;  // the range of the second byte; it excludes overlong forms and surrogates
  if (lead >= 0xc2 && lead <= 0xdf) {
    trail = 1, code = lead & 0x1f;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    trail = 2, code = lead & 0x0f;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    trail = 3, code = lead & 0x07;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return {0xfffd, 1, false};
  }
  std::size_t length = 1;
  for (int i = 0; i < trail; ++i, ++length, low = 0x80, high = 0xbf) {
    if (length >= text.size() || byte(length) < low || byte(length) > high) return {0xfffd, length, false};
    code = (code << 6) | (byte(length) & 0x3f);
  }
  return {code, length, true};
}

void append_utf8(std::string& out, char32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Char c = decode_utf8(text);
    if (!c.valid) return false;
    text.remove_prefix(c.length);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char c = decode_utf8(text);
    if (c.valid) {
      out.append(text.substr(0, c.length));
    } else {
      append_utf8(out, c.code);
    }
    text.remove_prefix(c.length);
  }
  return out;
}

std::size_t incomplete_utf8_suffix(std::string_view text) {
  // A lead byte is at most three bytes from the end if its character is incomplete.
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto lead = static_cast<unsigned char>(text[text.size() - back]);
    if ((lead & 0xc0) == 0x80) continue;
    const std::size_t need = lead >= 0xf0 && lead <= 0xf4   ? 4
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xc2 && lead <= 0xdf ? 2
                                                            : 1;
    const std::string_view tail = text.substr(text.size() - back);
    return need > back && decode_utf8(tail).length == back ? back : 0;
  }
  return 0;
}

}  // namespace pith
