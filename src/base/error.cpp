#include "base/error.h"

#include "base/utf8.h"

namespace pith {

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    if (out.size() >= limit) return out + "...";
    const Utf8Char c = decode_utf8(text.substr(at));
    // C1 control characters (U+0080..U+009F) start escape sequences on some terminals too.
    const bool control = c.code < 0x20 || (c.code >= 0x7f && c.code < 0xa0);
    if (c.valid && !control) {
      out.append(text.substr(at, c.length));
    } else {
      for (std::size_t i = 0; i < c.length; ++i) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at + i]));
      }
    }
    at += c.length;
  }
  return out;
}

}  // namespace pith
