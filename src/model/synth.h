// Model files with random weights, of any size: for measuring without downloads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "format/quant_recipe.h"
#include "model/shapes.h"

namespace pith {

/// Bytes of the weights of such a file. Throws UsageError for sizes that no model can have.
std::uint64_t synth_bytes(const Shape& shape, const QuantRecipe& recipe);

/// What the file says of itself, less a tokenizer.
Metadata synth_metadata(const Shape& shape, const QuantRecipe& recipe);

/// Writes a GGUF file with the shape's tensors. The same shape, recipe and seed give the same bytes on every
/// machine. Matrices are normal with deviation 1 / sqrt(inputs), quantised as `pith quantize` does, so that
/// activations and logits keep an ordinary size. Memory: a few MiB whatever the size. `progress` hears the
/// bytes written and in all. Throws UsageError for sizes that no model can have, and what write_gguf throws.
void write_synth(const std::filesystem::path& path, const Metadata& metadata, const Shape& shape,
                 const QuantRecipe& recipe, std::uint64_t seed,
                 const std::function<void(std::uint64_t, std::uint64_t)>& progress);

}  // namespace pith
