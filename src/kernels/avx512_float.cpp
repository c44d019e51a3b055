// F32, F16 and BF16 weights, widened to float and multiplied by float activations.
#include "kernels/avx512_float.h"

#include "kernels/avx512.h"

namespace pith {
namespace {

struct FloatInput {
  static constexpr int kStep = 16, kInputBytes = 4;
  using Weight = __m512;
  PITH_INLINE __m512 input(Bytes p) { return _mm512_loadu_ps(p); }
  PITH_INLINE __m512 add(__m512 acc, __m512 weight, __m512 input) {
    return _mm512_fmadd_ps(weight, input, acc);
  }
};

struct F32 : FloatInput {
  static constexpr int kWeightBytes = 4;
  PITH_INLINE __m512 load(Bytes p) { return _mm512_loadu_ps(p); }
  PITH_INLINE __m512 load(Bytes p, std::int64_t count) { return _mm512_maskz_loadu_ps(first(count), p); }
};

struct F16 : FloatInput {
  static constexpr int kWeightBytes = 2;
  PITH_INLINE __m512 load(Bytes p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  PITH_INLINE __m512 load(Bytes p, std::int64_t count) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first(count), p));
  }
};

struct BF16 : FloatInput {
  static constexpr int kWeightBytes = 2;
  PITH_INLINE __m512 widen(__m256i bits) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  PITH_INLINE __m512 load(Bytes p) { return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
  PITH_INLINE __m512 load(Bytes p, std::int64_t count) {
    return widen(_mm256_maskz_loadu_epi16(first(count), p));
  }
};

std::size_t f32_bytes(std::int64_t k) { return static_cast<std::size_t>((4 * k + 63) / 64 * 64); }

void prepare_f32(void* out, const float* x, std::int64_t k) {
  auto* y = static_cast<float*>(out);
  for (std::int64_t i = 0; i < k; i += 16) {
    _mm512_storeu_ps(y + i, _mm512_maskz_loadu_ps(first(k - i), x + i));
  }
}

template <class W>
void fill(Kernels& kernels, DType type) {
  entry<Matmul>(kernels.matmul, type) = {InputKind::F32, multiply_float<W>, no_scratch};
}

}  // namespace

void fill_avx512_float(Kernels& kernels) {
  entry<Input>(kernels.input, InputKind::F32) = {f32_bytes, prepare_f32};
  fill<F32>(kernels, DType::F32);
  fill<F16>(kernels, DType::F16);
  fill<BF16>(kernels, DType::BF16);
}

}  // namespace pith
