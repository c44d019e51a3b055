// The outputs of several processes become one, in the order of the input.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

namespace pith {

struct Merged {
  std::int64_t lines = 0, failed = 0;
};

/// Hands the lines of all outputs to `write`, in the order of the input. Memory: 16 bytes a line. Throws
/// Error before anything is written: outputs that were made with different settings, a shard that is missing,
/// is there twice or is not finished, a line that is there twice or is damaged.
Merged merge_outputs(const std::vector<std::filesystem::path>& outputs,
                     const std::function<void(std::string_view line)>& write);

}  // namespace pith
