// Small helpers of the AVX-512 files. Internal linkage throughout (see avx512.h).
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

namespace pith {
namespace {

using Bytes = const std::uint8_t*;

template <class T>
static inline T load_as(const void* p) {
  T value;
  __builtin_memcpy(&value, p, sizeof value);
  return value;
}

/// The entry of a table array without std::array's members: those would be emitted here as weak symbols.
template <class Entry, class Array>
static inline Entry& entry(Array& array, DType type) {
  return reinterpret_cast<Entry*>(&array)[static_cast<unsigned>(type)];
}
template <class Entry, class Array>
static inline Entry& entry(Array& array, InputKind kind) {
  return reinterpret_cast<Entry*>(&array)[static_cast<unsigned>(kind)];
}

static inline __mmask16 first(std::int64_t n) {
  return n >= 16 ? static_cast<__mmask16>(0xffff) : static_cast<__mmask16>((1u << n) - 1u);
}

/// Four pieces of 16 bytes, `stride` bytes apart. Masked broadcasts are loads with a blend and leave the
/// shuffle ports free, which insertions do not.
static inline __m512i load_pieces(const void* p, std::ptrdiff_t stride) {
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
static inline void transpose_lanes(__m512i out[4], const __m512i a[4]) {
  const __m512i lo01 = _mm512_unpacklo_epi32(a[0], a[1]), hi01 = _mm512_unpackhi_epi32(a[0], a[1]);
  const __m512i lo23 = _mm512_unpacklo_epi32(a[2], a[3]), hi23 = _mm512_unpackhi_epi32(a[2], a[3]);
  out[0] = _mm512_unpacklo_epi64(lo01, lo23);
  out[1] = _mm512_unpackhi_epi64(lo01, lo23);
  out[2] = _mm512_unpacklo_epi64(hi01, hi23);
  out[3] = _mm512_unpackhi_epi64(hi01, hi23);
}

/// 16 rows of four dwords, `stride` bytes apart, to four vectors with one row a lane.
static inline void transpose_rows(__m512i out[4], const void* rows, std::ptrdiff_t stride) {
  __m512i a[4];
  for (int r = 0; r < 4; ++r) a[r] = load_pieces(static_cast<const char*>(rows) + r * stride, 4 * stride);
  transpose_lanes(out, a);
}

}  // namespace
}  // namespace pith
