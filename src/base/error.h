// Throwing pith::Error with a formatted one-line message.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "pith/error.h"

namespace pith {

/// Throws Error. Text that came from a file goes through printable() first.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
[[noreturn]] void fail_usage(fmt::format_string<Args...> format, Args&&... args) {
  throw UsageError(fmt::format(format, std::forward<Args>(args)...));
}

/// Bytes from an untrusted source made safe for a terminal and for a one-line message: control
/// characters, escape sequences and invalid UTF-8 become \xNN, and what exceeds `limit` bytes is cut with
/// "...".
std::string printable(std::string_view text, std::size_t limit = 120);

}  // namespace pith
