// Matrix products, by OpenBLAS on the calling thread.
#pragma once

#include <cstdint>
#include <type_traits>

namespace pith::lab {

/// A view of rows that lie `stride` elements apart.
template <class T>
struct Matrix {
  T* data;
  std::int64_t rows, cols, stride;

  Matrix(T* d, std::int64_t r, std::int64_t c) : Matrix(d, r, c, c) {}
  Matrix(T* d, std::int64_t r, std::int64_t c, std::int64_t s) : data(d), rows(r), cols(c), stride(s) {}
  operator Matrix<const T>() const { return {data, rows, cols, stride}; }
};

/// A factor: its type follows that of the result.
template <class T>
using Input = Matrix<const std::type_identity_t<T>>;

enum class Into : std::uint8_t { Set, Add };  ///< what a product does with what is there

/// C = A B^T: the forward pass, where rows of B are weights.
template <class T>
void times_transposed(Matrix<T> c, Input<T> a, Input<T> b, Into into = Into::Set);
/// C = A B: the gradient of an input.
template <class T>
void times(Matrix<T> c, Input<T> a, Input<T> b, Into into = Into::Set);
/// C = A^T B: the gradient of weights.
template <class T>
void transposed_times(Matrix<T> c, Input<T> a, Input<T> b, Into into = Into::Set);

/// Products stay on the thread that asks for them; once, at the start of a program.
void use_one_blas_thread();

}  // namespace pith::lab
