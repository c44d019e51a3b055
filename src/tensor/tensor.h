// A tensor as it lies in memory: a view, never an owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "tensor/types.h"

namespace pith {

/// Up to four dimensions, innermost first as in GGUF: a matrix of R rows and K columns has ne = {K, R, 1, 1}.
/// Elements of a row are contiguous; rows, matrices and stacks follow each other without gaps.
/// `data` may have any alignment.
struct Tensor {
  DType type = DType::F32;
  std::array<std::int64_t, 4> ne = {0, 1, 1, 1};
  const std::byte* data = nullptr;

  explicit operator bool() const { return data != nullptr; }
  std::int64_t cols() const { return ne[0]; }
  std::int64_t rows() const { return ne[1] * ne[2] * ne[3]; }
  std::int64_t elements() const { return cols() * rows(); }
  std::int64_t row_bytes() const { return cols() / type_info(type).block * type_info(type).bytes; }
  std::int64_t bytes() const { return row_bytes() * rows(); }

  /// Rows [first, first + count) as a matrix.
  Tensor row_slice(std::int64_t first, std::int64_t count) const {
    return {type, {cols(), count, 1, 1}, data + first * row_bytes()};
  }
  /// Matrix `i` of a stack {K, R, N}.
  Tensor matrix(std::int64_t i) const { return {type, {ne[0], ne[1], 1, 1}, data + i * ne[1] * row_bytes()}; }
};

/// "4096 x 32000" (innermost first), for messages.
std::string shape_string(const Tensor& tensor);

}  // namespace pith
