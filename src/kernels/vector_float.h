// y = W x of float weights, written once for every kind of factor.
//
// Order of one element: 16 partial sums, of the k that are equal mod 16 (of pairs mod 16 for VDPBF16PS), each
// by fused multiply-add in increasing k; then sum s takes sum s + 8, s + 4, s + 2, s + 1. Lanes are along k,
// so a row and a token are read as they lie, and any number of rows and tokens keeps the order.
//
// A kind of factor W has: kStep elements of k in a vector, kWeightBytes and kInputBytes of an element, and
// load(p) / load(p, count), input(p), add(acc, weight, input).
#pragma once

#include "kernels/vector_common.h"

namespace pith {
namespace {

struct FloatProblem {
  float* y;  ///< of row 0, token 0
  std::int64_t ldy;
  Bytes w;
  Bytes x;
  std::int64_t k, input_bytes;
};

/// R rows from `row` by T tokens from `token`.
template <class W, int R, int T>
void multiply_float_tile(const FloatProblem& p, std::int64_t row, std::int64_t token) {
  const Bytes w = p.w + row * p.k * W::kWeightBytes;
  const Bytes x = p.x + token * p.input_bytes;
  F acc[R][T];
  PITH_UNROLL for (int r = 0; r < R; ++r) { PITH_UNROLL for (int t = 0; t < T; ++t) acc[r][t] = zero(); }
  const std::int64_t whole = p.k / W::kStep * W::kStep;
  for (std::int64_t i = 0; i < whole; i += W::kStep) {
    typename W::Weight weight[R];
    PITH_UNROLL for (int r = 0; r < R; ++r) weight[r] = W::load(w + (r * p.k + i) * W::kWeightBytes);
    PITH_UNROLL for (int t = 0; t < T; ++t) {
      const auto input = W::input(x + t * p.input_bytes + i * W::kInputBytes);
      PITH_UNROLL for (int r = 0; r < R; ++r) acc[r][t] = W::add(acc[r][t], weight[r], input);
    }
  }
  if (whole < p.k) {  // inputs are padded with zeros, weights are not
    PITH_UNROLL for (int r = 0; r < R; ++r) {
      const auto weight = W::load(w + (r * p.k + whole) * W::kWeightBytes, p.k - whole);
      PITH_UNROLL for (int t = 0; t < T; ++t) {
        acc[r][t] = W::add(acc[r][t], weight, W::input(x + t * p.input_bytes + whole * W::kInputBytes));
      }
    }
  }
  PITH_UNROLL for (int t = 0; t < T; ++t) {
    float* y = p.y + (token + t) * p.ldy + row;
    if constexpr (R == 4) {
      const F four[4] = {acc[0][t], acc[1][t], acc[2][t], acc[3][t]};
      _mm_storeu_ps(y, sum_four(four));
    } else {
      PITH_UNROLL for (int r = 0; r < R; ++r) y[r] = sum(acc[r][t]);
    }
  }
}

/// All rows of the range by T tokens.
template <class W, int R, int T>
void multiply_float_rows(const FloatProblem& p, std::int64_t begin, std::int64_t end, std::int64_t token) {
  for (; begin + R <= end; begin += R) multiply_float_tile<W, R, T>(p, begin, token);
  for (; begin < end; ++begin) multiply_float_tile<W, 1, T>(p, begin, token);
}

/// All rows of the range by up to kFloatTokens tokens.
template <class W>
void multiply_float_rows(const FloatProblem& p, std::int64_t begin, std::int64_t end, std::int64_t token,
                         std::int64_t tokens) {
  switch (tokens) {
    // One row at a time is one linear stream of memory: 90-95 % of the read bandwidth on one core of Zen 4,
    // where two or four rows side by side reach 50 %, with or without software prefetch.
    case 1: return multiply_float_rows<W, 1, 1>(p, begin, end, token);
    case 2: return multiply_float_rows<W, 4, 2>(p, begin, end, token);
    case 3: return multiply_float_rows<W, 4, 3>(p, begin, end, token);
    default: break;
  }
  if constexpr (kFloatTokens > 3) {
    switch (tokens) {
      case 4: return multiply_float_rows<W, 4, 4>(p, begin, end, token);
      case 5: return multiply_float_rows<W, 4, 5>(p, begin, end, token);
      default: return multiply_float_rows<W, 4, 6>(p, begin, end, token);
    }
  }
}

template <class W>
void multiply_float(float* y, std::int64_t ldy, const void* w, const void* x, std::int64_t row_begin,
                    std::int64_t row_end, std::int64_t k, std::int64_t tokens, void*) {
  const std::int64_t input_bytes = (k * W::kInputBytes + 63) / 64 * 64;
  const FloatProblem p{y, ldy, static_cast<Bytes>(w), static_cast<Bytes>(x), k, input_bytes};
  // Rows that stay in the second-level cache while all tokens pass by.
  constexpr std::int64_t kCacheBytes = 256 << 10;
  const std::int64_t fit = kCacheBytes / (k * W::kWeightBytes + 1) / 4 * 4;
  const std::int64_t step = fit > 16 ? fit : 16;
  const std::int64_t tiles = (tokens + kFloatTokens - 1) / kFloatTokens;
  for (std::int64_t r = row_begin; r < row_end; r += step) {
    const std::int64_t end = r + step < row_end ? r + step : row_end;
    for (std::int64_t i = 0, t = 0; i < tiles; ++i) {
      const std::int64_t width = (tokens - t + tiles - i - 1) / (tiles - i);
      multiply_float_rows<W>(p, r, end, t, width);
      t += width;
    }
  }
}

[[maybe_unused]] static std::size_t no_scratch(std::int64_t) { return 0; }

}  // namespace
}  // namespace pith
