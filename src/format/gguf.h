// GGUF, versions 1 to 3, read in place from a mapped file.
// Reference: docs/gguf.md of ggml-org/ggml.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "format/model_file.h"

namespace pith {

/// True if the file begins with GGUF's magic number. Throws Error if it cannot be read.
bool is_gguf(const std::filesystem::path& path);

/// What a file with this metadata aligns its tensors to: general.alignment, or 32. Throws Error: not a u32,
/// not a power of two, above 1 MiB.
std::uint64_t gguf_alignment(const Metadata& metadata);

/// One GGUF file in memory; `path` names it in messages. The result's views point into `bytes`.
/// Everything is checked before it is believed: counts, lengths, types, shapes, offsets, overlaps. Throws
/// Error with the byte where it is; what was allocated by then is bounded by the file's size.
ModelFile parse_gguf(std::span<const std::byte> bytes, std::string path);

/// Opens a file, or all files of a split model given any one of them (name-00001-of-0000N.gguf): the metadata
/// is the first part's, without its split.* keys. Throws Error.
ModelFile open_gguf(const std::filesystem::path& path);

}  // namespace pith
