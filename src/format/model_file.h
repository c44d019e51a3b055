// What a model file holds, whatever its container: metadata and named tensors.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "format/metadata.h"
#include "tensor/tensor.h"

namespace pith {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Named tensors that lie in mapped files.
class TensorTable {
 public:
  /// Throws Error if the name is there already.
  void add(std::string name, Tensor tensor);
  /// nullptr if there is none of that name.
  const Tensor* find(std::string_view name) const;
  const std::vector<NamedTensor>& all() const { return tensors_; }
  std::vector<NamedTensor>& all() { return tensors_; }

 private:
  std::vector<NamedTensor> tensors_;
  std::unordered_map<std::string, std::size_t> index_;
};

enum class Container : std::uint8_t { Gguf, HuggingFace };

/// An opened model. Tensors and metadata are views of `files` and of `owned`.
struct ModelFile {
  std::string path;
  Container container = Container::Gguf;
  std::vector<std::shared_ptr<const MappedFile>> files;
  Metadata metadata;
  TensorTable tensors;
  std::deque<std::vector<float>> owned;  ///< small tensors that a container stores in another form
};

}  // namespace pith
