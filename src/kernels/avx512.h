// The AVX-512 level's parts; each fills its entries of the table. Only these names leave their files: what is
// compiled for AVX-512 must not be linked into code that runs elsewhere.
#pragma once

#include "kernels/kernels.h"

namespace pith {

void fill_avx512_q8(Kernels& kernels);            ///< activations of quantised weights
void fill_avx512_blocks(Kernels& kernels);        ///< quantised weights in blocks of 32
void fill_avx512_super_blocks(Kernels& kernels);  ///< quantised weights in super-blocks of 256
void fill_avx512_float(Kernels& kernels);         ///< F32, F16 and BF16 weights
void fill_avx512_bf16(Kernels& kernels);          ///< BF16 weights by VDPBF16PS; where the processor has it
void fill_avx512_ops(Kernels& kernels);           ///< everything on rows, and attention

}  // namespace pith
