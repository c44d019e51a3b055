// Three tokens and more of the types that unpack quickly: 16 rows by tiles of up to eight tokens.
//
// The rows come as the bytes of their file, transposed so that a lane is a row, and not yet unpacked. That is
// done within the tile, for every tile again, because it is nearly free: for a block of 32 of 16 rows and
// eight tokens there are 64 VPDPBUSD, eight products and eight fused additions, which occupy the two pipes
// that multiply for 80 cycles; what unpacks Q4_0's 512 elements, some 20 instructions, and conversions find
// their place in the two others. What is not free on Zen 4 is a 512-bit store: each takes nearly two cycles
// from VPDPBUSD. So nothing unpacked is stored, and sums seldom are: blocks are taken part by part (c, c +
// 16, c + 32, ...), and a part's sums stay in registers. With Q4_0 and k = 2048, one core of Zen 4 so reaches
// 44 % of its int8 peak for 8 tokens and 71 % for 512; by way of unpacked panels it was 37 and 64 %.
// Five-bit types and those with two scales a block keep these (avx512_panels.h): they take more instructions
// to unpack than there is room for. Tried in vain: to transpose the next rows within the tile, which takes 8
// % off the time of 8 tokens while weights are in the cache, but loses as much where they come from memory.
#pragma once

#include "kernels/avx512_problem.h"
#include "kernels/avx512_unpack.h"

namespace pith {
namespace {

/// 16 rows, their bytes in columns; and the scales of super-blocks, which are packed and so unpacked once.
template <class Q>
struct Columns {
  static constexpr int kScales = Q::kMins ? 2 : 1;

  Column* column;
  float (*scale)[kScales][16];  ///< of every block: scales, then minima (scaled_min)

  PITH_METHOD Columns(void* memory, std::int64_t k)
      : column(static_cast<Column*>(memory)),
        scale(reinterpret_cast<float (*)[kScales][16]>(column + columns(k))) {}

  static std::int64_t bytes(std::int64_t k) {
    const std::int64_t scales = Q::kSuper ? 16 * block_groups(k) * kScales : 0;
    return (columns(k) + scales) * static_cast<std::int64_t>(sizeof(Column));
  }

 private:
  /// With some to spare: rows are transposed 16 bytes at a time, and a block's last dword is read together
  /// with the one behind it.
  PITH_METHOD static std::int64_t columns(std::int64_t k) { return block_groups(k) * Q::kBytes / 4 + 4; }
};

/// 16 bytes of each of 16 rows, `stride` apart.
PITH_INLINE void transpose_piece(Column* out, Bytes w, std::int64_t stride) {
  __m512i four[4];
  transpose_rows(four, w, stride);
  PITH_UNROLL for (int i = 0; i < 4; ++i) _mm512_store_si512(out[i], four[i]);
}

/// Up to 16 rows of `bytes` bytes that follow each other.
template <class Q>
void transpose(const Columns<Q>& out, Bytes w, std::int64_t bytes, std::int64_t rows) {
  const std::int64_t whole = rows < 16 ? 0 : bytes / 16 * 16;
  for (std::int64_t at = 0; at < whole; at += 16) transpose_piece(out.column + at / 4, w + at, bytes);
  for (std::int64_t at = whole; at < bytes; at += 16) {
    std::uint8_t padded[16][16] = {};
    for (std::int64_t r = 0; r < 16 && r < rows; ++r) {
      __builtin_memcpy(padded[r], w + r * bytes + at,
                       static_cast<std::size_t>(bytes - at < 16 ? bytes - at : 16));
    }
    transpose_piece(out.column + at / 4, padded[0], 16);
  }
  if constexpr (Q::kSuper) {
    const std::int64_t supers = bytes / (Q::kBytes / 2);
    for (std::int64_t s = 0; s < supers; ++s) {
      PITH_UNROLL for (int b = 0; b < 8; ++b) {
        __m512 scale, min;
        Q::scales(scale, min, out.column + s * (Q::kBytes / 8), b);
        _mm512_store_ps(out.scale[8 * s + b][0], scale);
        if constexpr (Q::kMins) _mm512_store_ps(out.scale[8 * s + b][1], scaled_min(min));
      }
    }
  }
}

/// A block of 32 of 16 rows: dword d at u[d].
template <class Q>
struct BlockOfRows {
  __m512i u[8];
  __m512 scale, min;  // minima only where Q::kMins
};

/// Blocks whose unpacking is alike but for constants: of 32, those until the next that begins with a dword;
/// of super-blocks, those of a run.
template <class Q>
constexpr int period_of() {
  constexpr int kBlock = Q::kBytes / 16;
  return Q::kSuper || kBlock % 2 != 0 ? 4 : kBlock % 4 != 0 ? 2 : 1;
}

/// Block kIndex of period `period` of group g.
template <class Q, int kIndex>
PITH_INLINE void unpack_block(BlockOfRows<Q>& out, const Columns<Q>& rows, std::int64_t g, int period) {
  constexpr int kPeriod = period_of<Q>(), kBlock = Q::kBytes / 16;
  const Column* column = rows.column + g * (Q::kBytes / 4);
  __m512i u[4][2];
  if constexpr (Q::kSuper) {
    const Column* super = column + period / 2 * (Q::kBytes / 8);
    PITH_UNROLL for (int d = 0; d < 4; ++d) {
      Q::bytes(u, ColumnRun{super, 0, period % 2, d});
      PITH_UNROLL for (int h = 0; h < 2; ++h) out.u[4 * h + d] = u[kIndex][h];
    }
    const auto& scale = rows.scale[16 * g + kPeriod * period + kIndex];
    out.scale = _mm512_load_ps(scale[0]);
    if constexpr (Q::kMins) out.min = _mm512_load_ps(scale[1]);
  } else {
    const ColumnBlock source{column + period * (kPeriod * kBlock / 4), kIndex * kBlock};
    Q::bytes(u, source);
    PITH_UNROLL for (int d = 0; d < 4; ++d) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) out.u[4 * h + d] = u[d][h];
    }
    Q::scales(&out.scale, &out.min, source);
    if constexpr (Q::kMins) out.min = scaled_min(out.min);
  }
}

/// sum + u times four bytes of x in every lane. GCC 12 makes two instructions of the intrinsics, which takes
/// a tenth of the speed.
PITH_INLINE __m512i add_products(__m512i sum, __m512i u, const char* x) {
  asm("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(u), "m"(*reinterpret_cast<const char(*)[4]>(x)));
  return sum;
}

/// acc[t] += the term of block c of group g of x[t].
template <class Q, int T>
PITH_INLINE void add_block(__m512 acc[T], const BlockOfRows<Q>& w, const char* const x[T], std::int64_t g,
                           int c) {
  const std::int64_t group = g * static_cast<std::int64_t>(sizeof(Q8Blocks));
  const std::int64_t bytes = group + c % 4 * 128 + c / 4 * 16, fields = group + 4 * c;
  const auto sum_of = [&](int t) {
    return _mm512_set1_epi32(load_as<std::int32_t>(x[t] + offsetof(Q8Blocks, sum) + fields));
  };
  __m512i dot[T];
  PITH_UNROLL for (int t = 0; t < T; ++t) dot[t] = Q::kMins ? _mm512_setzero_si512() : sum_of(t);
  PITH_UNROLL for (int d = 0; d < 8; ++d) {
    PITH_UNROLL for (int t = 0; t < T; ++t) {
      dot[t] = add_products(dot[t], w.u[d], x[t] + bytes + d / 4 * 64 + d % 4 * 4);
    }
  }
  PITH_UNROLL for (int t = 0; t < T; ++t) {
    __m512 term = _mm512_mul_ps(_mm512_cvtepi32_ps(dot[t]), w.scale);
    if constexpr (Q::kMins) term = add_min(term, sum_of(t), w.min);
    const __m512 x_scale = _mm512_set1_ps(load_as<float>(x[t] + offsetof(Q8Blocks, scale) + fields));
    acc[t] = _mm512_fmadd_ps(term, x_scale, acc[t]);
  }
}

constexpr int kColumnTokens = 8;  ///< most tokens of a tile

template <class Q>
struct ColumnTile {
  float (*sums)[16];   ///< [T]: of 16 rows
  float (*parts)[16];  ///< [16 * T]: between passes
  Columns<Q> rows;
  const Q8Blocks* x;
  std::int64_t x_groups;    ///< from one token to the next
  std::int64_t blocks;      ///< along k
  const void* next;         ///< what will be read next: asked for meanwhile,
  std::int64_t next_bytes;  ///< so much with every block
};

/// Groups whose blocks are taken part by part before the next ones are: what stays in the first-level cache.
constexpr int kPassGroups = 4;

/// Part c = kIndex of the period of the pass that begins with block `begin`.
template <class Q, int T, int kIndex>
PITH_INLINE void add_part(const ColumnTile<Q>& tile, const char* const x[T], int period, std::int64_t begin,
                          const char*& next, __m512 sum[T]) {
  const int c = period * period_of<Q>() + kIndex;
  auto* parts = tile.parts;
  const bool ends = begin + 16 * kPassGroups >= tile.blocks;
  const std::int64_t end = ends ? tile.blocks : begin + 16 * kPassGroups;
  __m512 acc[T] = {};
  if (begin > 0) {
    PITH_UNROLL for (int t = 0; t < T; ++t) acc[t] = _mm512_load_ps(parts[c * T + t]);
  }
  for (std::int64_t b = begin + c; b < end; b += 16) {
    const char* asked = next + tile.next_bytes;
    for (; next < asked; next += 64) _mm_prefetch(next, _MM_HINT_T1);
    BlockOfRows<Q> w;
    unpack_block<Q, kIndex>(w, tile.rows, b / 16, period);
    add_block<Q, T>(acc, w, x, b / 16, c);
  }
  if (!ends) {
    PITH_UNROLL for (int t = 0; t < T; ++t) _mm512_store_ps(parts[c * T + t], acc[t]);
  } else {
    PITH_UNROLL for (int t = 0; t < T; ++t) sum[t] = _mm512_add_ps(sum[t], acc[t]);
  }
}

template <class Q, int T>
void multiply_tile(const ColumnTile<Q>& tile) {
  constexpr int kPeriod = period_of<Q>();
  const char* x[T];
  PITH_UNROLL for (int t = 0; t < T; ++t) x[t] = reinterpret_cast<const char*>(tile.x + t * tile.x_groups);
  const char* next = static_cast<const char*>(tile.next);
  __m512 sum[T] = {};
  for (std::int64_t begin = 0; begin < tile.blocks; begin += 16 * kPassGroups) {
    for (int period = 0; period < 16 / kPeriod; ++period) {
      add_part<Q, T, 0>(tile, x, period, begin, next, sum);
      if constexpr (kPeriod > 1) add_part<Q, T, 1>(tile, x, period, begin, next, sum);
      if constexpr (kPeriod > 2) {
        add_part<Q, T, 2>(tile, x, period, begin, next, sum);
        add_part<Q, T, 3>(tile, x, period, begin, next, sum);
      }
    }
  }
  PITH_UNROLL for (int t = 0; t < T; ++t) _mm512_store_ps(tile.sums[t], sum[t]);
}

/// Three tokens and more, in tiles of about equal width, are never cut into less.
template <class Q>
void multiply_tile(const ColumnTile<Q>& tile, int tokens) {
  switch (tokens) {
    case 3: return multiply_tile<Q, 3>(tile);
    case 4: return multiply_tile<Q, 4>(tile);
    case 5: return multiply_tile<Q, 5>(tile);
    case 6: return multiply_tile<Q, 6>(tile);
    case 7: return multiply_tile<Q, 7>(tile);
    default: return multiply_tile<Q, kColumnTokens>(tile);
  }
}

/// Sixteens of rows that are multiplied while a tile of tokens stays in the first-level cache: what fills a
/// part of the second.
template <class Q>
std::int64_t rows_at_once(std::int64_t k) {
  constexpr std::int64_t kCacheBytes = 384 << 10, kMost = 8;
  const std::int64_t fit = kCacheBytes / Columns<Q>::bytes(k);
  return fit < 1 ? 1 : fit > kMost ? kMost : fit;
}

template <class Q>
void multiply_columns(const Problem& p, std::int64_t row_begin, std::int64_t row_end, std::int64_t tokens,
                      void* scratch) {
  auto* sums = static_cast<float(*)[16]>(scratch);
  auto* parts = sums + kColumnTokens;
  auto* memory = reinterpret_cast<char*>(parts + 16 * kColumnTokens);
  const auto columns = [&](std::int64_t i) { return Columns<Q>(memory + i * Columns<Q>::bytes(p.k), p.k); };
  const std::int64_t step = is_large(tokens) ? 16 * rows_at_once<Q>(p.k) : 16;
  for (std::int64_t begin = row_begin; begin < row_end; begin += step) {
    const std::int64_t end = begin + step < row_end ? begin + step : row_end, count = (end - begin + 15) / 16;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t r = begin + 16 * i;
      transpose(columns(i), p.w + r * p.row_bytes, p.row_bytes, end - r);
    }
    const std::int64_t next_end = end + step < row_end ? end + step : row_end;
    for_tiles(p, tokens, kColumnTokens, count, end, next_end, [&](std::int64_t t, int width, Ahead& ahead) {
      for (std::int64_t i = 0; i < count; ++i) {
        ColumnTile<Q> tile{sums, parts, columns(i), p.token(t), p.x_groups, p.blocks(), nullptr, 0};
        ahead.ask(tile);
        multiply_tile(tile, width);
        const std::int64_t r = begin + 16 * i;
        for (int j = 0; j < width; ++j) {
          _mm512_mask_storeu_ps(p.y + (t + j) * p.ldy + r, first(end - r), _mm512_load_ps(sums[j]));
        }
      }
    });
  }
}

template <class Q>
std::size_t column_scratch(std::int64_t k) {
  return static_cast<std::size_t>(rows_at_once<Q>(k) * Columns<Q>::bytes(k)) + 64 * 17 * kColumnTokens + 64;
}

}  // namespace
}  // namespace pith
