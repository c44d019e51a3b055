// y = W x in plain C++: the definition of every weight type's product.
//
// Block types multiply activations quantised to int8 ("Q8"). For one row of W and one token, with the row's
// k weights as groups of 32 (unpack.h) and the token as blocks of 32 (prepare_q8):
//
//   acc = 0
//   for each block b of 32, in increasing order:
//     for each scale group s of b (one of 32, or two of 16, by type):
//       acc = fma(float(sum_i w.q[i] * x.q[i]), w.scale[s] * x.scale[b], acc)     the sum is an exact integer
//       if the type has minimums:
//         acc = fma(-float(sum_i x.q[i]), w.min[s] * x.scale[b], acc)
//
// F32, F16 and BF16 weights are widened to float and multiply float activations in the order of dot().
#include <cfloat>
#include <cmath>

#include "base/half.h"
#include "kernels/scalar.h"
#include "kernels/unpack.h"

namespace pith::scalar {
namespace {

template <class T>
T load(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

constexpr std::size_t round_up_64(std::int64_t bytes) {
  return (static_cast<std::size_t>(bytes) + 63) / 64 * 64;
}

/// Fills a prepared row's padding, so that equal tokens are equal bytes.
void pad(std::byte* row, std::size_t used, std::size_t bytes) { std::memset(row + used, 0, bytes - used); }

// --- inputs -------------------------------------------------------------------------------------

std::size_t f32_bytes(std::int64_t k) { return round_up_64(4 * k); }
void prepare_f32(void* out, const float* x, std::int64_t k) {
  const auto used = static_cast<std::size_t>(4 * k);
  std::memcpy(out, x, used);
  pad(static_cast<std::byte*>(out), used, f32_bytes(k));
}

std::size_t bf16_bytes(std::int64_t k) { return round_up_64(2 * k); }
void prepare_bf16(void* out, const float* x, std::int64_t k) {
  auto* p = static_cast<std::byte*>(out);
  for (std::int64_t i = 0; i < k; ++i) {
    const std::uint16_t h = float_to_bf16(x[i]);
    std::memcpy(p + 2 * i, &h, 2);
  }
  pad(p, static_cast<std::size_t>(2 * k), bf16_bytes(k));
}

/// A Q8 row is int8 q[k], then float scale[k / 32], then int16 sum[k / 16] of the q.
std::size_t q8_bytes(std::int64_t k) { return round_up_64(k + k / 32 * 4 + k / 16 * 2); }

/// Per block: scale = max|x| / 127; q = x / scale to nearest, ties to even. A block whose scale would be
/// subnormal counts as zero. NaN or infinity in the block: scale is NaN and q zero, so that every product
/// with it is NaN.
void prepare_q8(void* out, const float* x, std::int64_t k) {
  auto* q = static_cast<std::byte*>(out);
  std::byte* scales = q + k;
  std::byte* sums = scales + k / 32 * 4;
  for (std::int64_t b = 0; b < k / 32; ++b, x += 32, q += 32) {
    float scale = finite_max(x, 32) / 127.0f;
    if (scale < FLT_MIN) scale = 0.0f;
    std::int8_t block[32] = {};
    if (scale > 0.0f) {
      for (int i = 0; i < 32; ++i) block[i] = static_cast<std::int8_t>(std::lrint(x[i] / scale));
    }
    std::int16_t sum[2] = {};
    for (int i = 0; i < 32; ++i) sum[i / 16] = static_cast<std::int16_t>(sum[i / 16] + block[i]);
    std::memcpy(q, block, sizeof block);
    std::memcpy(scales + 4 * b, &scale, sizeof scale);
    std::memcpy(sums + 4 * b, sum, sizeof sum);
  }
  std::byte* end = sums + k / 16 * 2;
  const auto used = static_cast<std::size_t>(end - static_cast<std::byte*>(out));
  pad(static_cast<std::byte*>(out), used, q8_bytes(k));
}

// --- block types ----------------------------------------------------------------------------------

int dot_int8(const std::int8_t* a, const std::int8_t* b, int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

template <int kGroup, bool kMin>
float dot_groups(const Group* w, const std::byte* x, std::int64_t k) {
  const auto* q = reinterpret_cast<const std::int8_t*>(x);
  const std::byte* scales = x + k;
  const std::byte* sums = scales + k / 32 * 4;
  float acc = 0.0f;
  for (std::int64_t b = 0; b < k / 32; ++b, q += 32) {
    const float x_scale = load<float>(scales + 4 * b);
    const int x_sum[2] = {load<std::int16_t>(sums + 4 * b), load<std::int16_t>(sums + 4 * b + 2)};
    for (int s = 0; s < 32 / kGroup; ++s) {
      const int sum = dot_int8(w[b].q + s * kGroup, q + s * kGroup, kGroup);
      acc = std::fma(static_cast<float>(sum), w[b].scale[s] * x_scale, acc);
      if constexpr (kMin) {
        const int group_sum = kGroup == 32 ? x_sum[0] + x_sum[1] : x_sum[s];
        acc = std::fma(-static_cast<float>(group_sum), w[b].min[s] * x_scale, acc);
      }
    }
  }
  return acc;
}

std::size_t group_bytes(std::int64_t k) { return static_cast<std::size_t>(k / 32) * sizeof(Group); }

/// Unpacks each row once for all tokens.
template <class Type>
void multiply_blocks(float* y, std::int64_t ldy, const void* w, const void* x, std::int64_t row_begin,
                     std::int64_t row_end, std::int64_t k, std::int64_t tokens, void* scratch) {
  const auto row_bytes = k / kBlock<Type> * static_cast<std::int64_t>(sizeof(typename Type::Block));
  const auto* rows = static_cast<const std::byte*>(w);
  const auto* inputs = static_cast<const std::byte*>(x);
  auto* groups = static_cast<Group*>(scratch);
  const std::size_t input_bytes = q8_bytes(k);
  for (std::int64_t r = row_begin; r < row_end; ++r) {
    unpack_row<Type>(groups, rows + r * row_bytes, k);
    for (std::int64_t t = 0; t < tokens; ++t) {
      const std::byte* token = inputs + static_cast<std::size_t>(t) * input_bytes;
      y[t * ldy + r] = dot_groups<Type::kGroup, Type::kMin>(groups, token, k);
    }
  }
}

// --- float types --------------------------------------------------------------------------------

std::size_t float_bytes(std::int64_t k) { return static_cast<std::size_t>(k) * sizeof(float); }

struct F32 {
  static constexpr int kBytes = 4;
  static float widen(const std::byte* p) { return load<float>(p); }
};
struct F16 {
  static constexpr int kBytes = 2;
  static float widen(const std::byte* p) { return half_to_float(load<std::uint16_t>(p)); }
};
struct BF16 {
  static constexpr int kBytes = 2;
  static float widen(const std::byte* p) { return bf16_to_float(load<std::uint16_t>(p)); }
};

template <class Type>
void multiply_floats(float* y, std::int64_t ldy, const void* w, const void* x, std::int64_t row_begin,
                     std::int64_t row_end, std::int64_t k, std::int64_t tokens, void* scratch) {
  const auto* rows = static_cast<const std::byte*>(w);
  const auto* inputs = static_cast<const std::byte*>(x);
  auto* row = static_cast<float*>(scratch);
  const std::size_t input_bytes = f32_bytes(k);
  for (std::int64_t r = row_begin; r < row_end; ++r) {
    const std::byte* p = rows + r * k * Type::kBytes;
    for (std::int64_t i = 0; i < k; ++i) row[i] = Type::widen(p + i * Type::kBytes);
    for (std::int64_t t = 0; t < tokens; ++t) {
      const std::byte* token = inputs + static_cast<std::size_t>(t) * input_bytes;
      y[t * ldy + r] = dot(row, reinterpret_cast<const float*>(token), k);
    }
  }
}

template <class Type>
void set_blocks(Kernels& kernels, DType type) {
  kernels.matmul[static_cast<std::size_t>(type)] = {InputKind::Q8, multiply_blocks<Type>, group_bytes};
}
template <class Type>
void set_floats(Kernels& kernels, DType type) {
  kernels.matmul[static_cast<std::size_t>(type)] = {InputKind::F32, multiply_floats<Type>, float_bytes};
}

}  // namespace

float dot(const float* x, const float* y, std::int64_t n) {
  float sums[16] = {};
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    for (int s = 0; s < 16; ++s) sums[s] += x[i + s] * y[i + s];
  }
  for (int s = 0; i + s < n; ++s) sums[s] += x[i + s] * y[i + s];
  for (int width = 8; width > 0; width /= 2) {
    for (int s = 0; s < width; ++s) sums[s] += sums[s + width];
  }
  return sums[0];
}

void fill_matmul(Kernels& kernels) {
  kernels.input[static_cast<std::size_t>(InputKind::F32)] = {f32_bytes, prepare_f32};
  kernels.input[static_cast<std::size_t>(InputKind::BF16)] = {bf16_bytes, prepare_bf16};
  kernels.input[static_cast<std::size_t>(InputKind::Q8)] = {q8_bytes, prepare_q8};
  set_floats<F32>(kernels, DType::F32);
  set_floats<F16>(kernels, DType::F16);
  set_floats<BF16>(kernels, DType::BF16);
  set_blocks<Q8_0>(kernels, DType::Q8_0);
  set_blocks<Q4_0>(kernels, DType::Q4_0);
  set_blocks<Q4_1>(kernels, DType::Q4_1);
  set_blocks<Q5_0>(kernels, DType::Q5_0);
  set_blocks<Q5_1>(kernels, DType::Q5_1);
  set_blocks<Q2_K>(kernels, DType::Q2_K);
  set_blocks<Q3_K>(kernels, DType::Q3_K);
  set_blocks<Q4_K>(kernels, DType::Q4_K);
  set_blocks<Q5_K>(kernels, DType::Q5_K);
  set_blocks<Q6_K>(kernels, DType::Q6_K);
  set_blocks<IQ4_NL>(kernels, DType::IQ4_NL);
  set_blocks<IQ4_XS>(kernels, DType::IQ4_XS);
  set_blocks<MXFP4>(kernels, DType::MXFP4);
}

}  // namespace pith::scalar
