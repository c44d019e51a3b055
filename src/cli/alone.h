// The program that is linked without shared libraries, and its twin with them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pith::cli {

/// Becomes the twin, with the same command and arguments. Throws Error where it cannot be found.
[[noreturn]] void run_with_shared_libraries(std::string_view command,
                                            const std::vector<std::string>& arguments);

}  // namespace pith::cli
