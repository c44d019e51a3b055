// Writing GGUF version 3, tensor by tensor, so that a model larger than memory can be written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "format/metadata.h"
#include "tensor/tensor.h"

namespace pith {

/// What one tensor of the new file is: `tensor.data` is not read.
struct TensorPlan {
  std::string name;
  Tensor tensor;
};

/// Writes the header, then each tensor's bytes as `produce(i, sink)` hands them over: it calls sink any
/// number of times with consecutive pieces, in all exactly tensor.bytes(). The file appears under its name
/// only when it is complete (a temporary beside it is renamed). Throws Error: unwritable, full disk, a wrong
/// number of bytes.
using ByteSink = std::function<void(std::span<const std::byte>)>;
void write_gguf(const std::filesystem::path& path, const Metadata& metadata,
                std::span<const TensorPlan> tensors,
                const std::function<void(std::size_t, const ByteSink&)>& produce);

}  // namespace pith
