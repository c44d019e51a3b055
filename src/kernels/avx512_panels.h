// Five tokens and more of the types that take long to unpack: of five bits, or with two scales for every
// block of 32. Rows are unpacked into panels, once for all tokens.
// - Up to 8 tokens: 16 rows at a time are transposed and unpacked, 512 elements of each, into a panel that
//   stays in the first-level cache while all tokens are multiplied by it (a lane = a row).
// - More: whole rows are unpacked into panels in the second-level cache, and two panels are multiplied by up
//   to six tokens at a time, which stay in the first-level cache for all panels.
#pragma once

#include "kernels/avx512_problem.h"
#include "kernels/avx512_tiles.h"
#include "kernels/avx512_unpack.h"

namespace pith {
namespace {

template <class Q>
using PanelOf = Panel<Q::kHalves, Q::kMins>;

/// Unpacks 16 blocks of 32 of 16 rows.
template <class Q>
PITH_INLINE void unpack_columns(typename PanelOf<Q>::Block* out, const Column* column) {
  constexpr int kBlock = Q::kBytes / 16, kPeriod = kBlock % 4 == 0 ? 1 : kBlock % 2 == 0 ? 2 : 4;
  for (int b = 0; b < 16; b += kPeriod, column += kPeriod * kBlock / 4) {
    PITH_UNROLL for (int i = 0; i < kPeriod; ++i) {
      const ColumnBlock source{column, i * kBlock};
      auto& block = out[b + i];
      __m512i u[4][2];
      Q::bytes(u, source);
      PITH_UNROLL for (int d = 0; d < 4; ++d) {
        PITH_UNROLL for (int h = 0; h < 2; ++h) _mm512_store_si512(block.u[4 * h + d], u[d][h]);
      }
      __m512 scale[1], min[1];
      Q::scales(scale, min, source);
      _mm512_store_ps(block.scale[0], scale[0]);
      if constexpr (Q::kMins) _mm512_store_ps(block.scale[1], scaled_min(min[0]));
    }
  }
}

/// Unpacks two super-blocks of 16 rows.
template <class Q>
PITH_INLINE void unpack_super_columns(typename PanelOf<Q>::Block* out, const Column* column) {
  PITH_UNROLL for (int super = 0; super < 2; ++super) {
    const int begin = super * Q::kBytes / 2;
    for (int run = 0; run < 2; ++run) {
      auto* block = out + 8 * super + 4 * run;
      for (int d = 0; d < 4; ++d) {
        __m512i u[4][2];
        Q::bytes(u, ColumnRun{column + begin / 4, begin % 4, run, d});
        PITH_UNROLL for (int i = 0; i < 4; ++i) {
          PITH_UNROLL for (int h = 0; h < 2; ++h) { _mm512_store_si512(block[i].u[4 * h + d], u[i][h]); }
        }
      }
    }
  }
}

/// Unpacks the scales of 16 rows of super-blocks, `stride` bytes apart, a row at a time.
template <class Q>
PITH_INLINE void unpack_super_scales(typename PanelOf<Q>::Block* out, Bytes w, std::int64_t stride) {
  constexpr int kScales = PanelOf<Q>::kScales;
  alignas(64) float rows[kScales][16][16];
  for (int r = 0; r < 16; ++r) {
    __m512 scale[Q::kHalves], min[Q::kHalves];
    Q::scales(scale, min, w + r * stride);
    PITH_UNROLL for (int h = 0; h < Q::kHalves; ++h) {
      _mm512_store_ps(rows[h][r], scale[h]);
      if constexpr (Q::kMins) _mm512_store_ps(rows[Q::kHalves + h][r], scaled_min(min[h]));
    }
  }
  for (int s = 0; s < kScales; ++s) {
    for (int quad = 0; quad < 4; ++quad) {
      __m512i column[4];
      transpose_rows(column, &rows[s][0][4 * quad], sizeof rows[s][0]);
      PITH_UNROLL for (int b = 0; b < 4; ++b) _mm512_store_si512(out[4 * quad + b].scale[s], column[b]);
    }
  }
}

/// Unpacks a group of 16 rows, `stride` bytes apart.
template <class Q>
void unpack_group(typename PanelOf<Q>::Block* out, Bytes w, std::int64_t stride) {
  alignas(64) Column column[Q::kBytes / 4 + 1];
  for (int at = 0; at < Q::kBytes; at += 16) {
    const int from = at + 16 <= Q::kBytes ? at : Q::kBytes - 16;
    __m512i four[4];
    transpose_rows(four, w + from, stride);
    PITH_UNROLL for (int i = 0; i < 4; ++i) _mm512_storeu_si512(column[from / 4 + i], four[i]);
  }
  if constexpr (Q::kSuper) {
    unpack_super_columns<Q>(out, column);
    unpack_super_scales<Q>(out, w, stride);
  } else {
    unpack_columns<Q>(out, column);
  }
}

/// The same of up to 16 rows that end `left` bytes behind w.
template <class Q>
PITH_INLINE void unpack_group(typename PanelOf<Q>::Block* out, Bytes w, std::int64_t stride,
                              std::int64_t rows, std::int64_t left) {
  if (rows >= 16 && left >= Q::kBytes) return unpack_group<Q>(out, w, stride);
  std::uint8_t padded[16][Q::kBytes] = {};
  for (std::int64_t r = 0; r < 16 && r < rows; ++r) {
    __builtin_memcpy(padded[r], w + r * stride,
                     static_cast<std::size_t>(left < Q::kBytes ? left : Q::kBytes));
  }
  unpack_group<Q>(out, padded[0], Q::kBytes);
}

/// y of 16 rows from `r` and `tokens` tokens from t, of panel v of `panels`.
PITH_INLINE void store_tile(const Problem& p, std::int64_t r, std::int64_t rows, std::int64_t t, int tokens,
                            const float (*parts)[16], int v, int panels) {
  const std::int64_t count = p.blocks() < 16 ? p.blocks() : 16;
  for (int i = 0; i < tokens; ++i) {
    __m512 sum = _mm512_setzero_ps();
    for (std::int64_t c = 0; c < count; ++c) {
      sum = _mm512_add_ps(sum, _mm512_load_ps(parts[(c * panels + v) * tokens + i]));
    }
    _mm512_mask_storeu_ps(p.y + (t + i) * p.ldy + r, first(rows), sum);
  }
}

constexpr std::int64_t kParts = 16 * 2 * kPairTokens;  // room for the sums of a tile

template <class Q>
void multiply_few(const Problem& p, std::int64_t row_begin, std::int64_t row_end, std::int64_t tokens,
                  void* scratch) {
  const TileKernels& tiles = avx512_tiles(Q::kHalves == 2, Q::kMins);
  auto* parts = static_cast<float(*)[16]>(scratch);
  auto* panel = reinterpret_cast<typename PanelOf<Q>::Block*>(parts + kParts);
  for (std::int64_t r = row_begin; r < row_end; r += 16) {
    const Bytes w = p.w + r * p.row_bytes;
    for (std::int64_t g = 0; g < p.groups; ++g) {
      unpack_group<Q>(panel, w + g * Q::kBytes, p.row_bytes, row_end - r, p.row_bytes - g * Q::kBytes);
      const std::int64_t left = p.blocks() - 16 * g;
      tiles.one[tokens]({parts, panel, 0, p.x + g, p.x_groups, left < 16 ? left : 16, g == 0,
                         w + 16 * (p.row_bytes + g * Q::kBytes), r + 16 < row_end ? Q::kBytes : 0});
    }
    store_tile(p, r, row_end - r, 0, static_cast<int>(tokens), parts, 0, 1);
  }
}

/// Pairs of panels that are multiplied while a tile of tokens stays in the first-level cache.
template <class Q>
std::int64_t panel_pairs(std::int64_t k) {
  constexpr std::int64_t kCacheBytes = 384 << 10, kMost = 4;
  const std::int64_t pair = 2 * 16 * block_groups(k) * std::int64_t{sizeof(typename PanelOf<Q>::Block)};
  const std::int64_t fit = kCacheBytes / pair;
  return fit < 1 ? 1 : fit > kMost ? kMost : fit;
}

template <class Q>
void multiply_many(const Problem& p, std::int64_t row_begin, std::int64_t row_end, std::int64_t tokens,
                   void* scratch) {
  using Block = typename PanelOf<Q>::Block;
  const TileKernels& tiles = avx512_tiles(Q::kHalves == 2, Q::kMins);
  auto* parts = static_cast<float(*)[16]>(scratch);
  auto* panels = reinterpret_cast<Block*>(parts + kParts);
  const std::int64_t step = is_large(tokens) ? 32 * panel_pairs<Q>(p.k) : 32;
  for (std::int64_t begin = row_begin; begin < row_end; begin += step) {
    const std::int64_t end = begin + step < row_end ? begin + step : row_end, pairs = (end - begin + 31) / 32;
    Block* out = panels;
    for (std::int64_t r = begin; r < begin + 32 * pairs; r += 16) {
      const Bytes w = p.w + (r < end ? r : begin) * p.row_bytes;  // the last pair's second panel may be empty
      for (std::int64_t g = 0; g < p.groups; ++g, out += 16) {
        unpack_group<Q>(out, w + g * Q::kBytes, p.row_bytes, end - r, p.row_bytes - g * Q::kBytes);
      }
    }
    const std::int64_t next_end = end + step < row_end ? end + step : row_end;
    for_tiles(p, tokens, kPairTokens, pairs, end, next_end, [&](std::int64_t t, int width, Ahead& ahead) {
      Tile tile{parts, panels, 16 * p.groups, p.token(t), p.x_groups, p.blocks(), true, nullptr, 0};
      for (std::int64_t r = begin; r < end; r += 32) {
        ahead.ask(tile);
        tiles.pair[width](tile);
        tile.panel = static_cast<const Block*>(tile.panel) + 2 * tile.panel_blocks;
        for (int v = 0; v < 2; ++v) {
          if (r + 16 * v < end) store_tile(p, r + 16 * v, end - r - 16 * v, t, width, parts, v, 2);
        }
      }
    });
  }
}

template <class Q>
void multiply_panels(const Problem& p, std::int64_t row_begin, std::int64_t row_end, std::int64_t tokens,
                     void* scratch) {
  if (tokens <= kFew) return multiply_few<Q>(p, row_begin, row_end, tokens, scratch);
  multiply_many<Q>(p, row_begin, row_end, tokens, scratch);
}

template <class Q>
std::size_t panel_scratch(std::int64_t k) {
  const std::int64_t blocks = panel_pairs<Q>(k) * 2 * 16 * block_groups(k);
  return static_cast<std::size_t>(blocks) * sizeof(typename PanelOf<Q>::Block) + 64 * kParts + 64;
}

}  // namespace
}  // namespace pith
