// What the products of 16 rows side by side have in common (see avx512_quant.h).
#pragma once

#include "kernels/avx512_q8.h"

namespace pith {
namespace {

struct Problem {
  float* y;
  std::int64_t ldy;
  Bytes w;
  const Q8Blocks* x;
  std::int64_t k, groups, x_groups, row_bytes;

  PITH_METHOD std::int64_t blocks() const { return k / 32; }
  PITH_METHOD const Q8Blocks* token(std::int64_t t) const { return x + t * x_groups; }
};

// Sixteen rows side by side are more streams than the hardware prefetcher follows, so what comes next is
// asked for while tiles are multiplied, a few lines with every block: asked for at once, it would hold up the
// loads behind it.

/// What comes next, in equal pieces for the tiles that are multiplied meanwhile.
struct Ahead {
  Bytes at = nullptr, end = nullptr;
  std::int64_t piece = 0;

  PITH_METHOD void begin(const void* from, const void* to, std::int64_t pieces) {
    at = static_cast<Bytes>(from);
    end = static_cast<Bytes>(to);
    piece = (end - at) / pieces + 1;
  }
  template <class T>
  PITH_METHOD void ask(T& tile) {
    tile.next = at;
    tile.next_bytes = at < end ? piece / tile.blocks + 1 : 0;
    at += piece;
  }
};

/// The tokens of a large batch come from beyond the second-level cache, and are what is asked for ahead of
/// time; else the next rows are.
PITH_INLINE bool is_large(std::int64_t tokens) { return tokens > 48; }

/// f(t, width, ahead) for tiles of tokens of about equal width: ten are 5 + 5, not 8 + 2. Each is multiplied
/// `times` times; behind these rows come those from `next` to `next_end`.
template <class F>
PITH_INLINE void for_tiles(const Problem& p, std::int64_t tokens, int most, std::int64_t times,
                           std::int64_t next, std::int64_t next_end, F&& f) {
  const bool large = is_large(tokens);
  const std::int64_t tiles = (tokens + most - 1) / most;
  Ahead ahead;
  if (!large) ahead.begin(p.w + next * p.row_bytes, p.w + next_end * p.row_bytes, tiles * times);
  for (std::int64_t i = 0, t = 0; i < tiles; ++i) {
    const auto width = static_cast<int>((tokens - t + tiles - i - 1) / (tiles - i));
    if (large) {
      const std::int64_t end = t + 2 * width < tokens ? t + 2 * width : tokens;
      ahead.begin(p.token(t + width), p.token(end), times);
    }
    f(t, width, ahead);
    t += width;
  }
}

}  // namespace
}  // namespace pith
