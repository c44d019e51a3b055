// A Hugging Face checkpoint as a GGUF file: where the two containers lay tensors out differently, the rows
// are put in GGUF's order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "format/metadata.h"
#include "model/model.h"

namespace pith {

/// Writes `model` (opened from a Hugging Face directory) with `metadata`, which is the model's own and what
/// the caller added (tokenizer, template). Matrices keep their storage type, vectors become F32 as GGUF
/// readers expect; Q and K rows are permuted where the architecture's GGUF form wants that, the experts of a
/// layer become one stack. `progress` hears tensors done and in all. Throws Error for an architecture whose
/// GGUF form differs in another way, and what write_gguf throws.
void write_as_gguf(const Model& model, const Metadata& metadata, const std::filesystem::path& path,
                   const std::function<void(std::size_t, std::size_t)>& progress);

}  // namespace pith
