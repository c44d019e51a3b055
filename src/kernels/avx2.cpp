// The AVX2 level: AVX2, FMA, F16C and BMI2.
#include "kernels/avx2.h"

#include "kernels/levels.h"

namespace pith {

void fill_avx2(Kernels& kernels) {
  kernels.isa = "avx2";
  fill_avx2_quant(kernels);
  fill_avx2_float(kernels);
  fill_avx2_ops(kernels);
}

}  // namespace pith
