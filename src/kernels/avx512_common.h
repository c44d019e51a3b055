// Small helpers of the AVX-512 files. Internal linkage throughout (see vector_common.h).
#pragma once

#include "kernels/vector_common.h"

namespace pith {
namespace {

PITH_INLINE __mmask16 first(std::int64_t n) {
  return n >= 16 ? static_cast<__mmask16>(0xffff) : static_cast<__mmask16>((1u << n) - 1u);
}

/// To bfloat16: nearest, ties to even; NaN stays a quiet NaN (float_to_bf16 of base/half.h).
PITH_INLINE __m256i round_to_bf16(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
  const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_mask_mov_epi32(rounded, nan, quiet), 16));
}

/// Four pieces of 16 bytes, `stride` bytes apart. Masked broadcasts are loads with a blend and leave the
/// shuffle ports free, which insertions do not.
PITH_INLINE __m512i load_pieces(const void* p, std::ptrdiff_t stride) {
  const char* piece = static_cast<const char*>(p);
  const auto at = [&](int i) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(piece + i * stride));
  };
  __m512i v = _mm512_castsi128_si512(at(0));
  v = _mm512_mask_broadcast_i32x4(v, 0x00f0, at(1));
  v = _mm512_mask_broadcast_i32x4(v, 0x0f00, at(2));
  return _mm512_mask_broadcast_i32x4(v, 0xf000, at(3));
}

/// Within every 128-bit lane, out[d] = {a[0][d], a[1][d], a[2][d], a[3][d]}.
PITH_INLINE void transpose_lanes(__m512i out[4], const __m512i a[4]) {
  const __m512i lo01 = _mm512_unpacklo_epi32(a[0], a[1]), hi01 = _mm512_unpackhi_epi32(a[0], a[1]);
  const __m512i lo23 = _mm512_unpacklo_epi32(a[2], a[3]), hi23 = _mm512_unpackhi_epi32(a[2], a[3]);
  out[0] = _mm512_unpacklo_epi64(lo01, lo23);
  out[1] = _mm512_unpackhi_epi64(lo01, lo23);
  out[2] = _mm512_unpacklo_epi64(hi01, hi23);
  out[3] = _mm512_unpackhi_epi64(hi01, hi23);
}

/// 16 rows of four dwords, `stride` bytes apart, to four vectors with one row a lane.
PITH_INLINE void transpose_rows(__m512i out[4], const void* rows, std::ptrdiff_t stride) {
  __m512i a[4];
  for (int r = 0; r < 4; ++r) a[r] = load_pieces(static_cast<const char*>(rows) + r * stride, 4 * stride);
  transpose_lanes(out, a);
}

}  // namespace
}  // namespace pith
