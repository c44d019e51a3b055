// Activations of the quantised products at the AVX-512 level.
#include "kernels/avx512_q8.h"

#include <cfloat>

#include "kernels/avx512.h"

namespace pith {
namespace {

std::size_t q8_bytes(std::int64_t k) { return static_cast<std::size_t>(token_groups(k)) * sizeof(Q8Blocks); }

/// One block: scale = max|x| / 127, q = x / scale to nearest even. A scale that would be subnormal is zero;
/// with NaN or infinity in the block, it is NaN (bit patterns of magnitudes compare as the magnitudes do).
PITH_INLINE void quantise_block(Q8Blocks& out, int block, __m512 a, __m512 b) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  const __m512i top = _mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(a), magnitude),
                                       _mm512_and_si512(_mm512_castps_si512(b), magnitude));
  const auto bits = static_cast<std::int32_t>(_mm512_reduce_max_epu32(top));
  float scale = _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(bits))) / 127.0f;
  if (bits >= 0x7f800000) scale = __builtin_nanf("");
  if (scale < FLT_MIN) scale = 0.0f;
  const __mmask16 some = scale > 0.0f ? 0xffff : 0;
  const __m512 by = _mm512_set1_ps(scale);
  const __m512i qa = _mm512_maskz_cvtps_epi32(some, _mm512_div_ps(a, by));
  const __m512i qb = _mm512_maskz_cvtps_epi32(some, _mm512_div_ps(b, by));
  const int i = block % 4, j = block / 4;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&out.x[i][0][16 * j]), _mm512_cvtepi32_epi8(qa));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&out.x[i][1][16 * j]), _mm512_cvtepi32_epi8(qb));
  store_as(&out.scale[4 * block], scale);
  const int sums[2] = {-128 * _mm512_reduce_add_epi32(qa), -128 * _mm512_reduce_add_epi32(qb)};
  store_as(&out.sum[0][4 * block], sums[0] + sums[1]);
  store_as(&out.sum[1][4 * block], sums[0]);
  store_as(&out.sum[2][4 * block], sums[1]);
}

void prepare_q8(void* out, const float* x, std::int64_t k) {
  auto* groups = static_cast<Q8Blocks*>(out);
  for (std::int64_t b = 0; b < 16 * block_groups(k); ++b) {
    const std::int64_t left = k - 32 * b;
    const __mmask16 low = left > 0 ? first(left) : 0, high = left > 16 ? first(left - 16) : 0;
    const float* block = left > 0 ? x + 32 * b : x;
    quantise_block(groups[b / 16], static_cast<int>(b % 16), _mm512_maskz_loadu_ps(low, block),
                   _mm512_maskz_loadu_ps(high, block + (left > 16 ? 16 : 0)));
  }
}

}  // namespace

void fill_avx512_q8(Kernels& kernels) { entry<Input>(kernels.input, InputKind::Q8) = {q8_bytes, prepare_q8}; }

}  // namespace pith
