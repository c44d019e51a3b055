// What users hand in: texts, token ids; and JSON handed out.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace pith::cli {

/// The text of a command: the argument; the file `file` unless empty; standard input where the argument is
/// "-", or where there is none and stdin is no terminal. Throws UsageError where nothing was given.
std::string read_text(const std::optional<std::string>& argument, const std::string& file,
                      std::string_view command);

/// `text` with invalid UTF-8 replaced by U+FFFD; a note on stderr says where the first was.
std::string valid_text(std::string text, std::string_view what);

/// Ids separated by blanks or commas. Throws UsageError.
std::vector<TokenId> read_token_ids(std::string_view text, std::string_view command);

/// One line of JSON; bytes that are not UTF-8 become U+FFFD.
std::string to_json_text(const nlohmann::ordered_json& value);
/// A JSON string with its quotes.
std::string to_json_string(std::string_view text);

}  // namespace pith::cli
