// F32, F16 and BF16 weights, widened to float and multiplied by float activations (include the level's
// *_simd.h and vector_float.h first).
#pragma once

#include "kernels/vector_float.h"

namespace pith {
namespace {

struct FloatInput {
  static constexpr int kStep = kLanes, kInputBytes = 4;
  using Weight = F;
  PITH_INLINE F input(Bytes p) { return pith::load(p); }
  PITH_INLINE F add(F acc, F weight, F input) { return fma(weight, input, acc); }
};

struct WeightF32 : FloatInput {
  static constexpr int kWeightBytes = 4;
  PITH_INLINE F load(Bytes p) { return pith::load(p); }
  PITH_INLINE F load(Bytes p, std::int64_t count) { return pith::load(p, count); }
};
struct WeightF16 : FloatInput {
  static constexpr int kWeightBytes = 2;
  PITH_INLINE F load(Bytes p) { return load_f16(p); }
  PITH_INLINE F load(Bytes p, std::int64_t count) { return load_f16(p, count); }
};
struct WeightBF16 : FloatInput {
  static constexpr int kWeightBytes = 2;
  PITH_INLINE F load(Bytes p) { return load_bf16(p); }
  PITH_INLINE F load(Bytes p, std::int64_t count) { return load_bf16(p, count); }
};

/// Padded with zeros to whole lines, which are whole vectors at every level.
std::size_t f32_bytes(std::int64_t k) { return static_cast<std::size_t>((4 * k + 63) / 64 * 64); }

void prepare_f32(void* out, const float* x, std::int64_t k) {
  auto* y = static_cast<char*>(out);
  const auto bytes = static_cast<std::int64_t>(f32_bytes(k));
  for (std::int64_t i = 0; 4 * i < bytes; i += kLanes) {
    store(y + 4 * i, i + kLanes <= k ? load(x + i) : i < k ? load(x + i, k - i) : zero());
  }
}

template <class W>
void fill_float(Kernels& kernels, DType type) {
  entry<Matmul>(kernels.matmul, type) = {InputKind::F32, multiply_float<W>, no_scratch};
}

void fill_floats(Kernels& kernels) {
  entry<Input>(kernels.input, InputKind::F32) = {f32_bytes, prepare_f32};
  fill_float<WeightF32>(kernels, DType::F32);
  fill_float<WeightF16>(kernels, DType::F16);
  fill_float<WeightBF16>(kernels, DType::BF16);
}

}  // namespace
}  // namespace pith
