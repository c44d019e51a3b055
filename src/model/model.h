// A model opened and checked: what all that follows reads.
#pragma once

#include <filesystem>
#include <memory>

#include "format/model_file.h"
#include "model/archs.h"
#include "model/spec.h"
#include "model/weights.h"

namespace pith {

struct Model {
  ModelFile file;  ///< metadata and tensors under GGUF's names
  const Arch* arch;
  Spec spec;
  Weights weights;

  std::uint64_t weight_bytes() const;
  /// Of all tensors, and of those that one token uses (an expert counts where it is active).
  std::uint64_t parameters() const;
  std::uint64_t active_parameters() const;
};

/// Opens a model file with its metadata and tensors, whatever the container: a .gguf file (or one part of a
/// split one), or a Hugging Face directory. Does not need an architecture that pith can run. Throws Error.
ModelFile open_model_file(const std::filesystem::path& path);

/// Opens and binds. Throws Error.
std::shared_ptr<const Model> open_model(const std::filesystem::path& path, Purpose purpose = Purpose::Run);

}  // namespace pith
