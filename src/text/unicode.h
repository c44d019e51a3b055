// The Unicode character classes that tokenizers name.
#pragma once

namespace pith {

/// White_Space, as Rust's and Oniguruma's \s.
bool is_white_space(char32_t c);
/// \w of UTS 18: letters, marks, decimal numbers, connectors.
bool is_word_character(char32_t c);
/// General categories M*.
bool is_mark(char32_t c);
/// General category Mn: most accents.
bool is_nonspacing_mark(char32_t c);
/// Categories Cc, Cf and Co, without tab, newline and carriage return, which count as white space.
bool is_control_character(char32_t c);
/// The CJK blocks that BertNormalizer puts spaces around.
bool is_cjk_ideograph(char32_t c);

}  // namespace pith
