// JSON values <-> template values.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "text/jinja_runtime.h"

namespace pith::jinja {

Value from_json(Runtime& rt, const nlohmann::ordered_json& json);

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  bool multiline = false;  ///< an item per line
  std::string indent;      ///< one level's indentation, if multiline
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

/// As Python's json.dumps writes it.
std::string to_json(Runtime& rt, const Value& value, const JsonStyle& style);

/// A text as a JSON string, in quotes.
std::string quote_json(std::string_view text, bool ensure_ascii);

}  // namespace pith::jinja
