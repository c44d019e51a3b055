// Weights in super-blocks of 256 at the AVX-512 level.
#include "kernels/avx512.h"
#include "kernels/avx512_quant.h"

namespace pith {

void fill_avx512_super_blocks(Kernels& kernels) {
  fill<UnpackQ2_K>(kernels);
  fill<UnpackQ3_K>(kernels);
  fill<UnpackQ4_K>(kernels);
  fill<UnpackQ5_K>(kernels);
  fill<UnpackQ6_K>(kernels);
  fill<UnpackIQ4_XS>(kernels);
}

}  // namespace pith
