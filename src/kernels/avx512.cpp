// The AVX-512 level: F, BW, VL, DQ, CD, VNNI, VBMI and VBMI2; and BF16 where the processor has it.
#include "kernels/avx512.h"

#include "kernels/levels.h"

namespace pith {

void fill_avx512(Kernels& kernels) {
  kernels.isa = "avx512";
  fill_avx512_q8(kernels);
  fill_avx512_blocks(kernels);
  fill_avx512_super_blocks(kernels);
  fill_avx512_float(kernels);
  fill_avx512_ops(kernels);
  if (processor().avx512_bf16) fill_avx512_bf16(kernels);
}

}  // namespace pith
