// What a model file holds, whatever its container: metadata and named tensors.
#pragma once

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

/// An opened model. Tensors and metadata are views of `files`.
struct ModelFile {
  std::string path;
  std::vector<std::shared_ptr<const MappedFile>> files;
  Metadata metadata;
  TensorTable tensors;
};

}  // namespace pith
