// Python's view of text: operations on UTF-8 that count characters, not bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pith::jinja {

std::size_t count_chars(std::string_view text);

/// The byte offset of character `index`; text.size() from the end on.
std::size_t char_offset(std::string_view text, std::size_t index);

/// The characters of `text`, each as its own UTF-8 text.
std::vector<std::string_view> split_chars(std::string_view text);

/// str.isspace of one character.
bool is_space(char32_t c);

/// Without the white space at the beginning (the end), or without the characters that `chars` holds.
std::string_view lstrip(std::string_view text, std::optional<std::string_view> chars = {});
std::string_view rstrip(std::string_view text, std::optional<std::string_view> chars = {});

/// The offset of the first (last) occurrence, or npos. Time is linear in the lengths, whatever the texts.
std::size_t find_text(std::string_view text, std::string_view what, std::size_t from = 0);
std::size_t rfind_text(std::string_view text, std::string_view what);

/// str.split and str.rsplit; without a separator runs of white space separate. `limit` < 0: no limit.
std::vector<std::string_view> split(std::string_view text, std::optional<std::string_view> separator,
                                    long long limit);
std::vector<std::string_view> rsplit(std::string_view text, std::optional<std::string_view> separator,
                                     long long limit);
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string capitalize(std::string_view text);
std::string swap_case(std::string_view text);
/// str.title: a letter after another letter is lower case, any other upper case.
std::string title(std::string_view text);

/// What each character of a text is asked for by isalpha() and the like.
struct CharClass {
  bool letter, decimal, digit, numeric, space, upper, lower;
};
CharClass char_class(char32_t c);

/// str.isupper (`want_upper`) and str.islower: at least one cased character, and all of them in that case.
bool all_cased(std::string_view text, bool want_upper);

/// The text as a number, as Python's int() and float() read it; nothing if it is none (or does not fit in 64
/// bits).
std::optional<long long> parse_integer(std::string_view text, int base = 10);
std::optional<double> parse_real(std::string_view text);

/// repr() of a float: the shortest digits that read back as the same number.
std::string repr_real(double value);

/// repr() of a str, in quotes.
std::string repr_text(std::string_view text);

/// As MarkupSafe does it.
std::string escape_html(std::string_view text);

}  // namespace pith::jinja
