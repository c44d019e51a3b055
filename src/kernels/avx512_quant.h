// y = W x of the quantised types at the AVX-512 level.
//
// Order of operations of one element, with b = 0, 1, ... the blocks of 32 along k:
//   term[b] = float(exact integer dot of b) * w_scale; types with scales for every 16 elements add the second
//             half's dot by fma, those with minima fma(min, sum of x) behind each dot;
//   part[c] = fma over b = c, c + 16, c + 32, ... of term[b] * x_scale;
//   y       = 0 + part[0] + part[1] + ... + part[15].
// Sixteen parts instead of one running sum, because one vector then holds one row's parts while a row streams
// from memory, and 16 rows' same part while a panel is multiplied. One running sum would need 16 rows side by
// side for a single token too, which reach only 70-80 % of the bandwidth where rows are short; all of it is
// reached by one row at a time.
//
// - Up to two tokens, three of eight bits, four of types that take long to unpack: one row after the other,
//   straight from the file's layout (avx512_rows.h). The matrix of one token or two is read as one linear
//   stream, which the hardware prefetcher follows. (Each further token costs 16 cycles a row and 16 blocks
//   this way on Zen 4, because dots of blocks end with sums across lanes, against 11 for 16 rows and a block,
//   whose transposition costs some 25.)
// - More: 16 rows side by side, a lane = a row, by tiles of tokens; rows are transposed and, where that
//   is quick, unpacked within the tile (avx512_columns.h), else unpacked into panels (avx512_panels.h).
#pragma once

#include "kernels/avx512_columns.h"
#include "kernels/avx512_panels.h"
#include "kernels/avx512_rows.h"

namespace pith {
namespace {

/// Most tokens that are multiplied by one row after the other.
template <class Q>
constexpr int most_by_rows() {
  constexpr bool kEightBits = Q::kBytes > 16 * 32;
  return !Q::kQuick ? 4 : kEightBits ? 3 : 2;
}

template <class Q>
void multiply(float* y, std::int64_t ldy, const void* w, const void* x, std::int64_t row_begin,
              std::int64_t row_end, std::int64_t k, std::int64_t tokens, void* scratch) {
  const Problem p{y,
                  ldy,
                  static_cast<Bytes>(w),
                  static_cast<const Q8Blocks*>(x),
                  k,
                  block_groups(k),
                  token_groups(k),
                  row_bytes<Q>(k)};
  switch (tokens) {
    case 0: return;
    case 1: return multiply_rows<Q, 1>(y, ldy, p.w, p.x, row_begin, row_end, k);
    case 2: return multiply_rows<Q, 2>(y, ldy, p.w, p.x, row_begin, row_end, k);
    default: break;
  }
  if constexpr (most_by_rows<Q>() >= 3) {
    if (tokens == 3) return multiply_rows<Q, 3>(y, ldy, p.w, p.x, row_begin, row_end, k);
  }
  if constexpr (most_by_rows<Q>() >= 4) {
    if (tokens == 4) return multiply_rows<Q, 4>(y, ldy, p.w, p.x, row_begin, row_end, k);
  }
  if constexpr (Q::kQuick) {
    multiply_columns<Q>(p, row_begin, row_end, tokens, align64(scratch));
  } else {
    multiply_panels<Q>(p, row_begin, row_end, tokens, align64(scratch));
  }
}

template <class Q>
std::size_t scratch_bytes(std::int64_t k) {
  if constexpr (Q::kQuick) {
    return column_scratch<Q>(k);
  } else {
    return panel_scratch<Q>(k);
  }
}

template <class Q>
void fill(Kernels& kernels) {
  entry<Matmul>(kernels.matmul, Q::kType) = {InputKind::Q8, multiply<Q>, scratch_bytes<Q>};
  using Decode = void (*)(float*, const void*, std::int64_t);
  entry<Decode>(kernels.decode, Q::kType) = decode<Q>;
}

}  // namespace
}  // namespace pith
