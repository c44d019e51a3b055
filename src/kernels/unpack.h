// The block types of types.h, each reduced to one common form: 32 small integers with a scale and a minimum
// per 16. A type is only an unpacker; what is done with the numbers is written once for all of them.
//
// The layouts are those of ggml-quants.c (dequantize_row_*) in ggml-org/llama.cpp.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/half.h"
#include "tensor/types.h"

namespace pith::scalar {

/// 32 weights: w[i] = scale[i / 16] * q[i] - min[i / 16].
struct Group {
  std::int8_t q[32];
  float scale[2];
  float min[2];
};

/// IQ4_NL's and IQ4_XS's values: finer near zero, where most weights of a Gaussian are.
inline constexpr std::int8_t kNonLinear[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                               1,    13,   25,  38,  53,  69,  89,  113};
/// Twice the values of E2M1 (OCP Microscaling Formats, section 5.3.3), so that they are integers.
inline constexpr std::int8_t kTwiceE2M1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

inline void set(Group& g, float scale, float min = 0.0f) {
  g.scale[0] = g.scale[1] = scale;
  g.min[0] = g.min[1] = min;
}

/// The 4-bit layout of all 32-blocks: low nibbles are elements 0..15, high ones 16..31.
template <class Value>
void nibbles(Group& g, const std::uint8_t* qs, Value value) {
  for (int i = 0; i < 16; ++i) {
    g.q[i] = static_cast<std::int8_t>(value(qs[i] & 15, i));
    g.q[i + 16] = static_cast<std::int8_t>(value(qs[i] >> 4, i + 16));
  }
}

/// Bit `i` of a little-endian bit string.
inline int bit(const std::uint8_t* bits, int i) { return bits[i / 8] >> (i % 8) & 1; }

// Each type below: kGroup, the elements that share a scale; kMin, whether there are minimums; and
// unpack(block, groups) for the block's 1 or 8 groups.

struct Q8_0 {
  using Block = BlockQ8_0;
  static constexpr int kGroup = 32;
  static constexpr bool kMin = false;
  static void unpack(const Block& b, Group* g) {
    std::memcpy(g->q, b.qs, 32);
    set(*g, half_to_float(b.d));
  }
};

struct Q4_0 {
  using Block = BlockQ4_0;
  static constexpr int kGroup = 32;
  static constexpr bool kMin = false;
  static void unpack(const Block& b, Group* g) {
    nibbles(*g, b.qs, [](int q, int) { return q - 8; });
    set(*g, half_to_float(b.d));
  }
};

struct Q4_1 {
  using Block = BlockQ4_1;
  static constexpr int kGroup = 32;
  static constexpr bool kMin = true;
  static void unpack(const Block& b, Group* g) {
    nibbles(*g, b.qs, [](int q, int) { return q; });
    set(*g, half_to_float(b.d), -half_to_float(b.m));
  }
};

struct Q5_0 {
  using Block = BlockQ5_0;
  static constexpr int kGroup = 32;
  static constexpr bool kMin = false;
  static void unpack(const Block& b, Group* g) {
    nibbles(*g, b.qs, [&](int q, int i) { return (q | bit(b.qh, i) << 4) - 16; });
    set(*g, half_to_float(b.d));
  }
};

struct Q5_1 {
  using Block = BlockQ5_1;
  static constexpr int kGroup = 32;
  static constexpr bool kMin = true;
  static void unpack(const Block& b, Group* g) {
    nibbles(*g, b.qs, [&](int q, int i) { return q | bit(b.qh, i) << 4; });
    set(*g, half_to_float(b.d), -half_to_float(b.m));
  }
};

struct IQ4_NL {
  using Block = BlockIQ4_NL;
  static constexpr int kGroup = 32;
  static constexpr bool kMin = false;
  static void unpack(const Block& b, Group* g) {
    nibbles(*g, b.qs, [](int q, int) { return kNonLinear[q]; });
    set(*g, half_to_float(b.d));
  }
};

struct MXFP4 {
  using Block = BlockMXFP4;
  static constexpr int kGroup = 32;
  static constexpr bool kMin = false;
  static void unpack(const Block& b, Group* g) {
    nibbles(*g, b.qs, [](int q, int) { return kTwiceE2M1[q]; });
    set(*g, 0.5f * e8m0_to_float(b.e));  // exact, subnormal at e = 0 and 1
  }
};

struct Q2_K {
  using Block = BlockQ2_K;
  static constexpr int kGroup = 16;
  static constexpr bool kMin = true;
  /// Group n takes two bits of each byte of its half's 32.
  static void unpack(const Block& b, Group* g) {
    const float d = half_to_float(b.d), dmin = half_to_float(b.dmin);
    for (int n = 0; n < 8; ++n) {
      for (int i = 0; i < 32; ++i) {
        g[n].q[i] = static_cast<std::int8_t>(b.qs[n / 4 * 32 + i] >> (n % 4 * 2) & 3);
      }
      for (int s = 0; s < 2; ++s) {
        g[n].scale[s] = d * static_cast<float>(b.scales[2 * n + s] & 15);
        g[n].min[s] = dmin * static_cast<float>(b.scales[2 * n + s] >> 4);
      }
    }
  }
};

struct Q3_K {
  using Block = BlockQ3_K;
  static constexpr int kGroup = 16;
  static constexpr bool kMin = false;
  /// Scale `s` of 16, 6 bits offset by 32: four low bits in bytes 0..7 (low nibbles first), two high ones in
  /// bytes 8..11.
  static int scale(const std::uint8_t* packed, int s) {
    const int low = packed[s % 8] >> (s / 8 * 4) & 15;
    const int high = packed[8 + s % 4] >> (s / 4 * 2) & 3;
    return (low | high << 4) - 32;
  }
  static void unpack(const Block& b, Group* g) {
    const float d = half_to_float(b.d);
    for (int n = 0; n < 8; ++n) {
      for (int i = 0; i < 32; ++i) {
        const int low = b.qs[n / 4 * 32 + i] >> (n % 4 * 2) & 3;
        const int high = b.hmask[i] >> n & 1;
        g[n].q[i] = static_cast<std::int8_t>((low | high << 2) - 4);
      }
      for (int s = 0; s < 2; ++s) {
        g[n].scale[s] = d * static_cast<float>(scale(b.scales, 2 * n + s));
        g[n].min[s] = 0.0f;
      }
    }
  }
};

/// The 6-bit scale and minimum of group n in Q4_K's and Q5_K's 12 bytes: those of groups 0..3 are the low six
/// bits of bytes 0..3 and 4..7; of groups 4..7 the low nibbles are in bytes 8..11, the rest above the others.
struct ScaleMin {
  int scale, min;
};
inline ScaleMin scale_min(const std::uint8_t* packed, int n) {
  if (n < 4) return {packed[n] & 63, packed[n + 4] & 63};
  return {(packed[n + 4] & 15) | packed[n - 4] >> 6 << 4, packed[n + 4] >> 4 | packed[n] >> 6 << 4};
}

struct Q4_K {
  using Block = BlockQ4_K;
  static constexpr int kGroup = 32;
  static constexpr bool kMin = true;
  static void unpack(const Block& b, Group* g) {
    const float d = half_to_float(b.d), dmin = half_to_float(b.dmin);
    for (int n = 0; n < 8; ++n) {
      for (int i = 0; i < 32; ++i) {
        g[n].q[i] = static_cast<std::int8_t>(b.qs[n / 2 * 32 + i] >> (n % 2 * 4) & 15);
      }
      const ScaleMin sm = scale_min(b.scales, n);
      set(g[n], d * static_cast<float>(sm.scale), dmin * static_cast<float>(sm.min));
    }
  }
};

struct Q5_K {
  using Block = BlockQ5_K;
  static constexpr int kGroup = 32;
  static constexpr bool kMin = true;
  static void unpack(const Block& b, Group* g) {
    const float d = half_to_float(b.d), dmin = half_to_float(b.dmin);
    for (int n = 0; n < 8; ++n) {
      for (int i = 0; i < 32; ++i) {
        const int low = b.qs[n / 2 * 32 + i] >> (n % 2 * 4) & 15;
        const int high = b.qh[i] >> n & 1;
        g[n].q[i] = static_cast<std::int8_t>(low | high << 4);
      }
      const ScaleMin sm = scale_min(b.scales, n);
      set(g[n], d * static_cast<float>(sm.scale), dmin * static_cast<float>(sm.min));
    }
  }
};

struct Q6_K {
  using Block = BlockQ6_K;
  static constexpr int kGroup = 16;
  static constexpr bool kMin = false;
  static void unpack(const Block& b, Group* g) {
    const float d = half_to_float(b.d);
    for (int n = 0; n < 8; ++n) {
      const int half = n / 4, quarter = n % 4;
      for (int i = 0; i < 32; ++i) {
        const int low = b.ql[half * 64 + quarter % 2 * 32 + i] >> (quarter / 2 * 4) & 15;
        const int high = b.qh[half * 32 + i] >> (quarter * 2) & 3;
        g[n].q[i] = static_cast<std::int8_t>((low | high << 4) - 32);
      }
      for (int s = 0; s < 2; ++s) {
        g[n].scale[s] = d * static_cast<float>(b.scales[2 * n + s]);
        g[n].min[s] = 0.0f;
      }
    }
  }
};

struct IQ4_XS {
  using Block = BlockIQ4_XS;
  static constexpr int kGroup = 32;
  static constexpr bool kMin = false;
  static void unpack(const Block& b, Group* g) {
    const float d = half_to_float(b.d);
    for (int n = 0; n < 8; ++n) {
      nibbles(g[n], b.qs + n * 16, [](int q, int) { return kNonLinear[q]; });
      const int low = b.scales_l[n / 2] >> (n % 2 * 4) & 15;
      const int high = b.scales_h >> (2 * n) & 3;
      set(g[n], d * static_cast<float>((low | high << 4) - 32));
    }
  }
};

/// Elements in a type's block.
template <class Type>
inline constexpr int kBlock = sizeof(typename Type::Block) > sizeof(BlockQ8_0) ? kSuper : 32;

/// A row of k weights, at any alignment, into k / 32 groups.
template <class Type>
void unpack_row(Group* groups, const void* row, std::int64_t k) {
  const auto* p = static_cast<const std::byte*>(row);
  for (std::int64_t i = 0; i < k; i += kBlock<Type>) {
    typename Type::Block block;
    std::memcpy(&block, p, sizeof block);
    Type::unpack(block, groups);
    p += sizeof block;
    groups += kBlock<Type> / 32;
  }
}

}  // namespace pith::scalar
