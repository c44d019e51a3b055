// Untrusted JSON text: parsed with bounded depth, its errors turned into one line.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace pith {

/// What to do where an object has the same key twice. RFC 8259 leaves it open; most readers keep the last.
enum class DuplicateKeys { KeepLast, Reject };

/// Parses one JSON document; `what` names it in messages ("/models/x/config.json"). Throws Error with line
/// and column on a syntax error, invalid UTF-8, a nesting deeper than 200, or bytes after the document.
nlohmann::json parse_json(std::string_view text, std::string_view what,
                          DuplicateKeys duplicates = DuplicateKeys::KeepLast);

/// The same, with the keys of objects in the order of the text: what chat templates print shows it.
nlohmann::ordered_json parse_ordered_json(std::string_view text, std::string_view what);

}  // namespace pith
