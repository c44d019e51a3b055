// exp, tanh and erf of vectors, for every level (include its *_simd.h first).
//
// Coefficients are Chebyshev fits, highest power first: mpmath.chebyfit(f, interval, count) at 40 digits, f
// and interval as noted. Largest errors against double, in units in the last place, over every 37th float of
// either sign: exp 1.1 on [-88, 88], tanh 1.3, erf 2.4.
#pragma once

#include "kernels/vector_common.h"

namespace pith {
namespace {

template <int N>
PITH_INLINE F polynomial(F x, const float (&c)[N]) {
  F p = set(c[0]);
  PITH_UNROLL for (int i = 1; i < N; ++i) p = fma(p, x, set(c[i]));
  return p;
}

/// 2^n e^r with n = round(x / ln 2). Zero below -104, infinity above 88.8; NaN stays.
PITH_INLINE F exp(F x) {
  // (e^r - 1 - r) / r^2 on [-ln 2 / 2, ln 2 / 2]
  constexpr float kTail[] = {1.392618359e-3f, 8.363179053e-3f, 4.166655462e-2f, 1.666657699e-1f, 0.5f};
  constexpr float kLn2High = 0.693145752f;  // 17 bits: n times it is exact
  constexpr float kLn2Low = 1.42860677e-6f;
  x = min(set(90.0f), max(set(-105.0f), x));
  const F n = round(x * set(1.44269504f));
  const F r = fma(n, set(-kLn2Low), fma(n, set(-kLn2High), x));
  const F tail = fma(r * r, polynomial(r, kTail), r);
  return scale_by_power(set(1.0f) + tail, n);
}

PITH_INLINE F tanh(F x) {
  // (tanh(x) / x - 1) / x^2 in x^2 on [0, 0.625^2]
  constexpr float kSmall[] = {-6.096714166e-3f, 2.0997179e-2f, -5.385090958e-2f, 1.333276974e-1f,
                              -3.333332894e-1f};
  const F a = abs(x), z = a * a;
  const F small = fma(a * z, polynomial(z, kSmall), a);
  const F large = set(1.0f) - set(2.0f) / (exp(a + a) + set(1.0f));
  return with_sign(where_less(a, set(0.625f), small, large), x);
}

PITH_INLINE F erf(F x) {
  // erf(x) / x in x^2 on [0, 1]
  constexpr float kSmall[] = {7.875875063e-5f, -8.016864287e-4f, 5.189087423e-3f, -2.685421201e-2f,
                              1.128359472e-1f, -3.761262667e-1f, 1.128379166f};
  // log(1 - erf(x)) on [1, 4]; 1 - erf(4) is 2e-8
  constexpr float kLarge[] = {1.637151415e-6f,  -4.605804269e-5f, 5.968056257e-4f,
                              -4.759596293e-3f, 2.642113601e-2f,  -1.100800829e-1f,
                              -6.318260516e-1f, -1.130233435f,    3.201380497e-4f};
  const F a = abs(x);
  const F small = a * polynomial(a * a, kSmall);
  const F large = set(1.0f) - exp(polynomial(min(set(4.0f), a), kLarge));
  return with_sign(where_less(a, set(1.0f), small, large), x);
}

}  // namespace
}  // namespace pith
