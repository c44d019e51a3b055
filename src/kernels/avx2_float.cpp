// F32, F16 and BF16 weights at the AVX2 level.
#include "kernels/avx2.h"
#include "kernels/avx2_simd.h"
#include "kernels/vector_float_types.h"

namespace pith {

void fill_avx2_float(Kernels& kernels) { fill_floats(kernels); }

}  // namespace pith
