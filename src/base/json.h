// Untrusted JSON text: parsed with bounded depth, its errors turned into one line.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace pith {

/// Parses one JSON document; `what` names it in messages ("/models/x/config.json"). Throws Error with line
/// and column on a syntax error, a nesting deeper than 200, or bytes after the document.
nlohmann::json parse_json(std::string_view text, std::string_view what);

}  // namespace pith
