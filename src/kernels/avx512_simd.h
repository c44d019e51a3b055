// The vocabulary of vector_*.h in AVX-512: 16 floats a vector.
#pragma once

#include "kernels/avx512_common.h"

namespace pith {
namespace {

using F = __m512;
constexpr int kLanes = 16;
constexpr int kFloatTokens = 6;  // by 4 rows: 24 sums in 32 registers

PITH_INLINE F zero() { return _mm512_setzero_ps(); }
PITH_INLINE F set(float x) { return _mm512_set1_ps(x); }
PITH_INLINE F load(const void* p) { return _mm512_loadu_ps(p); }
PITH_INLINE F load(const void* p, std::int64_t count) { return _mm512_maskz_loadu_ps(first(count), p); }
PITH_INLINE void store(void* p, F x) { _mm512_storeu_ps(p, x); }
PITH_INLINE void store(void* p, F x, std::int64_t count) { _mm512_mask_storeu_ps(p, first(count), x); }

// Stored types; `count` < kLanes elements, the others are zero.
PITH_INLINE F load_f16(const void* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
}
PITH_INLINE F load_f16(const void* p, std::int64_t count) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first(count), p));
}
PITH_INLINE F widen_bf16(__m256i x) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
}
PITH_INLINE F load_bf16(const void* p) {
  return widen_bf16(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
}
PITH_INLINE F load_bf16(const void* p, std::int64_t count) {
  return widen_bf16(_mm256_maskz_loadu_epi16(first(count), p));
}
PITH_INLINE F load_i8(const void* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
}
PITH_INLINE void store_f16(void* p, F x, std::int64_t count) {
  _mm256_mask_storeu_epi16(p, first(count), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}
PITH_INLINE void store_bf16(void* p, F x, std::int64_t count) {
  _mm256_mask_storeu_epi16(p, first(count), round_to_bf16(x));
}
/// Rounded to nearest even; within int8.
PITH_INLINE void store_i8(void* p, F x) {
  _mm_storeu_si128(static_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x)));
}

PITH_INLINE F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
PITH_INLINE F min(F a, F b) { return _mm512_min_ps(a, b); }  // b where either is NaN
PITH_INLINE F max(F a, F b) { return _mm512_max_ps(a, b); }  // b where either is NaN
PITH_INLINE F abs(F x) { return _mm512_abs_ps(x); }
PITH_INLINE F round(F x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
/// x 2^n for integers n, rounded once.
PITH_INLINE F scale_by_power(F x, F n) { return _mm512_scalef_ps(x, n); }
/// The magnitude of x with the sign of s.
PITH_INLINE F with_sign(F x, F s) {
  const __m512i sign = _mm512_set1_epi32(static_cast<int>(0x80000000u));
  constexpr int kSelect = 0xd8;  // sign ? s : x
  return _mm512_castsi512_ps(
      _mm512_ternarylogic_epi32(_mm512_castps_si512(x), _mm512_castps_si512(s), sign, kSelect));
}
/// a where x < limit, else b (also where x is NaN).
PITH_INLINE F where_less(F x, F limit, F a, F b) {
  return _mm512_mask_mov_ps(b, _mm512_cmp_ps_mask(x, limit, _CMP_LT_OQ), a);
}
/// Lanes [from, to) of x, the others of y.
PITH_INLINE F lanes_of(F x, F y, int from, int to) {
  const auto below = [](int n) { return n <= 0 ? 0u : n >= 16 ? 0xffffu : (1u << n) - 1u; };
  return _mm512_mask_mov_ps(y, static_cast<__mmask16>(below(to) & ~below(from)), x);
}
PITH_INLINE F lane_numbers() { return _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }

/// Four vectors' sums. Order: s takes s + 8, s + 4, s + 2, s + 1.
PITH_INLINE __m128 sum_four(const F v[4]) {
  __m128 a[4];
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v[i]), _mm512_extractf32x8_ps(v[i], 1));
    a[i] = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  }
  const __m128 b = _mm_add_ps(_mm_unpacklo_ps(a[0], a[1]), _mm_unpackhi_ps(a[0], a[1]));
  const __m128 c = _mm_add_ps(_mm_unpacklo_ps(a[2], a[3]), _mm_unpackhi_ps(a[2], a[3]));
  return _mm_add_ps(_mm_movelh_ps(b, c), _mm_movehl_ps(c, b));
}
PITH_INLINE float sum(F v) {
  const F four[4] = {v, zero(), zero(), zero()};
  return _mm_cvtss_f32(sum_four(four));
}
/// Lane i: the sum of v[i], in the same order.
PITH_INLINE F sum_each(const F v[16]) {
  __m512 quads[4];
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    const auto fold = [](__m512 a, __m512 b) {  // {a, b}, eight sums each
      return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
    };
    const __m512 x = fold(v[i], v[4 + i]), y = fold(v[8 + i], v[12 + i]);
    quads[i] = _mm512_add_ps(_mm512_shuffle_f32x4(x, y, 0x88), _mm512_shuffle_f32x4(x, y, 0xdd));
  }
  const auto pair = [](__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
  };
  const __m512 x = pair(quads[0], quads[1]), y = pair(quads[2], quads[3]);
  return _mm512_add_ps(_mm512_shuffle_ps(x, y, 0x88), _mm512_shuffle_ps(x, y, 0xdd));
}
PITH_INLINE float largest(F v) { return _mm512_reduce_max_ps(v); }

/// {a0, b0, a1, b1, ...} apart, and together again.
PITH_INLINE void split_pairs(F& a, F& b, F x, F y) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  a = _mm512_permutex2var_ps(x, even, y);
  b = _mm512_permutex2var_ps(x, _mm512_add_epi32(even, _mm512_set1_epi32(1)), y);
}
PITH_INLINE void join_pairs(F& x, F& y, F a, F b) {
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  x = _mm512_permutex2var_ps(a, low, b);
  y = _mm512_permutex2var_ps(a, _mm512_add_epi32(low, _mm512_set1_epi32(8)), b);
}

}  // namespace
}  // namespace pith
