#include "format/model_file.h"

#include "base/error.h"

namespace pith {

void TensorTable::add(std::string name, Tensor tensor) {
  if (!index_.try_emplace(name, tensors_.size()).second) fail("tensor '{}' occurs twice", printable(name));
  tensors_.push_back({std::move(name), tensor});
}

const Tensor* TensorTable::find(std::string_view name) const {
  const auto it = index_.find(std::string(name));
  return it == index_.end() ? nullptr : &tensors_[it->second].tensor;
}

}  // namespace pith
