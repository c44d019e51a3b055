// Base64 (RFC 4648), as tokenizer files hold their bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pith {

/// Padding may be left out; nothing if there is any other character or an impossible length.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace pith
