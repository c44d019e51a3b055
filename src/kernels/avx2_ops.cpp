// Norms, rotation, element-wise operations, activations, codecs and attention at the AVX2 level.
#include "kernels/avx2.h"
#include "kernels/avx2_simd.h"
#include "kernels/vector_attend.h"
#include "kernels/vector_rows.h"

namespace pith {

void fill_avx2_ops(Kernels& kernels) {
  fill_rows(kernels);
  fill_attention(kernels);
}

}  // namespace pith
