// The instruction-set levels: who fills the table, and what this processor can do.
#pragma once

#include "kernels/kernels.h"

namespace pith {

/// The whole table in plain C++: the definition that every other level is tested against.
void fill_scalar(Kernels& kernels);

#if PITH_X86_64  // set by CMake for the targets that have these files
/// Called in this order on a copy of the table below; each overwrites what it does better and sets `isa`.
void fill_avx2(Kernels& kernels);
void fill_avx512(Kernels& kernels);
#endif

/// What both the processor and the operating system (saved registers, XGETBV) support.
struct Processor {
  bool avx2;         ///< AVX2, FMA, F16C and BMI2
  bool avx512;       ///< AVX-512 F, BW, VL, DQ, CD, VNNI, VBMI, VBMI2
  bool avx512_bf16;  ///< with avx512
};
Processor processor();

}  // namespace pith
