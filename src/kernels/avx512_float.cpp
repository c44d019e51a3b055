// F32, F16 and BF16 weights at the AVX-512 level.
#include "kernels/avx512.h"
#include "kernels/avx512_simd.h"
#include "kernels/vector_float_types.h"

namespace pith {

void fill_avx512_float(Kernels& kernels) { fill_floats(kernels); }

}  // namespace pith
