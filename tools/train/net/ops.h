// What the network does row by row: each operation beside its gradient. "dx" is the gradient of the loss by
// x, as everywhere in the lab.
//
// The functions are compiled for several instruction levels (see ops.cpp); ops<T>() gives those of this
// machine. Everything of a row stays on one thread and in one order, so the same input gives the same bits.
#pragma once

#include <cstdint>

namespace pith::lab {

template <class T>
struct Ops {
  /// y = x / rms(x) * gain, rms(x) = sqrt(mean(x^2) + eps); keeps 1 / rms(x) of each row.
  void (*rms_norm)(T* y, T* inverse_rms, const T* x, const T* gain, std::int64_t rows, std::int64_t n, T eps);
  /// dx += (dy gain - xhat mean(dy gain xhat)) / rms(x) and dgain += dy xhat, where xhat = x / rms(x).
  void (*rms_norm_backward)(T* dx, T* dgain, const T* dy, const T* x, const T* inverse_rms, const T* gain,
                            std::int64_t rows, std::int64_t n);

  /// Turns the pairs (2i, 2i + 1) of each head of a row by the angles of its position; cos and sin [n / 2].
  /// The gradient is turned back: `sign` -1.
  void (*rotate)(T* x, const T* cos, const T* sin, T sign, std::int64_t heads, std::int64_t n);

  /// out = silu(gate) up, silu(g) = g sigmoid(g). Rows of `gate_up` are gate [n], up [n].
  void (*swiglu)(T* out, const T* gate_up, std::int64_t rows, std::int64_t n);
  /// gate_up becomes its gradient: dgate = dout up sigmoid(g) (1 + g (1 - sigmoid(g))), dup = dout silu(g).
  void (*swiglu_backward)(T* gate_up, const T* dout, std::int64_t rows, std::int64_t n);

  /// scores [rows][n]: p = softmax(scale scores) over the first `seen` + r + 1 columns of row r, 0 behind
  /// them. Keeps log sum exp of each row.
  void (*causal_softmax)(T* scores, T* log_sum, T scale, std::int64_t rows, std::int64_t n,
                         std::int64_t seen);
  /// The same probabilities again, from what was kept.
  void (*causal_softmax_again)(T* scores, const T* log_sum, T scale, std::int64_t rows, std::int64_t n,
                               std::int64_t seen);
  /// dp becomes dscores = scale p (dp - sum(p dp)); `mixed`[r] is that sum.
  void (*softmax_backward)(T* dp, const T* p, const T* mixed, T scale, std::int64_t rows, std::int64_t n);

  void (*softmax)(T* x, std::int64_t n);  ///< logits become probabilities

  void (*add)(T* y, const T* x, std::int64_t n);        ///< y += x
  void (*axpy)(T* y, T a, const T* x, std::int64_t n);  ///< y += a x
  void (*scale)(T* x, T a, std::int64_t n);             ///< x *= a
  T (*dot)(const T* x, const T* y, std::int64_t n);
  double (*sum_of_squares)(const T* x, std::int64_t n);

  /// AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101): m = beta1 m + (1 - beta1) g, v likewise of g^2,
  /// w -= rate (m correction1 / (sqrt(v correction2) + eps) + decay w).
  struct AdamStep {
    T rate, beta1, beta2, eps, decay, correction1, correction2, gradient_scale;
  };
  void (*adam)(T* w, T* m, T* v, const T* g, const AdamStep& step, std::int64_t n);
};

/// Of the best level that this machine has; T is float or double.
template <class T>
const Ops<T>& ops();

}  // namespace pith::lab
