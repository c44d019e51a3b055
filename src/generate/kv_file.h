// Prefixes of the KV cache in a file: what was read once need not be read again in the next run.
//
// The file (little-endian): a header that binds it to what made it, the sequences with their pages, and a
// checksum of all that. A sequence that begins like an earlier one of the file holds only what is its own.
#pragma once

#include <cstdint>
#include <filesystem>

#include "generate/prefix_cache.h"
#include "model/model.h"

namespace pith {

/// A hash of the model's metadata, of its tensors' names, types and shapes, and of samples of their data.
std::uint64_t fingerprint(const Model& model);

/// Writes the whole pages of `prefixes`, which lie in `cache`; `only_reused`: those that were found again.
/// The file appears completely or not at all. Throws Error.
void save_prefixes(const std::filesystem::path& path, const Model& model, const KvCache& cache,
                   const PrefixCache& prefixes, bool only_reused = false);

/// Adds to `prefixes` what the file holds, the most recently used first, as far as there are free pages.
/// Returns the tokens of the longest sequence. Throws Error, and adds nothing, where the file was made with
/// another model, KV type or instruction-set level, or is damaged.
std::int64_t restore_prefixes(const std::filesystem::path& path, const Model& model, KvCache& cache,
                              PrefixCache& prefixes);

}  // namespace pith
