// UTF-8, as the Unicode standard defines it (chapter 3, table 3-7): no overlong forms, no surrogates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pith {

struct Utf8Char {
  char32_t code;       ///< the code point; U+FFFD where the bytes are not valid
  std::size_t length;  ///< bytes taken; of an ill-formed sequence its maximal valid prefix, at least 1
  bool valid;
};

/// The first character of `text`, which must not be empty.
Utf8Char decode_utf8(std::string_view text);

void append_utf8(std::string& out, char32_t code);

bool is_valid_utf8(std::string_view text);

/// `text` with every ill-formed sequence replaced by U+FFFD (one per maximal subpart, as browsers and Python
/// do).
std::string replace_invalid_utf8(std::string_view text);

/// How many bytes at the end of `text` are the beginning of a character that is not complete yet: 0 to 3.
/// What streaming output has to hold back.
std::size_t incomplete_utf8_suffix(std::string_view text);

}  // namespace pith
