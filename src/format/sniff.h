// What a file that is not what it should be looks like, for a message that helps.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace pith {

/// "a Git LFS pointer: fetch the real file with 'git lfs pull'", judged by the first bytes; empty if unknown.
std::string_view looks_like(std::span<const std::byte> bytes);

}  // namespace pith
