// Unpackers of the quantised types at the AVX2 level: 256 elements of one row, that is 8 blocks of 32, from
// the file's layout to the operands of VPMADDUBSW.
//
// An unpacked element is an unsigned byte q of at most kMax, and the weight scale * (q - 2^kShift) or
// scale * q + min; or, where kMax is 0, a signed byte and the weight scale * q. Types with scales for every
// 16 elements (kHalves = 2) have one vector of scales for the first halves of the blocks and one for the
// second.
//
// Order: vector [i][h] holds half h of blocks i and 4 + i in its 128-bit lanes; see avx512_unpack.h for why.
// Nothing is read outside the kBytes of the 8 blocks: the matrix may end where its file does.
#pragma once

#include "kernels/vector_common.h"

namespace pith {
namespace {

template <class Q>
struct Unpacked {
  __m256i q[4][2];
  __m256 scale[Q::kHalves];
  __m256 min[Q::kHalves];  // only where Q::kMins
};

constexpr int kNoShift = -1;  // kShift of types with minima, and of signed ones

PITH_INLINE __m128i load_16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
/// Two pieces of 16 bytes.
PITH_INLINE __m256i load_pair(const void* a, const void* b) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_16(a)), load_16(b), 1);
}
PITH_INLINE __m256i twice(__m128i v) { return _mm256_broadcastsi128_si256(v); }
PITH_INLINE __m256i low_nibbles(__m256i v) { return _mm256_and_si256(v, _mm256_set1_epi8(0x0f)); }
PITH_INLINE __m256i high_nibbles(__m256i v) { return low_nibbles(_mm256_srli_epi16(v, 4)); }

/// Adds `value` to the bytes where the byte of `bits` has any bit of `bit`.
PITH_INLINE __m256i add_where(__m256i q, __m256i bits, __m256i bit, char value) {
  const __m256i clear = _mm256_cmpeq_epi8(_mm256_and_si256(bits, bit), _mm256_setzero_si256());
  return _mm256_add_epi8(q, _mm256_andnot_si256(clear, _mm256_set1_epi8(value)));
}

// --- blocks of 32 ---------------------------------------------------------------------------------

/// A half of each of 8 blocks.
template <int Stride>
PITH_INLINE __m256 load_halves(Bytes p) {
  const auto at = [&](int block) { return static_cast<short>(load_as<std::uint16_t>(p + block * Stride)); };
  return _mm256_cvtph_ps(_mm_setr_epi16(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)));
}

struct UnpackQ8_0 {
  static constexpr DType kType = DType::Q8_0;
  static constexpr int kBytes = 8 * 34, kHalves = 1, kShift = kNoShift, kMax = 0;
  static constexpr bool kMins = false;
  PITH_INLINE void unpack(Unpacked<UnpackQ8_0>& out, Bytes p) {
    PITH_UNROLL for (int i = 0; i < 4; ++i) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) {
        const Bytes piece = p + 34 * i + 2 + 16 * h;
        out.q[i][h] = load_pair(piece, piece + 4 * 34);
      }
    }
    out.scale[0] = load_halves<34>(p);
  }
};

/// Blocks whose 16 bytes at `Offset` hold elements 0-15 in the low and 16-31 in the high nibbles.
template <int Stride, int Offset>
PITH_INLINE void unpack_nibbles(__m256i q[4][2], Bytes p) {
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    const Bytes piece = p + Stride * i + Offset;
    const __m256i both = load_pair(piece, piece + 4 * Stride);
    q[i][0] = low_nibbles(both);
    q[i][1] = high_nibbles(both);
  }
}

/// The five-bit types' bits 4: four bytes of each block have one bit for every element.
template <int Stride, int Offset>
PITH_INLINE void add_fifth_bits(__m256i q[4][2], Bytes p) {
  const auto at = [&](int block) { return load_as<int>(p + block * Stride + Offset); };
  const __m256i bits = _mm256_setr_epi32(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
  const __m256i bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ull));
  const __m256i halves = twice(_mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    PITH_UNROLL for (int h = 0; h < 2; ++h) {
      const __m256i from = _mm256_add_epi8(halves, _mm256_set1_epi8(static_cast<char>(4 * i + 2 * h)));
      q[i][h] = add_where(q[i][h], _mm256_shuffle_epi8(bits, from), bit, 16);
    }
  }
}

PITH_INLINE void look_up(__m256i q[4][2], __m128i table) {
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    PITH_UNROLL for (int h = 0; h < 2; ++h) q[i][h] = _mm256_shuffle_epi8(twice(table), q[i][h]);
  }
}

struct UnpackQ4_0 {
  static constexpr DType kType = DType::Q4_0;
  static constexpr int kBytes = 8 * 18, kHalves = 1, kShift = 3, kMax = 15;
  static constexpr bool kMins = false;
  PITH_INLINE void unpack(Unpacked<UnpackQ4_0>& out, Bytes p) {
    unpack_nibbles<18, 2>(out.q, p);
    out.scale[0] = load_halves<18>(p);
  }
};

struct UnpackQ4_1 {
  static constexpr DType kType = DType::Q4_1;
  static constexpr int kBytes = 8 * 20, kHalves = 1, kShift = kNoShift, kMax = 15;
  static constexpr bool kMins = true;
  PITH_INLINE void unpack(Unpacked<UnpackQ4_1>& out, Bytes p) {
    unpack_nibbles<20, 4>(out.q, p);
    out.scale[0] = load_halves<20>(p);
    out.min[0] = load_halves<20>(p + 2);
  }
};

struct UnpackQ5_0 {
  static constexpr DType kType = DType::Q5_0;
  static constexpr int kBytes = 8 * 22, kHalves = 1, kShift = 4, kMax = 31;
  static constexpr bool kMins = false;
  PITH_INLINE void unpack(Unpacked<UnpackQ5_0>& out, Bytes p) {
    unpack_nibbles<22, 6>(out.q, p);
    add_fifth_bits<22, 2>(out.q, p);
    out.scale[0] = load_halves<22>(p);
  }
};

struct UnpackQ5_1 {
  static constexpr DType kType = DType::Q5_1;
  static constexpr int kBytes = 8 * 24, kHalves = 1, kShift = kNoShift, kMax = 31;
  static constexpr bool kMins = true;
  PITH_INLINE void unpack(Unpacked<UnpackQ5_1>& out, Bytes p) {
    unpack_nibbles<24, 8>(out.q, p);
    add_fifth_bits<24, 4>(out.q, p);
    out.scale[0] = load_halves<24>(p);
    out.min[0] = load_halves<24>(p + 2);
  }
};

/// ggml's non-linear 4-bit values.
PITH_INLINE __m128i iq4_table() {
  return _mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
}

struct UnpackIQ4_NL {
  static constexpr DType kType = DType::IQ4_NL;
  static constexpr int kBytes = 8 * 18, kHalves = 1, kShift = kNoShift, kMax = 0;
  static constexpr bool kMins = false;
  PITH_INLINE void unpack(Unpacked<UnpackIQ4_NL>& out, Bytes p) {
    unpack_nibbles<18, 2>(out.q, p);
    look_up(out.q, iq4_table());
    out.scale[0] = load_halves<18>(p);
  }
};

struct UnpackMXFP4 {
  static constexpr DType kType = DType::MXFP4;
  static constexpr int kBytes = 8 * 17, kHalves = 1, kShift = 4, kMax = 28;
  static constexpr bool kMins = false;
  PITH_INLINE void unpack(Unpacked<UnpackMXFP4>& out, Bytes p) {
    unpack_nibbles<17, 1>(out.q, p);
    // Twice e2m1 (0 0.5 1 1.5 2 3 4 6 and their negatives), plus 16.
    look_up(out.q, _mm_setr_epi8(16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4));
    // Half of 2^(e - 127); subnormal for e below 2, NaN for 255.
    const __m256i e = _mm256_setr_epi32(p[0], p[17], p[34], p[51], p[68], p[85], p[102], p[119]);
    const __m256i normal = _mm256_slli_epi32(_mm256_sub_epi32(e, _mm256_set1_epi32(1)), 23);
    const __m256i tiny = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), e);
    const __m256i nan = _mm256_cmpeq_epi32(e, _mm256_set1_epi32(255));
    __m256i bits = _mm256_blendv_epi8(normal, tiny, _mm256_cmpgt_epi32(_mm256_set1_epi32(2), e));
    bits = _mm256_blendv_epi8(bits, _mm256_set1_epi32(0x7fc00000), nan);
    out.scale[0] = _mm256_castsi256_ps(bits);
  }
};

// --- a super-block of 256 --------------------------------------------------------------------------

PITH_INLINE __m256 floats_u8(__m128i bytes) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)); }
PITH_INLINE __m256 floats_i8(__m128i bytes) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)); }

/// A byte for each 16 elements: those of the first halves of the 8 blocks in the low half, then the others.
PITH_INLINE __m128i split_halves(__m128i v) {
  return _mm_shuffle_epi8(v, _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
}

/// Bit i for the first, bit 4 + i for the second lane.
PITH_INLINE __m256i bit_of_block(int i) {
  return _mm256_inserti128_si256(_mm256_set1_epi8(static_cast<char>(1 << i)),
                                 _mm_set1_epi8(static_cast<char>(16 << i)), 1);
}

/// The 6-bit scales and minima of Q4_K and Q5_K: 8 and 8 in 12 bytes, those of the upper four blocks in
/// parts: bytes 4-7 hold scales 0-3 and the top bits of scales 4-7, 8-11 the same for minima, 12-15 the low
/// nibbles of both.
template <class Q>
PITH_INLINE void unpack_k_scales(Unpacked<Q>& out, Bytes p) {
  const __m128i header = load_16(p);
  const __m128i low =
      _mm_shuffle_epi8(header, _mm_setr_epi8(4, 5, 6, 7, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15));
  const __m128i top =
      _mm_shuffle_epi8(header, _mm_setr_epi8(-1, -1, -1, -1, 4, 5, 6, 7, -1, -1, -1, -1, 8, 9, 10, 11));
  // The minima's low nibbles are the high ones of bytes 12-15.
  const __m128i shifted = _mm_blend_epi16(low, _mm_srli_epi16(low, 4), 0xc0);
  const __m128i kept = _mm_and_si128(shifted, _mm_setr_epi32(0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f));
  const __m128i both = _mm_or_si128(kept, _mm_and_si128(_mm_srli_epi16(top, 2), _mm_set1_epi8(0x30)));
  out.scale[0] = _mm256_mul_ps(floats_u8(both), _mm256_set1_ps(half_at(p)));
  out.min[0] = _mm256_mul_ps(floats_u8(_mm_unpackhi_epi64(both, both)), _mm256_set1_ps(-half_at(p + 2)));
}

/// 32 bytes hold one block in their low and the next in their high nibbles.
PITH_INLINE void unpack_k_nibbles(__m256i q[4][2], Bytes qs) {
  PITH_UNROLL for (int pair = 0; pair < 2; ++pair) {
    PITH_UNROLL for (int h = 0; h < 2; ++h) {
      const Bytes piece = qs + 32 * pair + 16 * h;
      const __m256i both = load_pair(piece, piece + 64);
      q[2 * pair][h] = low_nibbles(both);
      q[2 * pair + 1][h] = high_nibbles(both);
    }
  }
}

struct UnpackQ4_K {
  static constexpr DType kType = DType::Q4_K;
  static constexpr int kBytes = 144, kHalves = 1, kShift = kNoShift, kMax = 15;
  static constexpr bool kMins = true;
  PITH_INLINE void unpack(Unpacked<UnpackQ4_K>& out, Bytes p) {
    unpack_k_nibbles(out.q, p + 16);
    unpack_k_scales(out, p);
  }
};

struct UnpackQ5_K {
  static constexpr DType kType = DType::Q5_K;
  static constexpr int kBytes = 176, kHalves = 1, kShift = kNoShift, kMax = 31;
  static constexpr bool kMins = true;
  PITH_INLINE void unpack(Unpacked<UnpackQ5_K>& out, Bytes p) {
    unpack_k_nibbles(out.q, p + 48);
    PITH_UNROLL for (int h = 0; h < 2; ++h) {
      const __m256i bits = twice(load_16(p + 16 + 16 * h));
      PITH_UNROLL for (int i = 0; i < 4; ++i) out.q[i][h] = add_where(out.q[i][h], bits, bit_of_block(i), 16);
    }
    unpack_k_scales(out, p);
  }
};

struct UnpackQ6_K {
  static constexpr DType kType = DType::Q6_K;
  static constexpr int kBytes = 210, kHalves = 2, kShift = 5, kMax = 63;
  static constexpr bool kMins = false;
  PITH_INLINE void unpack(Unpacked<UnpackQ6_K>& out, Bytes p) {
    // 128 elements: blocks 0 and 2 share 32 bytes of nibbles, 1 and 3 the next 32; 32 bytes hold the upper
    // two bits of all four.
    const __m256i upper = _mm256_set1_epi8(0x30);
    PITH_UNROLL for (int h = 0; h < 2; ++h) {
      const __m256i top = load_pair(p + 128 + 16 * h, p + 160 + 16 * h);
      const __m256i tops[4] = {_mm256_slli_epi16(top, 4), _mm256_slli_epi16(top, 2), top,
                               _mm256_srli_epi16(top, 2)};
      PITH_UNROLL for (int pair = 0; pair < 2; ++pair) {
        const Bytes piece = p + 32 * pair + 16 * h;
        const __m256i both = load_pair(piece, piece + 64);
        out.q[pair][h] = _mm256_or_si256(low_nibbles(both), _mm256_and_si256(tops[pair], upper));
        out.q[pair + 2][h] = _mm256_or_si256(high_nibbles(both), _mm256_and_si256(tops[pair + 2], upper));
      }
    }
    const __m128i scales = split_halves(load_16(p + 192));
    const __m256 d = _mm256_set1_ps(half_at(p + 208));
    out.scale[0] = _mm256_mul_ps(floats_i8(scales), d);
    out.scale[1] = _mm256_mul_ps(floats_i8(_mm_unpackhi_epi64(scales, scales)), d);
  }
};

/// 32 bytes hold two bits of each of four blocks.
PITH_INLINE void unpack_pairs_of_bits(__m256i q[4][2], Bytes qs) {
  PITH_UNROLL for (int h = 0; h < 2; ++h) {
    const __m256i all = load_pair(qs + 16 * h, qs + 32 + 16 * h), three = _mm256_set1_epi8(3);
    q[0][h] = _mm256_and_si256(all, three);
    q[1][h] = _mm256_and_si256(_mm256_srli_epi16(all, 2), three);
    q[2][h] = _mm256_and_si256(_mm256_srli_epi16(all, 4), three);
    q[3][h] = _mm256_and_si256(_mm256_srli_epi16(all, 6), three);
  }
}

struct UnpackQ2_K {
  static constexpr DType kType = DType::Q2_K;
  static constexpr int kBytes = 84, kHalves = 2, kShift = kNoShift, kMax = 3;
  static constexpr bool kMins = true;
  PITH_INLINE void unpack(Unpacked<UnpackQ2_K>& out, Bytes p) {
    unpack_pairs_of_bits(out.q, p + 16);
    const __m128i both = split_halves(load_16(p)), low = _mm_set1_epi8(0x0f);
    const __m128i scales = _mm_and_si128(both, low), mins = _mm_and_si128(_mm_srli_epi16(both, 4), low);
    const __m256 d = _mm256_set1_ps(half_at(p + 80)), dmin = _mm256_set1_ps(-half_at(p + 82));
    out.scale[0] = _mm256_mul_ps(floats_u8(scales), d);
    out.scale[1] = _mm256_mul_ps(floats_u8(_mm_unpackhi_epi64(scales, scales)), d);
    out.min[0] = _mm256_mul_ps(floats_u8(mins), dmin);
    out.min[1] = _mm256_mul_ps(floats_u8(_mm_unpackhi_epi64(mins, mins)), dmin);
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

struct UnpackQ3_K {
  static constexpr DType kType = DType::Q3_K;
  static constexpr int kBytes = 110, kHalves = 2, kShift = 2, kMax = 7;
  static constexpr bool kMins = false;
  PITH_INLINE void unpack(Unpacked<UnpackQ3_K>& out, Bytes p) {
    unpack_pairs_of_bits(out.q, p + 32);
    PITH_UNROLL for (int h = 0; h < 2; ++h) {
      const __m256i bits = twice(load_16(p + 16 * h));
      PITH_UNROLL for (int i = 0; i < 4; ++i) out.q[i][h] = add_where(out.q[i][h], bits, bit_of_block(i), 4);
    }
    const __m128i scales = split_halves(q3_k_scales(p + 96));
    const __m256 d = _mm256_set1_ps(half_at(p + 108));
    out.scale[0] = _mm256_mul_ps(floats_i8(scales), d);
    out.scale[1] = _mm256_mul_ps(floats_i8(_mm_unpackhi_epi64(scales, scales)), d);
  }
};

struct UnpackIQ4_XS {
  static constexpr DType kType = DType::IQ4_XS;
  static constexpr int kBytes = 136, kHalves = 1, kShift = kNoShift, kMax = 0;
  static constexpr bool kMins = false;
  PITH_INLINE void unpack(Unpacked<UnpackIQ4_XS>& out, Bytes p) {
    unpack_nibbles<16, 8>(out.q, p);
    look_up(out.q, iq4_table());
    // 8 scales of 6 bits: nibbles in bytes 4-7, the upper two bits in bytes 2-3; 32 is subtracted.
    const std::uint64_t packed = _pdep_u64(load_as<std::uint32_t>(p + 4), 0x0f0f0f0f0f0f0f0full) |
                                 _pdep_u64(load_as<std::uint16_t>(p + 2), 0x3030303030303030ull);
    const __m128i scales = _mm_sub_epi8(_mm_cvtsi64_si128(static_cast<long long>(packed)), _mm_set1_epi8(32));
    out.scale[0] = _mm256_mul_ps(floats_i8(scales), _mm256_set1_ps(half_at(p)));
  }
};

}  // namespace
}  // namespace pith
