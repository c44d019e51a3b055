// The words that stories are told with: names, and tables of things with what belongs to them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pith::lab {

/// Rows of fields: the first is the word itself. The first rows are drawn most often (Zipf).
struct WordTable {
  std::string_view name;
  std::vector<std::string_view> fields;  ///< names of the columns after the first
  std::vector<std::string_view> rows;    ///< "kite|in the sky"

  /// A cell; `field` empty: the word. Throws Error for a field that the table does not have.
  std::string_view cell(std::size_t row, std::string_view field) const;
};

/// nullptr if there is none.
const WordTable* find_words(std::string_view table);

std::span<const std::string_view> girl_names();
std::span<const std::string_view> boy_names();
std::span<const std::string_view> animal_names();

}  // namespace pith::lab
