// unpack.h's inverse: small integers and scales to the blocks as they lie in a file.
//
// q are the integers of scalar::Group (with the type's offset taken off: Q4_0 has -8..7), IQ4_NL, IQ4_XS and
// MXFP4 have them as values of their table.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/unpack.h"
#include "tensor/types.h"

namespace pith::scalar {

/// Value to 4-bit code; the first code of that value.
template <std::size_t kSize>
constexpr int code_of(const std::int8_t (&table)[kSize], int value) {
  for (int i = 0; i < static_cast<int>(kSize); ++i) {
    if (table[i] == value) return i;
  }
  return 0;
}

template <class Code>
void pack_nibbles(std::uint8_t* qs, const std::int8_t* q, Code code) {
  for (int i = 0; i < 16; ++i) {
    qs[i] = static_cast<std::uint8_t>((code(q[i]) & 15) | (code(q[i + 16]) & 15) << 4);
  }
}

/// Bit 4 of 32 codes.
template <class Code>
void pack_fifth_bits(std::uint8_t* qh, const std::int8_t* q, Code code) {
  std::memset(qh, 0, 4);
  for (int i = 0; i < 32; ++i)
    qh[i / 8] = static_cast<std::uint8_t>(qh[i / 8] | (code(q[i]) >> 4 & 1) << (i % 8));
}

// --- blocks of 32 ---------------------------------------------------------------------------------

inline void pack(BlockQ4_0& b, Half d, const std::int8_t* q) {
  b.d = d;
  pack_nibbles(b.qs, q, [](int v) { return v + 8; });
}
inline void pack(BlockQ4_1& b, Half d, Half m, const std::int8_t* q) {
  b.d = d;
  b.m = m;
  pack_nibbles(b.qs, q, [](int v) { return v; });
}
inline void pack(BlockQ5_0& b, Half d, const std::int8_t* q) {
  const auto code = [](int v) { return v + 16; };
  b.d = d;
  pack_nibbles(b.qs, q, code);
  pack_fifth_bits(b.qh, q, code);
}
inline void pack(BlockQ5_1& b, Half d, Half m, const std::int8_t* q) {
  const auto code = [](int v) { return v; };
  b.d = d;
  b.m = m;
  pack_nibbles(b.qs, q, code);
  pack_fifth_bits(b.qh, q, code);
}
inline void pack(BlockIQ4_NL& b, Half d, const std::int8_t* q) {
  b.d = d;
  pack_nibbles(b.qs, q, [](int v) { return code_of(kNonLinear, v); });
}
inline void pack(BlockMXFP4& b, std::uint8_t e, const std::int8_t* q) {
  b.e = e;
  pack_nibbles(b.qs, q, [](int v) { return code_of(kTwiceE2M1, v); });
}

// --- super-blocks of 256 --------------------------------------------------------------------------

/// Two bits of each code; each byte of a half's 32 holds elements i, i + 32, i + 64, i + 96.
template <class Code>
void pack_pairs(std::uint8_t* out, const std::int8_t* q, Code code) {
  std::memset(out, 0, 64);
  for (int i = 0; i < kSuper; ++i) {
    std::uint8_t& byte = out[i / 128 * 32 + i % 32];
    byte = static_cast<std::uint8_t>(byte | (code(q[i]) & 3) << (i % 128 / 32 * 2));
  }
}

/// One bit of each code: bit i / 32 of byte i mod 32.
template <class Code>
void pack_bits(std::uint8_t* out, const std::int8_t* q, Code code) {
  std::memset(out, 0, 32);
  for (int i = 0; i < kSuper; ++i) {
    out[i % 32] = static_cast<std::uint8_t>(out[i % 32] | (code(q[i]) & 1) << (i / 32));
  }
}

inline void pack(BlockQ2_K& b, Half d, Half dmin, const std::int8_t* scale, const std::int8_t* min,
                 const std::int8_t* q) {
  b.d = d;
  b.dmin = dmin;
  for (int s = 0; s < 16; ++s) b.scales[s] = static_cast<std::uint8_t>(scale[s] | min[s] << 4);
  pack_pairs(b.qs, q, [](int v) { return v; });
}

inline void pack(BlockQ3_K& b, Half d, const std::int8_t* scale, const std::int8_t* q) {
  b.d = d;
  std::memset(b.scales, 0, sizeof b.scales);
  for (int s = 0; s < 16; ++s) {
    const int code = scale[s] + 32;
    b.scales[s % 8] = static_cast<std::uint8_t>(b.scales[s % 8] | (code & 15) << (s / 8 * 4));
    b.scales[8 + s % 4] = static_cast<std::uint8_t>(b.scales[8 + s % 4] | code >> 4 << (s / 4 * 2));
  }
  pack_pairs(b.qs, q, [](int v) { return v + 4; });
  pack_bits(b.hmask, q, [](int v) { return (v + 4) >> 2; });
}

/// scale_min's inverse, all eight groups.
inline void pack_scale_min(std::uint8_t* packed, const std::int8_t* scale, const std::int8_t* min) {
  for (int n = 0; n < 4; ++n) {
    packed[n] = static_cast<std::uint8_t>(scale[n] | scale[n + 4] >> 4 << 6);
    packed[n + 4] = static_cast<std::uint8_t>(min[n] | min[n + 4] >> 4 << 6);
    packed[n + 8] = static_cast<std::uint8_t>((scale[n + 4] & 15) | (min[n + 4] & 15) << 4);
  }
}

/// Low nibbles of 64 elements' codes: each byte of 32 holds elements i and i + 32.
inline void pack_low_nibbles(std::uint8_t* qs, const std::int8_t* q) {
  for (int i = 0; i < kSuper / 2; ++i) {
    const int at = i / 32 * 64 + i % 32;
    qs[i] = static_cast<std::uint8_t>((q[at] & 15) | (q[at + 32] & 15) << 4);
  }
}

inline void pack(BlockQ4_K& b, Half d, Half dmin, const std::int8_t* scale, const std::int8_t* min,
                 const std::int8_t* q) {
  b.d = d;
  b.dmin = dmin;
  pack_scale_min(b.scales, scale, min);
  pack_low_nibbles(b.qs, q);
}

inline void pack(BlockQ5_K& b, Half d, Half dmin, const std::int8_t* scale, const std::int8_t* min,
                 const std::int8_t* q) {
  b.d = d;
  b.dmin = dmin;
  pack_scale_min(b.scales, scale, min);
  pack_low_nibbles(b.qs, q);
  pack_bits(b.qh, q, [](int v) { return v >> 4; });
}

inline void pack(BlockQ6_K& b, Half d, const std::int8_t* scale, const std::int8_t* q) {
  b.d = d;
  std::memcpy(b.scales, scale, sizeof b.scales);
  std::memset(b.ql, 0, sizeof b.ql);
  for (int i = 0; i < kSuper; ++i) {
    std::uint8_t& byte = b.ql[i / 128 * 64 + i % 64];
    byte = static_cast<std::uint8_t>(byte | ((q[i] + 32) & 15) << (i % 128 / 64 * 4));
  }
  pack_pairs(b.qh, q, [](int v) { return (v + 32) >> 4; });
}

inline void pack(BlockIQ4_XS& b, Half d, const std::int8_t* scale, const std::int8_t* q) {
  b.d = d;
  b.scales_h = 0;
  std::memset(b.scales_l, 0, sizeof b.scales_l);
  for (int n = 0; n < 8; ++n) {
    const int code = scale[n] + 32;
    b.scales_l[n / 2] = static_cast<std::uint8_t>(b.scales_l[n / 2] | (code & 15) << (n % 2 * 4));
    b.scales_h = static_cast<std::uint16_t>(b.scales_h | code >> 4 << (2 * n));
    pack_nibbles(b.qs + 16 * n, q + 32 * n, [](int v) { return code_of(kNonLinear, v); });
  }
}

}  // namespace pith::scalar
