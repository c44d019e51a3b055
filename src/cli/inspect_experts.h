// What pith run --expert-stats wrote, for people.
#pragma once

#include <string>

namespace pith::cli {

/// For each layer its balance, and for each of its experts, busiest first: load, mean weight, who works with
/// it most, and its specialities. Throws Error where the file is not such statistics.
std::string describe_experts(const std::string& path);

}  // namespace pith::cli
