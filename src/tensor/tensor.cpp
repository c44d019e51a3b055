#include "tensor/tensor.h"

#include <fmt/format.h>

namespace pith {

std::string shape_string(const Tensor& tensor) {
  int dims = 4;
  while (dims > 1 && tensor.ne[dims - 1] == 1) --dims;
  std::string out = fmt::format("{}", tensor.ne[0]);
  for (int i = 1; i < dims; ++i) out += fmt::format(" x {}", tensor.ne[i]);
  return out;
}

}  // namespace pith
