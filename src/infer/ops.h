// The operations that all threads of a step do together, and the memory they share.
// Rows are tokens. Every operation ends with all threads past it.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "base/memory.h"
#include "base/team.h"
#include "kernels/kernels.h"
#include "model/weights.h"

namespace pith {

inline const Matmul& matmul_of(const Kernels& kernels, const Linear& w) {
  return kernels.matmul[static_cast<std::size_t>(w.weight.type)];
}

/// What the matrix multiplies. A transposed one takes its input as it is, whatever its type.
InputKind input_kind(const Kernels& kernels, const Linear& w);

/// Bytes of scratch that a product with this matrix needs of a thread.
std::size_t matmul_scratch(const Kernels& kernels, const Linear& w);

/// The kinds of prepared input that these matrices read, as a bit mask. Null matrices count for nothing.
unsigned input_kinds(const Kernels& kernels, std::initializer_list<const Linear*> matrices);

/// An input of matrices: each token's row prepared once for every kind of matrix that reads it.
class Inputs {
 public:
  /// Room for `tokens` rows of up to `k` elements. Memory of a kind that nothing reads is never touched.
  Inputs(const Kernels& kernels, std::int64_t tokens, std::int64_t k);
  static std::size_t bytes(const Kernels& kernels, std::int64_t tokens, std::int64_t k, unsigned kinds);

  /// Row t from x [k], for the kinds of the mask.
  void prepare(unsigned kinds, std::int64_t t, const float* x, std::int64_t k);
  /// Rows that follow each other, t first.
  const std::byte* rows(InputKind kind, std::int64_t t, std::int64_t k) const;
  std::byte* rows(InputKind kind, std::int64_t t, std::int64_t k);

 private:
  const Kernels* kernels_;
  LazyMemory memory_[kInputKinds];
};

/// One product of a multiply: y[t * ldy + r] = (W x[t] + bias)[r].
struct Product {
  float* y;
  std::int64_t ldy;
  const Linear* w;  ///< null: skipped
};

/// Rows [begin, end) of one product, by the calling thread alone. `x`: prepared rows that follow each other;
/// `scratch`: matmul_scratch() bytes of this thread.
void multiply_rows(const Kernels& kernels, const Product& product, const std::byte* x, std::int64_t tokens,
                   std::int64_t begin, std::int64_t end, void* scratch);

/// Computes the products of one input; the threads share out the rows of all matrices together.
void multiply(Worker& worker, const Kernels& kernels, std::initializer_list<Product> products,
              const Inputs& x, std::int64_t tokens, void* scratch);

}  // namespace pith
