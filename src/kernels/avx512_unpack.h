// Unpackers of the quantised types: from the file's layout to the operands of VPDPBUSD.
//
// An unpacked element is an unsigned byte u; the weight is scale * (u - 128), or scale * u + min. For the
// sake of the one 128, types of fewer bits and without minima are unpacked kUp bits upwards, and their scales
// take an exact 2^-kUp. Types with scales for every 16 elements (kHalves = 2) have one vector of scales for
// the first halves of the blocks and one for the second.
//
// What an unpacker does to bytes it does to all of them alike, so it says only which 16 bytes of a block it
// wants and what becomes of them; a source fetches them. Sources look at 16 blocks of 32 along a row (a lane
// of scales = a block), or at a block of 16 rows (a lane = a row):
// - along a row, piece(offset, i) holds the 16 bytes at `offset` of blocks i, 4 + i, 8 + i, 12 + i in its
//   128-bit lanes. This is what 4-bit formats give without a shuffle, and summing four dwords of each block
//   over i = 0..3 then ends with block b in dword b (reduce_blocks in avx512_rows.h);
// - of 16 rows, piece(offset, i) holds the dword at offset + 4 i of all rows.
// So bytes() gives u[i][h], half h of block i (+ 4, 8, 12), or dword i of half h of 16 rows. Super-blocks of
// 256 are two runs of four blocks, `apart` bytes from each other: bytes() gives u[i][h], half h of block i of
// the runs of two super-blocks, or a dword of that half of 16 rows.
//
// Types that unpack quickly (kQuick) are unpacked again for every tile of tokens (avx512_columns.h).
//
// Nothing is read outside the kBytes of the 16 blocks: the matrix may end where its file does.
#pragma once

#include "kernels/avx512_common.h"

namespace pith {
namespace {

/// By n bits upwards, or -n downwards; across bytes.
template <int n>
PITH_INLINE __m512i shift(__m512i v) {
  return n > 0 ? _mm512_slli_epi16(v, n > 0 ? n : 0) : n < 0 ? _mm512_srli_epi16(v, n < 0 ? -n : 0) : v;
}
PITH_INLINE __m512i low_nibbles(__m512i v) { return _mm512_and_si512(v, _mm512_set1_epi8(0x0f)); }
PITH_INLINE __m512i high_nibbles(__m512i v) { return low_nibbles(_mm512_srli_epi16(v, 4)); }

// Fields of 16 consecutive blocks, packed. Inserted one by one: xmm insertions cost half a cycle each, less
// than permutations of whole vectors, whose unaligned loads touch two lines each (measured on Zen 4: 10
// cycles against 20 for 16 halves).
template <int Stride>
PITH_INLINE __m256i load_words(Bytes p) {
  const auto eight = [](Bytes q) {
    const auto at = [&](int block) { return static_cast<short>(load_as<std::uint16_t>(q + block * Stride)); };
    return _mm_setr_epi16(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
  };
  return _mm256_inserti128_si256(_mm256_castsi128_si256(eight(p)), eight(p + 8 * Stride), 1);
}
template <int Stride>
PITH_INLINE __m512i load_dwords(Bytes p) {
  const auto four = [](Bytes q) {
    const auto at = [&](int block) { return load_as<int>(q + block * Stride); };
    return _mm_setr_epi32(at(0), at(1), at(2), at(3));
  };
  __m512i v = _mm512_castsi128_si512(four(p));
  v = _mm512_inserti32x4(v, four(p + 4 * Stride), 1);
  v = _mm512_inserti32x4(v, four(p + 8 * Stride), 2);
  return _mm512_inserti32x4(v, four(p + 12 * Stride), 3);
}
template <int Stride>
PITH_INLINE __m128i load_bytes(Bytes p) {
  const auto at = [&](int block) { return static_cast<char>(p[block * Stride]); };
  return _mm_setr_epi8(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9), at(10), at(11),
                       at(12), at(13), at(14), at(15));
}

/// 16 blocks of 32 along a row.
template <int Stride>
struct RowBlocks {
  Bytes p;

  PITH_METHOD __m512i piece(int offset, int i) const {
    return load_pieces(p + Stride * i + offset, 4 * Stride);
  }
  PITH_METHOD __m512 halves(int offset) const { return _mm512_cvtph_ps(load_words<Stride>(p + offset)); }
  PITH_METHOD __m512i bytes(int offset) const { return _mm512_cvtepu8_epi32(load_bytes<Stride>(p + offset)); }
  PITH_METHOD __m512i dwords(int offset) const { return load_dwords<Stride>(p + offset); }
  /// Which elements of u[i][h] have their bit of the 32 of each block.
  PITH_METHOD __mmask64 bits(__m512i dwords, int i, int h) const {
    const __m128i halves = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    const __m128i from = _mm_add_epi8(halves, _mm_set1_epi8(static_cast<char>(4 * i + 2 * h)));
    return _mm512_test_epi8_mask(_mm512_shuffle_epi8(dwords, _mm512_broadcast_i32x4(from)),
                                 _mm512_set1_epi64(static_cast<long long>(0x8040201008040201ull)));
  }
};

/// Bytes of 16 rows, transposed: column[n][r] holds bytes 4 n ... of row r.
using Column = std::uint32_t[16];

/// Bytes `at` ... at + 3 of 16 rows.
PITH_INLINE __m512i read_columns(const Column* column, int at) {
  const __m512i v = _mm512_loadu_si512(column[at / 4]);
  if (at % 4 == 0) return v;
  return _mm512_shrdv_epi32(v, _mm512_loadu_si512(column[at / 4 + 1]), _mm512_set1_epi32(8 * (at % 4)));
}

/// A block of 32 of 16 rows.
struct ColumnBlock {
  const Column* column;
  int begin;

  PITH_METHOD __m512i piece(int offset, int i) const { return dwords(offset + 4 * i); }
  PITH_METHOD __m512 halves(int offset) const {
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(dwords(offset)));
  }
  PITH_METHOD __m512i bytes(int offset) const {
    return _mm512_and_si512(dwords(offset), _mm512_set1_epi32(0xff));
  }
  PITH_METHOD __m512i dwords(int offset) const { return read_columns(column, begin + offset); }
  PITH_METHOD __mmask64 bits(__m512i dwords, int i, int h) const {
    const __m128i rows = _mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12);
    const __m128i from = _mm_add_epi8(rows, _mm_set1_epi8(static_cast<char>(2 * h + i / 2)));
    return _mm512_test_epi8_mask(_mm512_shuffle_epi8(dwords, _mm512_broadcast_i32x4(from)),
                                 _mm512_set1_epi32(i % 2 == 0 ? 0x08040201 : static_cast<int>(0x80402010)));
  }
};

/// Two super-blocks along a row: runs 0 and 1 of the first, then of the second.
template <int Super>
struct RowRuns {
  Bytes p;

  PITH_METHOD __m512i piece(int offset, int apart) const {
    const auto at = [&](int o) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + offset + o)); };
    __m512i v = _mm512_castsi128_si512(at(0));
    v = _mm512_mask_broadcast_i32x4(v, 0x00f0, at(apart));
    v = _mm512_mask_broadcast_i32x4(v, 0x0f00, at(Super));
    return _mm512_mask_broadcast_i32x4(v, 0xf000, at(Super + apart));
  }
  /// Bytes with the bit of block i set: bit i in a super-block's first run, 4 + i in the second.
  PITH_METHOD __m512i bit(int i) const {
    const __m128i low = _mm_set1_epi8(static_cast<char>(1 << i)),
                  high = _mm_set1_epi8(static_cast<char>(16 << i));
    return _mm512_mask_broadcast_i32x4(_mm512_broadcast_i32x4(low), 0xf0f0, high);
  }
};

/// Dword `dword` of a run of 16 rows' super-blocks, which begin at byte `begin`.
struct ColumnRun {
  const Column* column;
  int begin, run, dword;

  PITH_METHOD __m512i piece(int offset, int apart) const {
    return read_columns(column + (offset + apart * run) / 4 + dword, begin);
  }
  PITH_METHOD __m512i bit(int i) const { return _mm512_set1_epi8(static_cast<char>(1 << (4 * run + i))); }
};

// A type is made of blocks of 32, whose scales any source can fetch, or of super-blocks, whose packed scales
// are unpacked a row at a time.
struct OfBlocks {
  static constexpr bool kSuper = false;
};
struct OfSuperBlocks {
  static constexpr bool kSuper = true;
};

// --- blocks of 32 ---------------------------------------------------------------------------------

struct UnpackQ8_0 : OfBlocks {
  static constexpr DType kType = DType::Q8_0;
  static constexpr int kBytes = 16 * 34, kHalves = 1;
  static constexpr bool kMins = false, kQuick = true;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    PITH_UNROLL for (int i = 0; i < 4; ++i) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) {
        u[i][h] = _mm512_xor_si512(source.piece(2 + 16 * h, i), _mm512_set1_epi8(-128));
      }
    }
  }
  template <class S>
  PITH_INLINE void scales(__m512 scale[1], __m512*, const S& source) {
    scale[0] = source.halves(0);
  }
};

/// The five-bit types' bits 4: four bytes at `offset` have one bit for every element of a block.
template <int kUp = 0, class S>
PITH_INLINE void add_fifth_bits(__m512i u[4][2], const S& source, int offset) {
  const __m512i bits = source.dwords(offset), sixteen = _mm512_set1_epi8(static_cast<char>(16 << kUp));
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    PITH_UNROLL for (int h = 0; h < 2; ++h) {
      u[i][h] = _mm512_mask_add_epi8(u[i][h], source.bits(bits, i, h), u[i][h], sixteen);
    }
  }
}

/// The 16 bytes at `offset` hold elements 0-15 in the low and 16-31 in the high nibbles.
template <int kUp = 0, class S>
PITH_INLINE void unpack_nibbles(__m512i u[4][2], const S& source, int offset) {
  const __m512i nibble = _mm512_set1_epi8(static_cast<char>(15 << kUp));
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    const __m512i q = source.piece(offset, i);
    u[i][0] = _mm512_and_si512(shift<kUp>(q), nibble);
    u[i][1] = _mm512_and_si512(shift<kUp - 4>(q), nibble);
  }
}

/// Scales of elements that were unpacked kUp bits upwards.
template <int kUp>
PITH_INLINE __m512 scaled_down(__m512 scale) {
  return _mm512_mul_ps(scale, _mm512_set1_ps(1.0f / (1 << kUp)));
}

struct UnpackQ4_0 : OfBlocks {
  static constexpr DType kType = DType::Q4_0;
  static constexpr int kBytes = 16 * 18, kHalves = 1, kUp = 4;
  static constexpr bool kMins = false, kQuick = true;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    unpack_nibbles<kUp>(u, source, 2);
  }
  template <class S>
  PITH_INLINE void scales(__m512 scale[1], __m512*, const S& source) {
    scale[0] = scaled_down<kUp>(source.halves(0));
  }
};

struct UnpackQ4_1 : OfBlocks {
  static constexpr DType kType = DType::Q4_1;
  static constexpr int kBytes = 16 * 20, kHalves = 1;
  static constexpr bool kMins = true, kQuick = true;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    unpack_nibbles(u, source, 4);
  }
  template <class S>
  PITH_INLINE void scales(__m512 scale[1], __m512* min, const S& source) {
    scale[0] = source.halves(0);
    min[0] = source.halves(2);
  }
};

struct UnpackQ5_0 : OfBlocks {
  static constexpr DType kType = DType::Q5_0;
  static constexpr int kBytes = 16 * 22, kHalves = 1, kUp = 3;
  static constexpr bool kMins = false, kQuick = false;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    unpack_nibbles<kUp>(u, source, 6);
    add_fifth_bits<kUp>(u, source, 2);
  }
  template <class S>
  PITH_INLINE void scales(__m512 scale[1], __m512*, const S& source) {
    scale[0] = scaled_down<kUp>(source.halves(0));
  }
};

struct UnpackQ5_1 : OfBlocks {
  static constexpr DType kType = DType::Q5_1;
  static constexpr int kBytes = 16 * 24, kHalves = 1;
  static constexpr bool kMins = true, kQuick = false;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    unpack_nibbles(u, source, 8);
    add_fifth_bits(u, source, 4);
  }
  template <class S>
  PITH_INLINE void scales(__m512 scale[1], __m512* min, const S& source) {
    scale[0] = source.halves(0);
    min[0] = source.halves(2);
  }
};

PITH_INLINE void look_up(__m512i u[4][2], __m128i table) {
  const __m512i t = _mm512_broadcast_i32x4(table);
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    PITH_UNROLL for (int h = 0; h < 2; ++h) u[i][h] = _mm512_shuffle_epi8(t, u[i][h]);
  }
}

/// ggml's non-linear 4-bit values, plus 128.
PITH_INLINE __m128i iq4_table() {
  return _mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, -127, -115, -103, -90, -75, -59, -39, -15);
}

struct UnpackIQ4_NL : OfBlocks {
  static constexpr DType kType = DType::IQ4_NL;
  static constexpr int kBytes = 16 * 18, kHalves = 1;
  static constexpr bool kMins = false, kQuick = true;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    unpack_nibbles(u, source, 2);
    look_up(u, iq4_table());
  }
  template <class S>
  PITH_INLINE void scales(__m512 scale[1], __m512*, const S& source) {
    scale[0] = source.halves(0);
  }
};

struct UnpackMXFP4 : OfBlocks {
  static constexpr DType kType = DType::MXFP4;
  static constexpr int kBytes = 16 * 17, kHalves = 1;
  static constexpr bool kMins = false, kQuick = true;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    unpack_nibbles(u, source, 1);
    // Twice e2m1 (0 0.5 1 1.5 2 3 4 6 and their negatives), plus 128.
    look_up(u, _mm_setr_epi8(-128, -127, -126, -125, -124, -122, -120, -116,  //
                             -128, 127, 126, 125, 124, 122, 120, 116));
  }
  template <class S>
  PITH_INLINE void scales(__m512 scale[1], __m512*, const S& source) {
    // Half of 2^(e - 127); subnormal for e below 2, NaN for 255.
    const __m512i e = source.bytes(0);
    __m512i bits = _mm512_slli_epi32(_mm512_sub_epi32(e, _mm512_set1_epi32(1)), 23);
    const __mmask16 tiny = _mm512_cmplt_epi32_mask(e, _mm512_set1_epi32(2));
    bits = _mm512_mask_sllv_epi32(bits, tiny, _mm512_set1_epi32(0x00200000), e);
    const __mmask16 nan = _mm512_cmpeq_epi32_mask(e, _mm512_set1_epi32(255));
    scale[0] = _mm512_castsi512_ps(_mm512_mask_mov_epi32(bits, nan, _mm512_set1_epi32(0x7fc00000)));
  }
};

// --- super-blocks of 256: two of them -------------------------------------------------------------

/// {a x 8, b x 8} of two halves.
PITH_INLINE __m512 spread_halves(Bytes a, Bytes b) {
  const __m128 both = _mm_cvtph_ps(_mm_cvtsi32_si128(
      static_cast<int>(load_as<std::uint16_t>(a) | std::uint32_t{load_as<std::uint16_t>(b)} << 16)));
  const __m512i index = _mm512_set_epi32(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  return _mm512_permutexvar_ps(index, _mm512_castps128_ps512(both));
}

PITH_INLINE __m512 floats_u8(__m128i bytes) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)); }
PITH_INLINE __m512 floats_i8(__m128i bytes) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)); }

/// A byte for each 16 elements of two super-blocks: those of the first halves of the 16 blocks, and the
/// others.
PITH_INLINE void split_halves(__m128i out[2], __m128i a, __m128i b) {
  const __m128i even_odd = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
  a = _mm_shuffle_epi8(a, even_odd);
  b = _mm_shuffle_epi8(b, even_odd);
  out[0] = _mm_unpacklo_epi64(a, b);
  out[1] = _mm_unpackhi_epi64(a, b);
}

/// The 6-bit scales and minima of Q4_K and Q5_K: 8 and 8 in 12 bytes, those of the upper four blocks in
/// parts.
template <int Super>
PITH_INLINE void unpack_k_scales(__m512 scale[1], __m512 min[1], Bytes p) {
  const __m256i header =
      _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
                              _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + Super)), 1);
  // Bytes 4-7: scales 0-3 and the top bits of scales 4-7; 8-11: the same for minima; 12-15: the low nibbles
  // of both. Result in each lane: scales 0-7, minima 0-7.
  const __m256i low_at =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(4, 5, 6, 7, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15));
  const __m256i top_at =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(-1, -1, -1, -1, 4, 5, 6, 7, -1, -1, -1, -1, 8, 9, 10, 11));
  const __m256i keep =
      _mm256_broadcastsi128_si256(_mm_setr_epi32(0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f));
  __m256i low = _mm256_shuffle_epi8(header, low_at);
  low = _mm256_and_si256(_mm256_mask_srli_epi16(low, 0xc0c0, low, 4), keep);
  const __m256i top = _mm256_srli_epi16(_mm256_shuffle_epi8(header, top_at), 2);
  const __m256i both = _mm256_or_si256(low, _mm256_and_si256(top, _mm256_set1_epi8(0x30)));
  const __m256i sorted = _mm256_permute4x64_epi64(both, 0xd8);
  // d and dmin of both, as floats: {d, dmin, d', dmin'}; minima are subtracted.
  const __m128i d = _mm_unpacklo_epi32(_mm256_castsi256_si128(header), _mm256_extracti128_si256(header, 1));
  const __m512 d_floats =
      _mm512_castps128_ps512(_mm_xor_ps(_mm_cvtph_ps(d), _mm_setr_ps(0.0f, -0.0f, 0.0f, -0.0f)));
  const __m512i d_at = _mm512_set_epi32(2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m512i m_at = _mm512_set_epi32(3, 3, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1);
  scale[0] = _mm512_mul_ps(floats_u8(_mm256_castsi256_si128(sorted)), _mm512_permutexvar_ps(d_at, d_floats));
  min[0] =
      _mm512_mul_ps(floats_u8(_mm256_extracti128_si256(sorted, 1)), _mm512_permutexvar_ps(m_at, d_floats));
}

// Scales of block b of super-blocks of 16 rows.

/// A field of every row's dword, as wide as the bits of `mask`.
PITH_INLINE __m512i field_of(const Column& column, int from, int mask) {
  const __m512i v = _mm512_srlv_epi32(_mm512_load_si512(column), _mm512_set1_epi32(from));
  return _mm512_and_si512(v, _mm512_set1_epi32(mask));
}
/// A half of every row's dword.
PITH_INLINE __m512 half_of(const Column& column, int from) {
  return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(field_of(column, from, 0xffff)));
}
PITH_INLINE __m512i join_fields(__m512i low_four, __m512i top_two) {
  return _mm512_or_si512(low_four, _mm512_slli_epi32(top_two, 4));
}

PITH_INLINE void unpack_k_scales(__m512& scale, __m512& min, const Column* super, int b) {
  const int at = 8 * (b % 4);
  const __m512i s = b < 4 ? field_of(super[1], at, 63)
                          : join_fields(field_of(super[3], at, 15), field_of(super[1], at + 6, 3));
  const __m512i m = b < 4 ? field_of(super[2], at, 63)
                          : join_fields(field_of(super[3], at + 4, 15), field_of(super[2], at + 6, 3));
  const __m512 minus_dmin = _mm512_xor_ps(half_of(super[0], 16), _mm512_set1_ps(-0.0f));
  scale = _mm512_mul_ps(_mm512_cvtepi32_ps(s), half_of(super[0], 0));
  min = _mm512_mul_ps(_mm512_cvtepi32_ps(m), minus_dmin);
}

struct UnpackQ4_K : OfSuperBlocks {
  static constexpr DType kType = DType::Q4_K;
  static constexpr int kBytes = 2 * 144, kHalves = 1;
  static constexpr bool kMins = true, kQuick = true;
  /// 32 bytes hold one block in their low and the next in their high nibbles. The high ones stay where they
  /// are, 16 times as large; their blocks' scales take an exact 1/16.
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    PITH_UNROLL for (int pair = 0; pair < 2; ++pair) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) {
        const __m512i q = source.piece(16 + 32 * pair + 16 * h, 64);
        u[2 * pair][h] = low_nibbles(q);
        u[2 * pair + 1][h] = _mm512_andnot_si512(_mm512_set1_epi8(0x0f), q);
      }
    }
  }
  PITH_INLINE void scales(__m512 scale[1], __m512 min[1], Bytes p) {
    unpack_k_scales<144>(scale, min, p);
    constexpr __mmask16 kOdd = 0xaaaa;
    scale[0] = _mm512_mask_mul_ps(scale[0], kOdd, scale[0], _mm512_set1_ps(1.0f / 16));
  }
  PITH_INLINE void scales(__m512& scale, __m512& min, const Column* super, int b) {
    unpack_k_scales(scale, min, super, b);
    if (b % 2 == 1) scale = _mm512_mul_ps(scale, _mm512_set1_ps(1.0f / 16));
  }
};

/// Adds `value` where the 32 bytes at `offset`, which hold one bit for each of eight blocks, have it set.
template <class S>
PITH_INLINE void add_bits(__m512i u[4][2], const S& source, int offset, char value) {
  PITH_UNROLL for (int h = 0; h < 2; ++h) {
    const __m512i bits = source.piece(offset + 16 * h, 0);
    PITH_UNROLL for (int i = 0; i < 4; ++i) {
      const __mmask64 set = _mm512_test_epi8_mask(bits, source.bit(i));
      u[i][h] = _mm512_mask_add_epi8(u[i][h], set, u[i][h], _mm512_set1_epi8(value));
    }
  }
}

struct UnpackQ5_K : OfSuperBlocks {
  static constexpr DType kType = DType::Q5_K;
  static constexpr int kBytes = 2 * 176, kHalves = 1;
  static constexpr bool kMins = true, kQuick = false;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    PITH_UNROLL for (int pair = 0; pair < 2; ++pair) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) {
        const __m512i q = source.piece(48 + 32 * pair + 16 * h, 64);
        u[2 * pair][h] = low_nibbles(q);
        u[2 * pair + 1][h] = high_nibbles(q);
      }
    }
    add_bits(u, source, 16, 16);
  }
  PITH_INLINE void scales(__m512 scale[1], __m512 min[1], Bytes p) { unpack_k_scales<176>(scale, min, p); }
};

struct UnpackQ6_K : OfSuperBlocks {
  static constexpr DType kType = DType::Q6_K;
  static constexpr int kBytes = 2 * 210, kHalves = 2, kUp = 2;
  static constexpr bool kMins = false, kQuick = false;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    // 128 elements: blocks 0 and 2 share 32 bytes of nibbles, 1 and 3 the next 32; 32 bytes hold the upper
    // two bits of all four.
    const __m512i two = _mm512_set1_epi8(static_cast<char>(0x30 << kUp)), four = _mm512_set1_epi8(15 << kUp);
    constexpr int kKeepAnd = 0xf8;  // a | (b & c)
    PITH_UNROLL for (int h = 0; h < 2; ++h) {
      const __m512i top = source.piece(128 + 16 * h, 32);
      const __m512i tops[4] = {shift<kUp + 4>(top), shift<kUp + 2>(top), shift<kUp>(top),
                               shift<kUp - 2>(top)};
      for (int pair = 0; pair < 2; ++pair) {
        const __m512i q = source.piece(32 * pair + 16 * h, 64);
        for (int high = 0; high < 2; ++high) {
          const __m512i nibbles = _mm512_and_si512(high ? shift<kUp - 4>(q) : shift<kUp>(q), four);
          u[pair + 2 * high][h] = _mm512_ternarylogic_epi32(nibbles, tops[pair + 2 * high], two, kKeepAnd);
        }
      }
    }
  }
  PITH_INLINE void scales(__m512 scale[2], __m512*, Bytes p) {
    __m128i bytes[2];
    split_halves(bytes, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 192)),
                 _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 210 + 192)));
    const __m512 d = scaled_down<kUp>(spread_halves(p + 208, p + 210 + 208));
    PITH_UNROLL for (int h = 0; h < 2; ++h) scale[h] = _mm512_mul_ps(floats_i8(bytes[h]), d);
  }
};

/// 32 bytes hold two bits of each of four blocks.
template <int kUp = 0, class S>
PITH_INLINE void unpack_pairs_of_bits(__m512i u[4][2], const S& source, int offset) {
  const __m512i pair = _mm512_set1_epi8(3 << kUp);
  PITH_UNROLL for (int h = 0; h < 2; ++h) {
    const __m512i q = source.piece(offset + 16 * h, 32);
    u[0][h] = _mm512_and_si512(shift<kUp>(q), pair);
    u[1][h] = _mm512_and_si512(shift<kUp - 2>(q), pair);
    u[2][h] = _mm512_and_si512(shift<kUp - 4>(q), pair);
    u[3][h] = _mm512_and_si512(shift<kUp - 6>(q), pair);
  }
}

struct UnpackQ2_K : OfSuperBlocks {
  static constexpr DType kType = DType::Q2_K;
  static constexpr int kBytes = 2 * 84, kHalves = 2;
  static constexpr bool kMins = true, kQuick = false;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    unpack_pairs_of_bits(u, source, 16);
  }
  PITH_INLINE void scales(__m512 scale[2], __m512 min[2], Bytes p) {
    __m128i both[2];  // scale in the low, minimum in the high nibble
    split_halves(both, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)),
                 _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 84)));
    const __m512 d = spread_halves(p + 80, p + 84 + 80);
    const __m512 dmin = _mm512_sub_ps(_mm512_setzero_ps(), spread_halves(p + 82, p + 84 + 82));
    const __m128i low = _mm_set1_epi8(0x0f);
    PITH_UNROLL for (int h = 0; h < 2; ++h) {
      scale[h] = _mm512_mul_ps(floats_u8(_mm_and_si128(both[h], low)), d);
      min[h] = _mm512_mul_ps(floats_u8(_mm_and_si128(_mm_srli_epi16(both[h], 4), low)), dmin);
    }
  }
};

/// Q3_K's 16 scales of 6 bits: nibbles in bytes 0-7, the upper two bits in bytes 8-11; 32 is subtracted.
PITH_INLINE __m128i q3_k_scales(Bytes p) {
  const auto a = load_as<std::uint32_t>(p), b = load_as<std::uint32_t>(p + 4),
             top = load_as<std::uint32_t>(p + 8);
  const auto join = [](std::uint32_t nibbles, std::uint32_t bits) {
    return static_cast<int>((nibbles & 0x0f0f0f0fu) | (bits & 0x03030303u) << 4);
  };
  const __m128i packed =
      _mm_setr_epi32(join(a, top), join(b, top >> 2), join(a >> 4, top >> 4), join(b >> 4, top >> 6));
  return _mm_sub_epi8(packed, _mm_set1_epi8(32));
}

struct UnpackQ3_K : OfSuperBlocks {
  static constexpr DType kType = DType::Q3_K;
  static constexpr int kBytes = 2 * 110, kHalves = 2, kUp = 5;
  static constexpr bool kMins = false, kQuick = false;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    unpack_pairs_of_bits<kUp>(u, source, 32);
    add_bits(u, source, 0, static_cast<char>(4 << kUp));
  }
  PITH_INLINE void scales(__m512 scale[2], __m512*, Bytes p) {
    __m128i bytes[2];
    split_halves(bytes, q3_k_scales(p + 96), q3_k_scales(p + 110 + 96));
    const __m512 d = scaled_down<kUp>(spread_halves(p + 108, p + 110 + 108));
    PITH_UNROLL for (int h = 0; h < 2; ++h) scale[h] = _mm512_mul_ps(floats_i8(bytes[h]), d);
  }
};

/// IQ4_XS's 8 scales of 6 bits: nibbles in scales_l, upper bits in scales_h.
PITH_INLINE std::uint64_t iq4_xs_scales(Bytes p) {
  return _pdep_u64(load_as<std::uint32_t>(p + 4), 0x0f0f0f0f0f0f0f0full) |
         _pdep_u64(load_as<std::uint16_t>(p + 2), 0x3030303030303030ull);
}

struct UnpackIQ4_XS : OfSuperBlocks {
  static constexpr DType kType = DType::IQ4_XS;
  static constexpr int kBytes = 2 * 136, kHalves = 1;
  static constexpr bool kMins = false, kQuick = true;
  template <class S>
  PITH_INLINE void bytes(__m512i u[4][2], const S& source) {
    PITH_UNROLL for (int i = 0; i < 4; ++i) {
      const __m512i q = source.piece(8 + 16 * i, 64);
      u[i][0] = low_nibbles(q);
      u[i][1] = high_nibbles(q);
    }
    look_up(u, iq4_table());
  }
  PITH_INLINE void scales(__m512 scale[1], __m512*, Bytes p) {
    const __m128i packed = _mm_set_epi64x(static_cast<long long>(iq4_xs_scales(p + 136)),
                                          static_cast<long long>(iq4_xs_scales(p)));
    const __m512 six_bits = floats_i8(_mm_sub_epi8(packed, _mm_set1_epi8(32)));
    scale[0] = _mm512_mul_ps(six_bits, spread_halves(p, p + 136));
  }
  PITH_INLINE void scales(__m512& scale, __m512&, const Column* super, int b) {
    const __m512i s = join_fields(field_of(super[1], 4 * b, 15), field_of(super[0], 16 + 2 * b, 3));
    const __m512i six_bits = _mm512_sub_epi32(s, _mm512_set1_epi32(32));
    scale = _mm512_mul_ps(_mm512_cvtepi32_ps(six_bits), half_of(super[0], 0));
  }
};

}  // namespace
}  // namespace pith
