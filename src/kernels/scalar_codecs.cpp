// Rows of a stored type to float, and from float to what a KV cache can hold.
#include <bit>
#include <cmath>
#include <limits>

#include "base/half.h"
#include "kernels/scalar.h"
#include "kernels/unpack.h"

namespace pith::scalar {
namespace {

template <class Type>
void decode_blocks(float* y, const void* x, std::int64_t n) {
  constexpr int kStep = kBlock<Type>;
  const auto* p = static_cast<const std::byte*>(x);
  for (std::int64_t i = 0; i < n; i += kStep, p += sizeof(typename Type::Block)) {
    Group groups[kStep / 32];
    unpack_row<Type>(groups, p, kStep);
    for (int j = 0; j < kStep; ++j) {
      const Group& g = groups[j / 32];
      const int half = j % 32 / 16;
      *y++ = g.scale[half] * static_cast<float>(g.q[j % 32]) - g.min[half];
    }
  }
}

void decode_f32(float* y, const void* x, std::int64_t n) {
  std::memcpy(y, x, static_cast<std::size_t>(n) * sizeof *y);
}
void encode_f32(void* y, const float* x, std::int64_t n) {
  std::memcpy(y, x, static_cast<std::size_t>(n) * sizeof *x);
}

template <float (*kConvert)(std::uint16_t)>
void decode_16(float* y, const void* x, std::int64_t n) {
  const auto* p = static_cast<const std::byte*>(x);
  for (std::int64_t i = 0; i < n; ++i) {
    std::uint16_t h;
    std::memcpy(&h, p + 2 * i, 2);
    y[i] = kConvert(h);
  }
}
template <std::uint16_t (*kConvert)(float)>
void encode_16(void* y, const float* x, std::int64_t n) {
  auto* p = static_cast<std::byte*>(y);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint16_t h = kConvert(x[i]);
    std::memcpy(p + 2 * i, &h, 2);
  }
}

template <class Type>
void set_decode(Kernels& kernels, DType type) {
  kernels.decode[static_cast<std::size_t>(type)] = decode_blocks<Type>;
}

}  // namespace

float finite_max(const float* x, std::int64_t n) {
  std::uint32_t max = 0;  // magnitudes compare as their bits do; infinity and NaN are above all others
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffffu;
    if (bits > max) max = bits;
  }
  return max < 0x7f800000u ? std::bit_cast<float>(max) : std::numeric_limits<float>::quiet_NaN();
}

void encode_q8_0(void* out, const float* x, std::int64_t n) {
  auto* p = static_cast<std::byte*>(out);
  for (std::int64_t i = 0; i < n; i += 32, x += 32, p += sizeof(BlockQ8_0)) {
    BlockQ8_0 block{};
    block.d = float_to_half(finite_max(x, 32) / 127.0f);
    const float d = half_to_float(block.d);
    if (d > 0.0f && std::isfinite(d)) {
      for (int j = 0; j < 32; ++j) {
        // A subnormal d may have been rounded down by much, hence the clamp.
        const float q = std::rint(x[j] / d);
        block.qs[j] = static_cast<std::int8_t>(q < -127.0f ? -127.0f : q > 127.0f ? 127.0f : q);
      }
    }
    std::memcpy(p, &block, sizeof block);
  }
}

Decode cache_decoder(DType type) {
  switch (type) {
    case DType::F32: return decode_f32;
    case DType::F16: return decode_16<half_to_float>;
    case DType::BF16: return decode_16<bf16_to_float>;
    default: return decode_blocks<Q8_0>;
  }
}

void fill_codecs(Kernels& kernels) {
  const auto decode = [&](DType t) -> auto& { return kernels.decode[static_cast<std::size_t>(t)]; };
  const auto encode = [&](DType t) -> auto& { return kernels.encode[static_cast<std::size_t>(t)]; };
  decode(DType::F32) = decode_f32;
  decode(DType::F16) = decode_16<half_to_float>;
  decode(DType::BF16) = decode_16<bf16_to_float>;
  encode(DType::F32) = encode_f32;
  encode(DType::F16) = encode_16<float_to_half>;
  encode(DType::BF16) = encode_16<float_to_bf16>;
  encode(DType::Q8_0) = encode_q8_0;
  set_decode<Q8_0>(kernels, DType::Q8_0);
  set_decode<Q4_0>(kernels, DType::Q4_0);
  set_decode<Q4_1>(kernels, DType::Q4_1);
  set_decode<Q5_0>(kernels, DType::Q5_0);
  set_decode<Q5_1>(kernels, DType::Q5_1);
  set_decode<Q2_K>(kernels, DType::Q2_K);
  set_decode<Q3_K>(kernels, DType::Q3_K);
  set_decode<Q4_K>(kernels, DType::Q4_K);
  set_decode<Q5_K>(kernels, DType::Q5_K);
  set_decode<Q6_K>(kernels, DType::Q6_K);
  set_decode<IQ4_NL>(kernels, DType::IQ4_NL);
  set_decode<IQ4_XS>(kernels, DType::IQ4_XS);
  set_decode<MXFP4>(kernels, DType::MXFP4);
}

}  // namespace pith::scalar
