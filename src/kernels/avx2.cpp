// The AVX2 level: AVX2, FMA, F16C and BMI2.
#include "kernels/levels.h"

namespace pith {

void fill_avx2(Kernels& kernels) { kernels.isa = "avx2"; }

}  // namespace pith
