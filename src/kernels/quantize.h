// Float rows to storage types, with the least squared error that a short search finds.
#pragma once

#include <cstdint>

#include "tensor/types.h"

namespace pith {

/// One row of n finite floats (a multiple of the type's block) as blocks of any weight type. The same input
/// gives the same bytes, on every machine that rounds as IEEE 754 does.
void quantize_row(DType type, const float* x, void* out, std::int64_t n);

/// What a caller checks first: no NaN, no infinity.
bool all_finite(const float* x, std::int64_t n);

}  // namespace pith
