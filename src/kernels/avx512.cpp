// The AVX-512 level: F, BW, VL, DQ, CD, VNNI, VBMI and VBMI2.
#include "kernels/levels.h"

namespace pith {

void fill_avx512(Kernels& kernels) { kernels.isa = "avx512"; }

}  // namespace pith
