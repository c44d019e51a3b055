// Norms, rotation, element-wise operations, softmax, activations and codecs, for every level (include its
// *_simd.h first). An element's value never depends on its place in a vector: tails go
// through the same operations with the rest of the vector zero.
//
// Sums run in two vectors of partial sums (element i in sum i mod 2 kLanes), added pairwise at the end.
#pragma once

#include "kernels/vector_math.h"

namespace pith {
namespace {

/// f(i, count) for the whole vectors (count = kLanes, a constant) and for what is left.
template <class Whole, class Tail>
PITH_INLINE void walk(std::int64_t n, Whole whole, Tail tail) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) whole(i);
  if (i < n) tail(i, n - i);
}

/// y[i] = f(y[i]), y[i] = f(y[i], x[i])
template <class Op>
PITH_INLINE void map(float* y, std::int64_t n, Op op) {
  walk(
      n, [&](std::int64_t i) { store(y + i, op(load(y + i))); },
      [&](std::int64_t i, std::int64_t count) { store(y + i, op(load(y + i, count)), count); });
}
template <class Op>
PITH_INLINE void map(float* y, const float* x, std::int64_t n, Op op) {
  walk(
      n, [&](std::int64_t i) { store(y + i, op(load(y + i), load(x + i))); },
      [&](std::int64_t i, std::int64_t count) {
        store(y + i, op(load(y + i, count), load(x + i, count)), count);
      });
}

/// The sum over i of term: term(acc, i) and term(acc, i, count) add to a vector.
template <class Term, class TailTerm>
PITH_INLINE float sum_of(std::int64_t n, Term term, TailTerm tail) {
  F a = zero(), b = zero();
  std::int64_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    a = term(a, i);
    b = term(b, i + kLanes);
  }
  if (i + kLanes <= n) {
    a = term(a, i);
    i += kLanes;
    if (i < n) b = tail(b, i, n - i);
  } else if (i < n) {
    a = tail(a, i, n - i);
  }
  return sum(a + b);
}

float dot(const float* x, const float* y, std::int64_t n) {
  return sum_of(
      n, [&](F acc, std::int64_t i) { return fma(load(x + i), load(y + i), acc); },
      [&](F acc, std::int64_t i, std::int64_t count) {
        return fma(load(x + i, count), load(y + i, count), acc);
      });
}

void rms_norm(float* y, const float* x, const float* weight, std::int64_t n, float eps) {
  const float mean = dot(x, x, n) / static_cast<float>(n);
  const F inverse = set(1.0f / __builtin_sqrtf(mean + eps));
  if (weight) {
    walk(
        n, [&](std::int64_t i) { store(y + i, load(x + i) * inverse * load(weight + i)); },
        [&](std::int64_t i, std::int64_t count) {
          store(y + i, load(x + i, count) * inverse * load(weight + i, count), count);
        });
  } else {
    walk(
        n, [&](std::int64_t i) { store(y + i, load(x + i) * inverse); },
        [&](std::int64_t i, std::int64_t count) { store(y + i, load(x + i, count) * inverse, count); });
  }
}

void layer_norm(float* y, const float* x, const float* weight, const float* bias, std::int64_t n, float eps) {
  const float total = sum_of(
      n, [&](F acc, std::int64_t i) { return acc + load(x + i); },
      [&](F acc, std::int64_t i, std::int64_t count) { return acc + load(x + i, count); });
  const float mean_value = total / static_cast<float>(n);
  const F mean = set(mean_value);
  const float squares = sum_of(
      n,
      [&](F acc, std::int64_t i) {
        const F d = load(x + i) - mean;
        return fma(d, d, acc);
      },
      [&](F acc, std::int64_t i, std::int64_t count) {
        const F d = lanes_of(load(x + i, count) - mean, zero(), 0, static_cast<int>(count));
        return fma(d, d, acc);
      });
  const F inverse = set(1.0f / __builtin_sqrtf(squares / static_cast<float>(n) + eps));
  const auto part = [&](std::int64_t i, std::int64_t count) {
    F v = (load(x + i, count) - mean) * inverse;
    if (weight) v = v * load(weight + i, count);
    if (bias) v = v + load(bias + i, count);
    store(y + i, v, count);
  };
  walk(
      n, [&](std::int64_t i) { part(i, kLanes); }, part);
}

void rope(float* x, const float* cos, const float* sin, std::int64_t pairs, bool halves) {
  const auto rotate = [](F& a, F& b, F c, F s) {
    const F turned = a * c - b * s;
    b = a * s + b * c;
    a = turned;
  };
  if (halves) {
    float* second = x + pairs;
    const auto part = [&](std::int64_t i, std::int64_t count) {
      F a = load(x + i, count), b = load(second + i, count);
      rotate(a, b, load(cos + i, count), load(sin + i, count));
      store(x + i, a, count);
      store(second + i, b, count);
    };
    return walk(
        pairs, [&](std::int64_t i) { part(i, kLanes); }, part);
  }
  const auto part = [&](std::int64_t i, std::int64_t count) {
    const std::int64_t low = 2 * count < kLanes ? 2 * count : kLanes, high = 2 * count - low;
    F v = load(x + 2 * i, low), w = load(x + 2 * i + low, high), a, b;
    split_pairs(a, b, v, w);
    rotate(a, b, load(cos + i, count), load(sin + i, count));
    join_pairs(v, w, a, b);
    store(x + 2 * i, v, low);
    store(x + 2 * i + low, w, high);
  };
  walk(
      pairs, [&](std::int64_t i) { part(i, kLanes); }, part);
}

void add(float* y, const float* x, std::int64_t n) {
  map(y, x, n, [](F a, F b) { return a + b; });
}
void mul(float* y, const float* x, std::int64_t n) {
  map(y, x, n, [](F a, F b) { return a * b; });
}
void axpy(float* y, float a, const float* x, std::int64_t n) {
  const F factor = set(a);
  map(y, x, n, [factor](F u, F v) { return fma(factor, v, u); });
}
void scale(float* y, float a, std::int64_t n) {
  const F factor = set(a);
  map(y, n, [factor](F v) { return v * factor; });
}
void softcap(float* y, float cap, std::int64_t n) {
  const F c = set(cap);
  map(y, n, [c](F v) { return c * tanh(v / c); });
}

float max(const float* x, std::int64_t n) {
  F top = set(x[0]);
  walk(
      n, [&](std::int64_t i) { top = max(top, load(x + i)); },
      [&](std::int64_t i, std::int64_t count) {
        top = max(top, lanes_of(load(x + i, count), top, 0, static_cast<int>(count)));
      });
  return largest(top);
}

void softmax(float* y, std::int64_t n) {
  const F top = set(max(y, n));
  const float total = sum_of(
      n,
      [&](F acc, std::int64_t i) {
        const F p = exp(load(y + i) - top);
        store(y + i, p);
        return acc + p;
      },
      [&](F acc, std::int64_t i, std::int64_t count) {
        const F p = lanes_of(exp(load(y + i, count) - top), zero(), 0, static_cast<int>(count));
        store(y + i, p, count);
        return acc + p;
      });
  scale(y, 1.0f / total, n);
}

// --- activations ------------------------------------------------------------------------------------

/// x / (1 + exp(-a x)). Where exp overflows, the quotient is the -0 that it tends to; NaN and -infinity give
/// NaN.
PITH_INLINE F sigmoid_product(F x, F a) { return x / (set(1.0f) + exp(zero() - a * x)); }

struct Silu {
  PITH_INLINE F of(F x) { return sigmoid_product(x, set(1.0f)); }
};
struct GeluTanh {
  PITH_INLINE F of(F x) {
    const F z = set(0.797884560802865f) * (x + set(0.044715f) * x * x * x);  // sqrt(2 / pi)
    return set(0.5f) * x * (set(1.0f) + tanh(z));
  }
};
struct GeluErf {
  PITH_INLINE F of(F x) { return set(0.5f) * x * (set(1.0f) + erf(x * set(0.707106781f))); }
};
struct GeluQuick {
  PITH_INLINE F of(F x) { return sigmoid_product(x, set(1.702f)); }
};
struct Relu {
  PITH_INLINE F of(F x) { return max(x, zero()); }
};
struct ReluSquared {
  PITH_INLINE F of(F x) { return Relu::of(x) * Relu::of(x); }
};

template <class Function>
void activate(float* y, const float* up, std::int64_t n) {
  if (up)
    map(y, up, n, [](F v, F u) { return Function::of(v) * u; });
  else
    map(y, n, [](F v) { return Function::of(v); });
}

// --- rows as they are stored ------------------------------------------------------------------------

void decode_f32(float* y, const void* x, std::int64_t n) {
  const auto* p = static_cast<const char*>(x);
  walk(
      n, [&](std::int64_t i) { store(y + i, load(p + 4 * i)); },
      [&](std::int64_t i, std::int64_t count) { store(y + i, load(p + 4 * i, count), count); });
}
void encode_f32(void* y, const float* x, std::int64_t n) {
  auto* p = static_cast<char*>(y);
  walk(
      n, [&](std::int64_t i) { store(p + 4 * i, load(x + i)); },
      [&](std::int64_t i, std::int64_t count) { store(p + 4 * i, load(x + i, count), count); });
}
void decode_f16(float* y, const void* x, std::int64_t n) {
  const auto* p = static_cast<const char*>(x);
  walk(
      n, [&](std::int64_t i) { store(y + i, load_f16(p + 2 * i)); },
      [&](std::int64_t i, std::int64_t count) { store(y + i, load_f16(p + 2 * i, count), count); });
}
void decode_bf16(float* y, const void* x, std::int64_t n) {
  const auto* p = static_cast<const char*>(x);
  walk(
      n, [&](std::int64_t i) { store(y + i, load_bf16(p + 2 * i)); },
      [&](std::int64_t i, std::int64_t count) { store(y + i, load_bf16(p + 2 * i, count), count); });
}
void encode_f16(void* y, const float* x, std::int64_t n) {
  auto* p = static_cast<char*>(y);
  const auto part = [&](std::int64_t i, std::int64_t count) {
    store_f16(p + 2 * i, load(x + i, count), count);
  };
  walk(
      n, [&](std::int64_t i) { part(i, kLanes); }, part);
}
void encode_bf16(void* y, const float* x, std::int64_t n) {
  auto* p = static_cast<char*>(y);
  const auto part = [&](std::int64_t i, std::int64_t count) {
    store_bf16(p + 2 * i, load(x + i, count), count);
  };
  walk(
      n, [&](std::int64_t i) { part(i, kLanes); }, part);
}

constexpr int kQ8Bytes = 34;  // of a Q8_0 block: a half, then 32 int8

void decode_q8_0(float* y, const void* x, std::int64_t n) {
  const auto* p = static_cast<const char*>(x);
  for (std::int64_t b = 0; b < n / 32; ++b, p += kQ8Bytes, y += 32) {
    const F d = set(half_at(p));
    PITH_UNROLL for (int i = 0; i < 32; i += kLanes) store(y + i, load_i8(p + 2 + i) * d);
  }
}

/// Like the scalar level: d = max|x| / 127 rounded to half, q = x / d to nearest, clamped since a subnormal d
/// may have been rounded down by much; NaN or infinity in a block: d is NaN and q zero.
void encode_q8_0(void* y, const float* x, std::int64_t n) {
  auto* p = static_cast<char*>(y);
  for (std::int64_t b = 0; b < n / 32; ++b, p += kQ8Bytes, x += 32) {
    F v[32 / kLanes], top = zero(), odd = zero();
    PITH_UNROLL for (int i = 0; i < 32 / kLanes; ++i) {
      v[i] = load(x + i * kLanes);
      top = max(top, abs(v[i]));
      odd = odd + v[i] * zero();  // NaN if anything is NaN or infinite
    }
    const float bad = sum(odd);
    const float d = store_half(p, bad == 0.0f ? largest(top) / 127.0f : __builtin_nanf(""));
    const bool some = d > 0.0f && d < __builtin_inff();
    PITH_UNROLL for (int i = 0; i < 32 / kLanes; ++i) {
      const F q = some ? min(set(127.0f), max(set(-127.0f), v[i] / set(d))) : zero();
      store_i8(p + 2 + i * kLanes, q);
    }
  }
}

void fill_rows(Kernels& kernels) {
  kernels.rms_norm = rms_norm;
  kernels.layer_norm = layer_norm;
  kernels.rope = rope;
  kernels.add = add;
  kernels.mul = mul;
  kernels.axpy = axpy;
  kernels.scale = scale;
  kernels.softcap = softcap;
  kernels.softmax = softmax;
  kernels.dot = dot;
  kernels.max = max;

  using Activate = void (*)(float*, const float*, std::int64_t);
  entry<Activate>(kernels.activate, Activation::Silu) = activate<Silu>;
  entry<Activate>(kernels.activate, Activation::GeluTanh) = activate<GeluTanh>;
  entry<Activate>(kernels.activate, Activation::GeluErf) = activate<GeluErf>;
  entry<Activate>(kernels.activate, Activation::GeluQuick) = activate<GeluQuick>;
  entry<Activate>(kernels.activate, Activation::Relu) = activate<Relu>;
  entry<Activate>(kernels.activate, Activation::ReluSquared) = activate<ReluSquared>;

  using Decode = void (*)(float*, const void*, std::int64_t);
  entry<Decode>(kernels.decode, DType::F32) = decode_f32;
  entry<Decode>(kernels.decode, DType::F16) = decode_f16;
  entry<Decode>(kernels.decode, DType::BF16) = decode_bf16;
  entry<Decode>(kernels.decode, DType::Q8_0) = decode_q8_0;

  using Encode = void (*)(void*, const float*, std::int64_t);
  entry<Encode>(kernels.encode, DType::F32) = encode_f32;
  entry<Encode>(kernels.encode, DType::F16) = encode_f16;
  entry<Encode>(kernels.encode, DType::BF16) = encode_bf16;
  entry<Encode>(kernels.encode, DType::Q8_0) = encode_q8_0;
}

}  // namespace
}  // namespace pith
