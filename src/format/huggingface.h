// A Hugging Face model directory, as its files say it; what the names mean is decided in model/.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "format/model_file.h"

namespace pith {

/// config.json, generation_config.json (null if absent) and the tensors of model.safetensors or of the shards
/// that model.safetensors.index.json names. Tensor names and shapes are the files' own, the dimensions
/// reversed to innermost first.
struct HuggingFaceDir {
  std::filesystem::path path;
  std::unique_ptr<nlohmann::json> config;
  std::unique_ptr<nlohmann::json> generation_config;
  std::vector<std::shared_ptr<const MappedFile>> files;
  TensorTable tensors;

  HuggingFaceDir();
  HuggingFaceDir(HuggingFaceDir&&) noexcept;
  HuggingFaceDir& operator=(HuggingFaceDir&&) noexcept;
  ~HuggingFaceDir();  // out of line: here the JSON type is incomplete
};

/// Throws Error: no config.json, no safetensors, a malformed or truncated file, a shard missing.
HuggingFaceDir open_huggingface(const std::filesystem::path& path);

}  // namespace pith
