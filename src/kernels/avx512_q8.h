// Activations of the quantised products: int8 with one scale per block of 32, prepared for VPDPBUSD; and what
// a block adds to a sum.
#pragma once

#include "kernels/avx512_common.h"

namespace pith {

/// 16 blocks of one token, at any alignment. Half h of block 4j + i is at 128 i + 64 h + 16 j: a row's bytes
/// are unpacked in this order, and those of 16 rows are multiplied by one dword at a time. Missing blocks at
/// a row's end are zero.
struct Q8Blocks {
  std::int8_t x[4][2][64];
  std::int8_t scale[64];   ///< float[16]
  std::int8_t sum[3][64];  ///< int32[16], -128 times the sum of x over a block, its first half, its second
};
static_assert(sizeof(Q8Blocks) == 768 && alignof(Q8Blocks) == 1);

namespace {

PITH_INLINE std::int64_t block_groups(std::int64_t k) { return (k + 511) / 512; }
/// From one token to the next: an odd number, so that the same part of several tokens does not fall into the
/// same sets of the first-level cache.
PITH_INLINE std::int64_t token_groups(std::int64_t k) { return block_groups(k) | 1; }

// A block's term of 16 sums at once; lanes are blocks of one row, or rows.

/// The first dot of a block begins the term, that of its second half is added.
PITH_INLINE __m512 add_dot(__m512 term, bool begins, __m512i dot, __m512 w_scale) {
  const __m512 exact = _mm512_cvtepi32_ps(dot);
  return begins ? _mm512_mul_ps(exact, w_scale) : _mm512_fmadd_ps(exact, w_scale, term);
}
/// The minimum times the sum of x: Q8Blocks::sum holds -128 times it, and the minimum has the inverse.
PITH_INLINE __m512 scaled_min(__m512 min) { return _mm512_mul_ps(min, _mm512_set1_ps(-1.0f / 128)); }
PITH_INLINE __m512 add_min(__m512 term, __m512i sum, __m512 scaled_min) {
  return _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scaled_min, term);
}

/// Dword d of lane j of part[i] summed over d, to dword 4j + i: block 4j + i in natural order.
PITH_INLINE __m512i reduce_blocks(const __m512i part[4]) {
  const __m512i a =
      _mm512_add_epi32(_mm512_unpacklo_epi32(part[0], part[1]), _mm512_unpackhi_epi32(part[0], part[1]));
  const __m512i b =
      _mm512_add_epi32(_mm512_unpacklo_epi32(part[2], part[3]), _mm512_unpackhi_epi32(part[2], part[3]));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

}  // namespace
}  // namespace pith
