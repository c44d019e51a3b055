// The AVX2 level's parts (AVX2, FMA, F16C, BMI2); each fills its entries of the table. See avx512.h.
#pragma once

#include "kernels/kernels.h"

namespace pith {

void fill_avx2_quant(Kernels& kernels);  ///< quantised weights, their activations and decoders
void fill_avx2_float(Kernels& kernels);  ///< F32, F16 and BF16 weights
void fill_avx2_ops(Kernels& kernels);    ///< everything on rows, and attention

}  // namespace pith
