// The parts of the scalar level, a file each.
#pragma once

#include <cstdint>

#include "kernels/kernels.h"

namespace pith::scalar {

void fill_codecs(Kernels& kernels);     // decode, encode
void fill_matmul(Kernels& kernels);     // matmul, input
void fill_rows(Kernels& kernels);       // norms, rope, sums, softmax, activations
void fill_attention(Kernels& kernels);  // attend

/// sum_i x[i] y[i]: sixteen partial sums, element i in sum i mod 16, products rounded before they are added;
/// then sum s takes sum s + 8, s + 4, s + 2, s + 1. An error below (n / 16 + 6) 2^-24 sum |x y|.
float dot(const float* x, const float* y, std::int64_t n);

/// The row decoder of a type that a KV cache can hold.
using Decode = void (*)(float* y, const void* x, std::int64_t n);
Decode cache_decoder(DType type);

/// Blocks of 32: d = max|x| / 127 rounded to half, q = x / d to nearest. NaN or infinity anywhere: d is NaN.
void encode_q8_0(void* out, const float* x, std::int64_t n);

/// The largest magnitude; NaN if any element is NaN or infinite.
float finite_max(const float* x, std::int64_t n);

}  // namespace pith::scalar
