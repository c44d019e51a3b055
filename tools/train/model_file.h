// A trained network as a GGUF file that the engine, and any other reader of GGUF, runs.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "train/net/shape.h"

namespace pith::lab {

struct ModelFileOptions {
  std::string name;                 ///< general.name
  std::filesystem::path tokenizer;  ///< tokenizer.json, its folder, or a GGUF file; with the chat template
  std::string type = "F32";         ///< of matrices: "F32" or a recipe of pith quantize, such as "Q8_0"
  bool scalar_head = false;         ///< with cls.output: a reward model
};

/// Throws Error: no such tokenizer, one of another size than the vocabulary, not writable, a full disk.
void write_model_file(const std::filesystem::path& path, const Shape& shape,
                      std::span<const float> parameters, const ModelFileOptions& options);

}  // namespace pith::lab
