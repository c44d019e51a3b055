// A training run on disk: everything it needs to go on bit by bit as if it had never stopped.
//
// The file: "pithlab1", the header's length (8 bytes, little-endian), the header (JSON: shape, state,
// config), parameters and the two moments (F32), a hash of all of it (8 bytes).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "train/config.h"
#include "train/net/shape.h"

namespace pith::lab {

struct Checkpoint {
  Shape shape;
  std::map<std::string, double> state;  ///< counters and the like, by name
  std::string config;                   ///< Config::canonical() of the step that wrote it
  std::vector<float> parameters, first, second;

  /// Throws Error where there is no such number.
  double number(const std::string& name) const;
};

/// The keys of "model" in a config; the vocabulary comes from the tokenizer.
Shape read_shape(const Config& config, std::int64_t vocab);

/// Appears under its name when it is complete. Throws Error: not writable, a full disk.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);
/// Throws Error: no such file, damaged.
Checkpoint read_checkpoint(const std::filesystem::path& path);

/// checkpoint-STEP in the folder of a run, zeros in front so that names sort.
std::filesystem::path checkpoint_path(const std::filesystem::path& run, std::int64_t step);
/// The one of the highest step; nothing where the run has none.
std::optional<std::filesystem::path> latest_checkpoint(const std::filesystem::path& run);
/// Removes all but the `keep` latest.
void remove_old_checkpoints(const std::filesystem::path& run, std::size_t keep);

}  // namespace pith::lab
