// GGUF, versions 1 to 3, read in place from a mapped file.
// Reference: docs/gguf.md of ggml-org/ggml.
#pragma once

#include <filesystem>

#include "format/model_file.h"

namespace pith {

/// True if the file begins with GGUF's magic number. Throws Error if it cannot be read.
bool is_gguf(const std::filesystem::path& path);

/// Opens a file, or all files of a split model given any one of them (name-00001-of-0000N.gguf).
/// Everything in it is checked before it is believed: counts, lengths, types, shapes, offsets, overlaps.
/// Throws Error; what was allocated by then is bounded by the file's size.
ModelFile open_gguf(const std::filesystem::path& path);

}  // namespace pith
