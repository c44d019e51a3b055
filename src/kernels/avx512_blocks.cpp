// Weights in blocks of 32 at the AVX-512 level.
#include "kernels/avx512.h"
#include "kernels/avx512_quant.h"

namespace pith {

void fill_avx512_blocks(Kernels& kernels) {
  fill<UnpackQ8_0>(kernels);
  fill<UnpackQ4_0>(kernels);
  fill<UnpackQ4_1>(kernels);
  fill<UnpackQ5_0>(kernels);
  fill<UnpackQ5_1>(kernels);
  fill<UnpackIQ4_NL>(kernels);
  fill<UnpackMXFP4>(kernels);
}

}  // namespace pith
