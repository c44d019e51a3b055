// What made an output, in a small file beside it (OUT.manifest): with it the work can go on later, and the
// parts of several processes be put together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "batch/shard.h"

namespace pith {

/// Everything that the bytes of an output depend on, each with the name that messages give it.
using BatchSettings = std::vector<std::pair<std::string, std::string>>;

struct BatchManifest {
  std::int64_t created = 0;  ///< when the output was begun: seconds since 1970
  BatchSettings settings;
  Shard shard;
  /// Once all lines have their answer.
  struct Totals {
    std::int64_t input_lines = 0;  ///< of the whole input
    std::int64_t requests = 0;     ///< lines of the output
  };
  std::optional<Totals> complete;
};

std::filesystem::path manifest_path(const std::filesystem::path& output);

/// Throws Error. Nothing where there is none.
std::optional<BatchManifest> read_manifest(const std::filesystem::path& output);
/// Completely or not at all. Throws Error.
void write_manifest(const std::filesystem::path& output, const BatchManifest& manifest);

/// The first setting in which two manifests differ, in words; empty where there is none. Shards are no
/// setting.
std::string difference(const BatchSettings& before, const BatchSettings& now);

}  // namespace pith
