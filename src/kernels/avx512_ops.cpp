// Norms, rotation, element-wise operations, activations, codecs and attention at the AVX-512 level.
#include "kernels/avx512.h"
#include "kernels/avx512_simd.h"
#include "kernels/vector_attend.h"
#include "kernels/vector_rows.h"

namespace pith {

void fill_avx512_ops(Kernels& kernels) {
  fill_rows(kernels);
  fill_attention(kernels);
}

}  // namespace pith
