// Norms, rotation, sums, softmax and activations: one row at a time. Long sums are taken in double, so that
// their error is that of the final rounding.
#include <cmath>
#include <numbers>

#include "kernels/scalar.h"

namespace pith::scalar {
namespace {

void rms_norm(float* y, const float* x, const float* weight, std::int64_t n, float eps) {
  double squares = 0.0;
  for (std::int64_t i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * x[i];
  const auto inverse = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(n) + eps));
  for (std::int64_t i = 0; i < n; ++i) y[i] = weight ? x[i] * inverse * weight[i] : x[i] * inverse;
}

void layer_norm(float* y, const float* x, const float* weight, const float* bias, std::int64_t n, float eps) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < n; ++i) sum += x[i];
  const double mean = sum / static_cast<double>(n);
  double squares = 0.0;
  for (std::int64_t i = 0; i < n; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const double inverse = 1.0 / std::sqrt(squares / static_cast<double>(n) + eps);
  for (std::int64_t i = 0; i < n; ++i) {
    float value = static_cast<float>((x[i] - mean) * inverse);
    if (weight) value *= weight[i];
    if (bias) value += bias[i];
    y[i] = value;
  }
}

void rope(float* x, const float* cos, const float* sin, std::int64_t pairs, bool halves) {
  const std::int64_t stride = halves ? 1 : 2;
  float* first = x;
  float* second = halves ? x + pairs : x + 1;
  for (std::int64_t i = 0; i < pairs; ++i) {
    const float a = first[i * stride], b = second[i * stride];
    first[i * stride] = a * cos[i] - b * sin[i];
    second[i * stride] = a * sin[i] + b * cos[i];
  }
}

void add(float* y, const float* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += x[i];
}
void mul(float* y, const float* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] *= x[i];
}
void axpy(float* y, float a, const float* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += a * x[i];
}
void scale(float* y, float a, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] *= a;
}
void softcap(float* y, float cap, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = cap * std::tanh(y[i] / cap);
}

float max(const float* x, std::int64_t n) {
  float result = x[0];
  for (std::int64_t i = 1; i < n; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

void softmax(float* y, std::int64_t n) {
  const float top = max(y, n);
  double sum = 0.0;
  for (std::int64_t i = 0; i < n; ++i) {
    y[i] = std::exp(y[i] - top);
    sum += y[i];
  }
  scale(y, static_cast<float>(1.0 / sum), n);
}

struct Silu {
  static float of(float x) { return x / (1.0f + std::exp(-x)); }
};
struct GeluTanh {
  static float of(float x) {
    constexpr float kRoot = 0.797884560802865f;  // sqrt(2 / pi)
    return 0.5f * x * (1.0f + std::tanh(kRoot * (x + 0.044715f * x * x * x)));
  }
};
struct GeluErf {
  static float of(float x) { return 0.5f * x * (1.0f + std::erf(x * (std::numbers::sqrt2_v<float> / 2.0f))); }
};
struct GeluQuick {
  static float of(float x) { return x / (1.0f + std::exp(-1.702f * x)); }
};
struct Relu {
  static float of(float x) { return x > 0.0f ? x : 0.0f; }
};
struct ReluSquared {
  static float of(float x) { return Relu::of(x) * Relu::of(x); }
};

template <class F>
void activate(float* y, const float* up, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = up ? F::of(y[i]) * up[i] : F::of(y[i]);
}

template <class F>
void set_activation(Kernels& kernels, Activation a) {
  kernels.activate[static_cast<std::size_t>(a)] = activate<F>;
}

}  // namespace

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
  set_activation<Silu>(kernels, Activation::Silu);
  set_activation<GeluTanh>(kernels, Activation::GeluTanh);
  set_activation<GeluErf>(kernels, Activation::GeluErf);
  set_activation<GeluQuick>(kernels, Activation::GeluQuick);
  set_activation<Relu>(kernels, Activation::Relu);
  set_activation<ReluSquared>(kernels, Activation::ReluSquared);
}

}  // namespace pith::scalar
