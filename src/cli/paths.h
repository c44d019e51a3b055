// Files that the user names: found, read and held against each other before the work begins.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pith::cli {

/// Whether something of that name is there. Throws Error where the system does not say.
bool is_there(const std::filesystem::path& path);

/// Whether there is a file of that name that is not empty.
bool holds_something(const std::filesystem::path& path);

/// Throws UsageError where both are the same file.
void refuse_same(const std::filesystem::path& in, const std::filesystem::path& out);

/// For a result that is written when the work is done. Throws UsageError where it would replace one of the
/// inputs (an empty one is none), Error where it cannot be written.
void check_output(const std::filesystem::path& out, const std::vector<std::filesystem::path>& inputs);

/// The source of a chat template. Throws Error, also where there is none in the file.
std::string read_template(const std::filesystem::path& path);

}  // namespace pith::cli
