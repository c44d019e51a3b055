// A Hugging Face checkpoint as a GGUF file: where the two containers lay tensors out differently, the rows
// are put in GGUF's order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "format/metadata.h"
#include "model/model.h"

namespace pith {

/// Writes `model` (opened from a Hugging Face directory, for converting) with `metadata`, which is the
/// model's own and what the caller added (tokenizer, template). Matrices keep their storage type, vectors
/// become F32 as GGUF readers expect. Rows and columns are put in GGUF's order (q, k and v one after the
/// other, pairs of Q and K side by side, transposed matrices upright, value heads tiled), the experts of a
/// layer become one stack of each matrix, MXFP4 blocks and scales become one tensor. `progress` hears tensors
/// done and in all. Throws Error: what write_gguf throws.
void write_as_gguf(const Model& model, const Metadata& metadata, const std::filesystem::path& path,
                   const std::function<void(std::size_t, std::size_t)>& progress);

}  // namespace pith
