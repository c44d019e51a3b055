// The vocabulary of vector_*.h in AVX2: 8 floats a vector.
#pragma once

#include "kernels/vector_common.h"

namespace pith {
namespace {

using F = __m256;
constexpr int kLanes = 8;
constexpr int kFloatTokens = 3;  // by 4 rows: 12 sums in 16 registers

/// All ones in the first `count` lanes.
PITH_INLINE __m256i first(std::int64_t count) {
  const auto n = static_cast<int>(count < kLanes ? count : kLanes);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

PITH_INLINE F zero() { return _mm256_setzero_ps(); }
PITH_INLINE F set(float x) { return _mm256_set1_ps(x); }
PITH_INLINE F load(const void* p) { return _mm256_loadu_ps(static_cast<const float*>(p)); }
PITH_INLINE F load(const void* p, std::int64_t count) {
  return _mm256_maskload_ps(static_cast<const float*>(p), first(count));
}
PITH_INLINE void store(void* p, F x) { _mm256_storeu_ps(static_cast<float*>(p), x); }
PITH_INLINE void store(void* p, F x, std::int64_t count) {
  _mm256_maskstore_ps(static_cast<float*>(p), first(count), x);
}

// Stored types; `count` <= kLanes elements, the others are zero.
PITH_INLINE __m128i load_words(const void* p, std::int64_t count) {
  std::uint16_t words[kLanes] = {};
  __builtin_memcpy(words, p, static_cast<std::size_t>(2 * count));
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(words));
}
PITH_INLINE void store_words(void* p, __m128i x, std::int64_t count) {
  if (count == kLanes) return _mm_storeu_si128(static_cast<__m128i*>(p), x);
  std::uint16_t words[kLanes];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(words), x);
  __builtin_memcpy(p, words, static_cast<std::size_t>(2 * count));
}
PITH_INLINE F load_f16(const void* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
PITH_INLINE F load_f16(const void* p, std::int64_t count) { return _mm256_cvtph_ps(load_words(p, count)); }
PITH_INLINE F widen_bf16(__m128i x) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
}
PITH_INLINE F load_bf16(const void* p) { return widen_bf16(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
PITH_INLINE F load_bf16(const void* p, std::int64_t count) { return widen_bf16(load_words(p, count)); }
PITH_INLINE F load_i8(const void* p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p))));
}
PITH_INLINE void store_f16(void* p, F x, std::int64_t count) {
  store_words(p, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT), count);
}
/// To bfloat16: nearest, ties to even; NaN stays a quiet NaN (float_to_bf16 of base/half.h).
PITH_INLINE void store_bf16(void* p, F x, std::int64_t count) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  const __m256i words = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(words, words), 0x08);
  store_words(p, _mm256_castsi256_si128(packed), count);
}
/// Rounded to nearest even; within int8.
PITH_INLINE void store_i8(void* p, F x) {
  const __m256i dwords = _mm256_cvtps_epi32(x);
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(dwords), _mm256_extracti128_si256(dwords, 1));
  _mm_storel_epi64(static_cast<__m128i*>(p), _mm_packs_epi16(words, words));
}

PITH_INLINE F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
PITH_INLINE F min(F a, F b) { return _mm256_min_ps(a, b); }  // b where either is NaN
PITH_INLINE F max(F a, F b) { return _mm256_max_ps(a, b); }  // b where either is NaN
PITH_INLINE F abs(F x) { return _mm256_andnot_ps(set(-0.0f), x); }
PITH_INLINE F round(F x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
/// x 2^n for integers n in [-250, 250]: in two steps, each of a normal power.
PITH_INLINE F scale_by_power(F x, F n) {
  const __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
  const auto power = [](__m256i e) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(e, _mm256_set1_epi32(127)), 23));
  };
  return x * power(half) * power(_mm256_sub_epi32(whole, half));
}
/// The magnitude of x with the sign of s.
PITH_INLINE F with_sign(F x, F s) {
  return _mm256_or_ps(_mm256_andnot_ps(set(-0.0f), x), _mm256_and_ps(set(-0.0f), s));
}
/// a where x < limit, else b (also where x is NaN).
PITH_INLINE F where_less(F x, F limit, F a, F b) {
  return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, limit, _CMP_LT_OQ));
}
PITH_INLINE F lane_numbers() { return _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7); }
/// Lanes [from, to) of x, the others of y.
PITH_INLINE F lanes_of(F x, F y, int from, int to) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i inside = _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(from), lane),
                                             _mm256_cmpgt_epi32(_mm256_set1_epi32(to), lane));
  return _mm256_blendv_ps(y, x, _mm256_castsi256_ps(inside));
}

/// Four vectors' sums. Order: s takes s + 4, s + 2, s + 1.
PITH_INLINE __m128 sum_four(const F v[4]) {
  __m128 a[4];
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    a[i] = _mm_add_ps(_mm256_castps256_ps128(v[i]), _mm256_extractf128_ps(v[i], 1));
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
PITH_INLINE F sum_each(const F v[8]) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(sum_four(v)), sum_four(v + 4), 1);
}
PITH_INLINE float largest(F v) {
  __m128 a = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  a = _mm_max_ps(a, _mm_movehl_ps(a, a));
  return _mm_cvtss_f32(_mm_max_ss(a, _mm_shuffle_ps(a, a, 1)));
}

/// {a0, b0, a1, b1, ...} apart, and together again.
PITH_INLINE void split_pairs(F& a, F& b, F x, F y) {
  const auto order = [](F v) { return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(v), 0xd8)); };
  a = order(_mm256_shuffle_ps(x, y, 0x88));
  b = order(_mm256_shuffle_ps(x, y, 0xdd));
}
PITH_INLINE void join_pairs(F& x, F& y, F a, F b) {
  const F low = _mm256_unpacklo_ps(a, b), high = _mm256_unpackhi_ps(a, b);
  x = _mm256_permute2f128_ps(low, high, 0x20);
  y = _mm256_permute2f128_ps(low, high, 0x31);
}

}  // namespace
}  // namespace pith
