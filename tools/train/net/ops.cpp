// The row operations of the network, compiled once for each instruction level: CMake defines PITH_OPS_LEVEL.
//
// Only what is declared here has external linkage, and nothing of the standard library is used: code of a
// higher level must not end up in the rest of the program. The compiler vectorises the loops; sums may be
// reassociated (-fassociative-math), which it then does in the same way every time.
#include "train/net/ops.h"

namespace pith::lab {
namespace {

using std::int64_t;

float square_root(float x) { return __builtin_sqrtf(x); }
double square_root(double x) { return __builtin_sqrt(x); }
float logarithm(float x) { return __builtin_logf(x); }
double logarithm(double x) { return __builtin_log(x); }

// exp(x) = 2^n exp(r), |r| <= ln(2) / 2, with the Taylor polynomial of degree 7 for exp(r): its error is
// below (ln(2) / 2)^8 / 8! = 5e-9. Below -87 the result would be subnormal: it is exp(-87) then. NaN stays
// NaN.
inline float exponential(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float turns = x * 1.44269504f;
  const int n = static_cast<int>(turns + (turns < 0 ? -0.5f : 0.5f));
  const float r = x - static_cast<float>(n) * 0.693147180559945f;
  float p = 1.98412698e-4f;
  p = p * r + 1.38888889e-3f;
  p = p * r + 8.33333333e-3f;
  p = p * r + 4.16666667e-2f;
  p = p * r + 1.66666667e-1f;
  p = p * r + 0.5f;
  p = p * r + 1;
  p = p * r + 1;
  return p * __builtin_bit_cast(float, (n + 127) << 23);
}
inline double exponential(double x) { return __builtin_exp(x); }

template <class T>
T maximum(const T* x, int64_t n) {
  constexpr int64_t kLanes = 16;
  T lane[kLanes];
  for (int64_t l = 0; l < kLanes; ++l) lane[l] = x[0];
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lane[l] = x[i + l] > lane[l] ? x[i + l] : lane[l];
  }
  T best = lane[0];
  for (int64_t l = 1; l < kLanes; ++l) best = lane[l] > best ? lane[l] : best;
  for (; i < n; ++i) best = x[i] > best ? x[i] : best;
  return best;
}

template <class T>
T dot(const T* x, const T* y, int64_t n) {
  T sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

template <class T>
void rms_norm(T* y, T* inverse_rms, const T* x, const T* gain, int64_t rows, int64_t n, T eps) {
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    const T inverse = 1 / square_root(dot(x, x, n) / static_cast<T>(n) + eps);
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] * inverse * gain[i];
    inverse_rms[r] = inverse;
  }
}

template <class T>
void rms_norm_backward(T* dx, T* dgain, const T* dy, const T* x, const T* inverse_rms, const T* gain,
                       int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r, x += n, dx += n, dy += n) {
    const T inverse = inverse_rms[r];
    T sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += dy[i] * gain[i] * x[i];
    const T shrink = sum * inverse * inverse / static_cast<T>(n);
    for (int64_t i = 0; i < n; ++i) {
      dx[i] += (dy[i] * gain[i] - x[i] * shrink) * inverse;
      dgain[i] += dy[i] * x[i] * inverse;
    }
  }
}

template <class T>
void rotate(T* x, const T* cos, const T* sin, T sign, int64_t heads, int64_t n) {
  for (int64_t h = 0; h < heads; ++h, x += n) {
    for (int64_t i = 0; i < n / 2; ++i) {
      const T a = x[2 * i], b = x[2 * i + 1], s = sign * sin[i];
      x[2 * i] = a * cos[i] - b * s;
      x[2 * i + 1] = a * s + b * cos[i];
    }
  }
}

template <class T>
void swiglu(T* out, const T* gate_up, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r, out += n, gate_up += 2 * n) {
    const T *gate = gate_up, *up = gate_up + n;
    for (int64_t i = 0; i < n; ++i) out[i] = gate[i] / (1 + exponential(-gate[i])) * up[i];
  }
}

template <class T>
void swiglu_backward(T* gate_up, const T* dout, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r, dout += n, gate_up += 2 * n) {
    T *gate = gate_up, *up = gate_up + n;
    for (int64_t i = 0; i < n; ++i) {
      const T g = gate[i], s = 1 / (1 + exponential(-g));
      gate[i] = dout[i] * up[i] * s * (1 + g * (1 - s));
      up[i] = dout[i] * g * s;
    }
  }
}

template <class T>
void causal_softmax(T* scores, T* log_sum, T scale, int64_t rows, int64_t n, int64_t seen) {
  for (int64_t r = 0; r < rows; ++r, scores += n) {
    const int64_t count = seen + r + 1;
    const T best = maximum(scores, count);
    T sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      scores[i] = exponential((scores[i] - best) * scale);
      sum += scores[i];
    }
    const T inverse = 1 / sum;
    for (int64_t i = 0; i < count; ++i) scores[i] *= inverse;
    for (int64_t i = count; i < n; ++i) scores[i] = 0;
    log_sum[r] = best * scale + logarithm(sum);
  }
}

template <class T>
void causal_softmax_again(T* scores, const T* log_sum, T scale, int64_t rows, int64_t n, int64_t seen) {
  for (int64_t r = 0; r < rows; ++r, scores += n) {
    const int64_t count = seen + r + 1;
    for (int64_t i = 0; i < count; ++i) scores[i] = exponential(scores[i] * scale - log_sum[r]);
    for (int64_t i = count; i < n; ++i) scores[i] = 0;
  }
}

template <class T>
void softmax_backward(T* dp, const T* p, const T* mixed, T scale, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r, dp += n, p += n) {
    for (int64_t i = 0; i < n; ++i) dp[i] = scale * p[i] * (dp[i] - mixed[r]);
  }
}

template <class T>
void softmax(T* x, int64_t n) {
  const T best = maximum(x, n);
  T sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    x[i] = exponential(x[i] - best);
    sum += x[i];
  }
  const T inverse = 1 / sum;
  for (int64_t i = 0; i < n; ++i) x[i] *= inverse;
}

template <class T>
void add(T* y, const T* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

template <class T>
void axpy(T* y, T a, const T* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += a * x[i];
}

template <class T>
void scale(T* x, T a, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] *= a;
}

template <class T>
double sum_of_squares(const T* x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

template <class T>
void adam(T* w, T* m, T* v, const T* gradient, const typename Ops<T>::AdamStep& step, int64_t n) {
  const typename Ops<T>::AdamStep s = step;
  for (int64_t i = 0; i < n; ++i) {
    const T g = gradient[i] * s.gradient_scale;
    m[i] = s.beta1 * m[i] + (1 - s.beta1) * g;
    v[i] = s.beta2 * v[i] + (1 - s.beta2) * g * g;
    const T direction = m[i] * s.correction1 / (square_root(v[i] * s.correction2) + s.eps);
    w[i] -= s.rate * (direction + s.decay * w[i]);
  }
}

template <class T>
constexpr Ops<T> kOps = {rms_norm<T>,
                         rms_norm_backward<T>,
                         rotate<T>,
                         swiglu<T>,
                         swiglu_backward<T>,
                         causal_softmax<T>,
                         causal_softmax_again<T>,
                         softmax_backward<T>,
                         softmax<T>,
                         add<T>,
                         axpy<T>,
                         scale<T>,
                         dot<T>,
                         sum_of_squares<T>,
                         adam<T>};

}  // namespace

#define PITH_JOIN(a, b) a##b
#define PITH_OPS_OF(type, level) PITH_JOIN(type##_ops_, level)
extern const Ops<float> PITH_OPS_OF(float, PITH_OPS_LEVEL);
extern const Ops<double> PITH_OPS_OF(double, PITH_OPS_LEVEL);
const Ops<float> PITH_OPS_OF(float, PITH_OPS_LEVEL) = kOps<float>;
const Ops<double> PITH_OPS_OF(double, PITH_OPS_LEVEL) = kOps<double>;

}  // namespace pith::lab
