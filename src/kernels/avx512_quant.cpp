// y = W x of the quantised types.
//
// Order of operations of one element, with b = 0, 1, ... the blocks of 32 along k:
//   part[c] = fma over b = c, c + 16, c + 32, ... of float(exact integer dot of b) * (w_scale * x_scale);
//             types with minima add min * (x_scale * sum of x) after each block;
//   y       = 0 + part[0] + part[1] + ... + part[15].
// Sixteen parts instead of one running sum, because one vector then holds one row's parts while a row streams
// from memory, and 16 rows' same part while a panel is multiplied. Both ways below compute exactly this.
//
// - A few tokens: one row after the other, straight from the file's layout. The matrix is read as one linear
//   stream, which the hardware prefetcher follows at the full bandwidth of the memory; 16 rows side by side
//   reach only 70-80 % of it when rows are short. (Software prefetch 1, 2 or 4 KiB ahead gained nothing.)
// - Many tokens: 16 rows at a time are unpacked and transposed once into a panel in scratch (a lane = a row),
//   and two panels are multiplied by up to six tokens at a time: 12 integer and 12 float sums in registers.
//   The VNNI units are busy 8 of the 10 cycles per block, the other two go to scaling.
#include <cfloat>

#include "kernels/avx512.h"
#include "kernels/avx512_q8.h"
#include "kernels/avx512_unpack.h"

namespace pith {
namespace {

// --- activations ----------------------------------------------------------------------------------

std::size_t q8_bytes(std::int64_t k) { return static_cast<std::size_t>(block_groups(k)) * sizeof(Q8Blocks); }

/// One block: scale = max|x| / 127, q = x / scale to nearest even. A scale that would be subnormal is zero;
/// with NaN or infinity in the block, it is NaN (bit patterns of magnitudes compare as the magnitudes do).
PITH_INLINE void quantise_block(Q8Blocks& out, int block, __m512 a, __m512 b) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  const __m512i top = _mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(a), magnitude),
                                       _mm512_and_si512(_mm512_castps_si512(b), magnitude));
  const auto bits = static_cast<std::int32_t>(_mm512_reduce_max_epu32(top));
  float scale = _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(bits))) / 127.0f;
  if (bits >= 0x7f800000) scale = __builtin_nanf("");
  if (scale < FLT_MIN) scale = 0.0f;
  const __mmask16 some = scale > 0.0f ? 0xffff : 0;
  const __m512 by = _mm512_set1_ps(scale);
  const __m512i qa = _mm512_maskz_cvtps_epi32(some, _mm512_div_ps(a, by));
  const __m512i qb = _mm512_maskz_cvtps_epi32(some, _mm512_div_ps(b, by));
  const int i = block % 4, j = block / 4;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&out.x[i][0][16 * j]), _mm512_cvtepi32_epi8(qa));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&out.x[i][1][16 * j]), _mm512_cvtepi32_epi8(qb));
  store_as(&out.scale[4 * block], scale);
  store_as(&out.minus_sum[4 * block], -_mm512_reduce_add_epi32(_mm512_add_epi32(qa, qb)));
  store_as(&out.minus_sum_first[4 * block], -_mm512_reduce_add_epi32(qa));
}

void prepare_q8(void* out, const float* x, std::int64_t k) {
  auto* groups = static_cast<Q8Blocks*>(out);
  for (std::int64_t b = 0; b < 16 * block_groups(k); ++b) {
    const std::int64_t left = k - 32 * b;
    const __mmask16 low = left > 0 ? first(left) : 0, high = left > 16 ? first(left - 16) : 0;
    const float* block = left > 0 ? x + 32 * b : x;
    quantise_block(groups[b / 16], static_cast<int>(b % 16), _mm512_maskz_loadu_ps(low, block),
                   _mm512_maskz_loadu_ps(high, block + (left > 16 ? 16 : 0)));
  }
}

// --- weights --------------------------------------------------------------------------------------

/// One row of a matrix, unpacked 16 blocks at a time. The row's last, incomplete group is copied: unpackers
/// read whole groups. A block of zeros has scale and minimum zero, in every type.
template <class Q>
struct Row {
  Bytes data;
  std::int64_t bytes;

  inline __attribute__((always_inline)) void unpack(Unpacked<Q>& out, std::int64_t group) const {
    const Bytes p = data + group * Q::kBytes;
    const std::int64_t left = bytes - group * Q::kBytes;
    if (left >= Q::kBytes) return Q::unpack(out, p);
    alignas(64) std::uint8_t padded[(Q::kBytes + 63) / 64 * 64] = {};
    __builtin_memcpy(padded, p, static_cast<std::size_t>(left));
    Q::unpack(out, padded);
  }
};

/// Asks for the lines of a group. An address beyond the matrix is no error.
template <class Q>
PITH_INLINE void prefetch_group(Bytes p) {
  PITH_UNROLL for (int line = 0; line < (Q::kBytes + 63) / 64; ++line) {
    _mm_prefetch(reinterpret_cast<const char*>(p) + 64 * line, _MM_HINT_T1);
  }
}

template <class Q>
std::int64_t row_bytes(std::int64_t k) {
  return k / 32 * Q::kBytes / 16;
}

/// The constant part of the integer dots: -2^kShift times the sums of x.
template <class Q>
PITH_INLINE __m512i start(__m512i minus_sum) {
  if constexpr (Q::kMins)
    return _mm512_setzero_si512();
  else
    return _mm512_slli_epi32(minus_sum, Q::kShift);
}

/// One block (or half of a block) of 16 elements at once: lanes are blocks of one row, or rows.
PITH_INLINE __m512 add_block(__m512 acc, __m512i dot, __m512 w_scale, __m512 x_scale) {
  return _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), _mm512_mul_ps(w_scale, x_scale), acc);
}
PITH_INLINE __m512 add_min(__m512 acc, __m512i minus_sum, __m512 min, __m512 x_scale) {
  return _mm512_fnmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(minus_sum), x_scale), min, acc);
}

// --- a few tokens -----------------------------------------------------------------------------------

/// Dword d of lane j of part[i] summed over d, to dword 4j + i: block 4j + i in natural order.
PITH_INLINE __m512i reduce_blocks(const __m512i part[4]) {
  const __m512i a =
      _mm512_add_epi32(_mm512_unpacklo_epi32(part[0], part[1]), _mm512_unpackhi_epi32(part[0], part[1]));
  const __m512i b =
      _mm512_add_epi32(_mm512_unpacklo_epi32(part[2], part[3]), _mm512_unpackhi_epi32(part[2], part[3]));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

template <class Q>
PITH_INLINE __m512 dot_group(__m512 acc, const Unpacked<Q>& w, const Q8Blocks& x) {
  const __m512 x_scale = _mm512_loadu_ps(x.scale);
  const __m512i minus_sum = _mm512_loadu_si512(x.minus_sum);
  __m512i part[2][4];
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    const __m512i first_half =
        _mm512_dpbusd_epi32(_mm512_setzero_si512(), w.u[i][0], _mm512_loadu_si512(x.x[i][0]));
    part[0][i] = first_half;
    part[1][i] = _mm512_dpbusd_epi32(Q::kHalves == 1 ? first_half : _mm512_setzero_si512(), w.u[i][1],
                                     _mm512_loadu_si512(x.x[i][1]));
  }
  if constexpr (Q::kHalves == 1) {
    const __m512i dot = _mm512_add_epi32(reduce_blocks(part[1]), start<Q>(minus_sum));
    acc = add_block(acc, dot, w.scale[0], x_scale);
    if constexpr (Q::kMins) acc = add_min(acc, minus_sum, w.min[0], x_scale);
  } else {
    const __m512i minus_first = _mm512_loadu_si512(x.minus_sum_first);
    const __m512i sums[2] = {minus_first, _mm512_sub_epi32(minus_sum, minus_first)};
    PITH_UNROLL for (int h = 0; h < 2; ++h) {
      const __m512i dot = _mm512_add_epi32(reduce_blocks(part[h]), start<Q>(sums[h]));
      acc = add_block(acc, dot, w.scale[h], x_scale);
      if constexpr (Q::kMins) acc = add_min(acc, sums[h], w.min[h], x_scale);
    }
  }
  return acc;
}

/// y of 16 rows from their parts: parts[row][c] summed over c in order.
PITH_INLINE __m512 sum_parts(const float (*parts)[16]) {
  __m512 sum = _mm512_setzero_ps();
  for (int quad = 0; quad < 4; ++quad) {
    __m512i column[4];
    transpose_rows(column, &parts[0][4 * quad], 64);
    for (int c = 0; c < 4; ++c) sum = _mm512_add_ps(sum, _mm512_castsi512_ps(column[c]));
  }
  return sum;
}

template <class Q, int T>
void multiply_rows(float* y, std::int64_t ldy, Bytes w, const Q8Blocks* x, std::int64_t row_begin,
                   std::int64_t row_end, std::int64_t k) {
  const std::int64_t groups = block_groups(k), bytes = row_bytes<Q>(k);
  alignas(64) float parts[T][16][16];
  for (std::int64_t r = row_begin; r < row_end; r += 16) {
    const int rows = row_end - r < 16 ? static_cast<int>(row_end - r) : 16;
    for (int i = 0; i < rows; ++i) {
      const Row<Q> row{w + (r + i) * bytes, bytes};
      __m512 acc[T];
      PITH_UNROLL for (int t = 0; t < T; ++t) acc[t] = _mm512_setzero_ps();
      for (std::int64_t g = 0; g < groups; ++g) {
        Unpacked<Q> u;
        row.unpack(u, g);
        PITH_UNROLL for (int t = 0; t < T; ++t) acc[t] = dot_group<Q>(acc[t], u, x[t * groups + g]);
      }
      PITH_UNROLL for (int t = 0; t < T; ++t) _mm512_store_ps(parts[t][i], acc[t]);
    }
    PITH_UNROLL for (int t = 0; t < T; ++t)
        _mm512_mask_storeu_ps(y + t * ldy + r, first(rows), sum_parts(parts[t]));
  }
}

// --- many tokens ------------------------------------------------------------------------------------

/// What a panel keeps of a type. (Fewer instances than types: the tiles below are most of this file's code.)
template <int Halves, bool Mins>
struct Panel {
  static constexpr int kHalves = Halves, kScales = Mins ? 2 * Halves : Halves;
  static constexpr bool kMins = Mins;

  /// One block of 16 rows: dword d of row r at u[d][4r]; scales, then minima.
  struct Block {
    std::uint8_t u[8][64];
    float scale[kScales][16];
  };
};
template <class Q>
using PanelOf = Panel<Q::kHalves, Q::kMins>;

/// A panel's blocks are ordered by part, then along k: block 16 g + c at c * groups + g. Sixteen rows side by
/// side are more streams than the hardware prefetcher follows, so the next panel's rows are asked for
/// meanwhile (8 tokens of Q4_0 are 1.7 times as fast with it).
template <class Q>
void build_panel(typename PanelOf<Q>::Block* panel, Bytes w, std::int64_t rows, std::int64_t k) {
  const std::int64_t groups = block_groups(k), bytes = row_bytes<Q>(k);
  alignas(64) std::uint8_t u[16][4][2][64];
  alignas(64) float scale[PanelOf<Q>::kScales][16][16];
  for (std::int64_t g = 0; g < groups; ++g) {
    for (std::int64_t r = 0; r < 16; ++r) {
      const Row<Q> row{w + (r < rows ? r : rows - 1) * bytes, bytes};
      prefetch_group<Q>(row.data + g * Q::kBytes + 16 * bytes);
      Unpacked<Q> out;
      row.unpack(out, g);
      PITH_UNROLL for (int i = 0; i < 4; ++i) {
        PITH_UNROLL for (int h = 0; h < 2; ++h) _mm512_store_si512(u[r][i][h], out.u[i][h]);
      }
      PITH_UNROLL for (int h = 0; h < Q::kHalves; ++h) {
        _mm512_store_ps(scale[h][r], out.scale[h]);
        if constexpr (Q::kMins) _mm512_store_ps(scale[Q::kHalves + h][r], out.min[h]);
      }
    }
    __m512i column[4];
    for (int c = 0; c < 16; ++c) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) {
        transpose_rows(column, &u[0][c % 4][h][c / 4 * 16], sizeof u[0]);
        PITH_UNROLL for (int d = 0; d < 4; ++d)
            _mm512_store_si512(panel[c * groups + g].u[4 * h + d], column[d]);
      }
    }
    for (int s = 0; s < PanelOf<Q>::kScales; ++s) {
      for (int quad = 0; quad < 4; ++quad) {
        transpose_rows(column, &scale[s][0][4 * quad], sizeof scale[s][0]);
        for (int c = 0; c < 4; ++c) {
          _mm512_store_si512(panel[(4 * quad + c) * groups + g].scale[s], column[c]);
        }
      }
    }
  }
}

/// V panels by T tokens.
struct Tile {
  float* y;  ///< of the first row and token
  std::int64_t ldy;
  std::int64_t rows;
  const void* panel;
  const Q8Blocks* x;
  std::int64_t k;
  int shift;
};

template <class P, int V, int T>
void multiply_tile(const Tile& tile) {
  using Block = typename P::Block;
  const std::int64_t groups = block_groups(tile.k), blocks = (tile.k + 31) / 32;
  const auto* panel = static_cast<const Block*>(tile.panel);
  const __m128i shift = _mm_cvtsi32_si128(tile.shift);
  alignas(64) float total[V][T][16] = {};
  for (std::int64_t c = 0; c < 16 && c < blocks; ++c) {
    __m512 acc[V][T];
    PITH_UNROLL for (int v = 0; v < V; ++v) {
      PITH_UNROLL for (int t = 0; t < T; ++t) acc[v][t] = _mm512_setzero_ps();
    }
    const Block* w = panel + c * groups;
    const std::int8_t* x[T];
    PITH_UNROLL for (int t = 0; t < T; ++t) x[t] = &tile.x[t * groups].x[c % 4][0][c / 4 * 16];
    const std::ptrdiff_t to_scale = &tile.x[0].scale[4 * c] - x[0];
    for (std::int64_t b = c; b < blocks; b += 16, ++w) {
      constexpr int kDwords = 8 / P::kHalves;
      PITH_UNROLL for (int h = 0; h < P::kHalves; ++h) {
        __m512i dot[V][T], minus_sum[T];
        PITH_UNROLL for (int t = 0; t < T; ++t) {
          const std::int8_t* sums = x[t] + to_scale + sizeof(Q8Blocks::scale);
          minus_sum[t] = _mm512_set1_epi32(load_as<std::int32_t>(sums));
          if constexpr (P::kHalves == 2) {
            const __m512i of_first =
                _mm512_set1_epi32(load_as<std::int32_t>(sums + sizeof(Q8Blocks::minus_sum)));
            minus_sum[t] = h == 0 ? of_first : _mm512_sub_epi32(minus_sum[t], of_first);
          }
          PITH_UNROLL for (int v = 0; v < V; ++v) {
            dot[v][t] = P::kMins ? _mm512_setzero_si512() : _mm512_sll_epi32(minus_sum[t], shift);
          }
        }
        PITH_UNROLL for (int d = h * kDwords; d < (h + 1) * kDwords; ++d) {
          __m512i u[V];
          PITH_UNROLL for (int v = 0; v < V; ++v) u[v] = _mm512_load_si512(w[v * 16 * groups].u[d]);
          PITH_UNROLL for (int t = 0; t < T; ++t) {
            const __m512i four = _mm512_set1_epi32(load_as<std::int32_t>(x[t] + d / 4 * 64 + d % 4 * 4));
            PITH_UNROLL for (int v = 0; v < V; ++v) dot[v][t] = _mm512_dpbusd_epi32(dot[v][t], u[v], four);
          }
        }
        PITH_UNROLL for (int t = 0; t < T; ++t) {
          const __m512 x_scale = _mm512_set1_ps(load_as<float>(x[t] + to_scale));
          PITH_UNROLL for (int v = 0; v < V; ++v) {
            const Block& block = w[v * 16 * groups];
            acc[v][t] = add_block(acc[v][t], dot[v][t], _mm512_load_ps(block.scale[h]), x_scale);
            if constexpr (P::kMins) {
              acc[v][t] =
                  add_min(acc[v][t], minus_sum[t], _mm512_load_ps(block.scale[P::kHalves + h]), x_scale);
            }
          }
        }
      }
      PITH_UNROLL for (int t = 0; t < T; ++t) x[t] += sizeof(Q8Blocks);
    }
    PITH_UNROLL for (int v = 0; v < V; ++v) {
      PITH_UNROLL for (int t = 0; t < T; ++t) {
        _mm512_store_ps(total[v][t], _mm512_add_ps(_mm512_load_ps(total[v][t]), acc[v][t]));
      }
    }
  }
  PITH_UNROLL for (int v = 0; v < V; ++v) {
    PITH_UNROLL for (int t = 0; t < T; ++t) {
      _mm512_mask_storeu_ps(tile.y + t * tile.ldy + 16 * v, first(tile.rows - 16 * v),
                            _mm512_load_ps(total[v][t]));
    }
  }
}

/// One panel by up to 8 tokens or two by up to 6: what fits in 32 registers.
constexpr int kMaxTokens[2] = {8, 6};

template <class P>
void multiply_tile(const Tile& tile, int panels, int tokens) {
  using Multiply = void (*)(const Tile&);
  static constexpr Multiply kOne[8] = {multiply_tile<P, 1, 1>, multiply_tile<P, 1, 2>, multiply_tile<P, 1, 3>,
                                       multiply_tile<P, 1, 4>, multiply_tile<P, 1, 5>, multiply_tile<P, 1, 6>,
                                       multiply_tile<P, 1, 7>, multiply_tile<P, 1, 8>};
  static constexpr Multiply kTwo[6] = {multiply_tile<P, 2, 1>, multiply_tile<P, 2, 2>,
                                       multiply_tile<P, 2, 3>, multiply_tile<P, 2, 4>,
                                       multiply_tile<P, 2, 5>, multiply_tile<P, 2, 6>};
  (panels == 1 ? kOne : kTwo)[tokens - 1](tile);
}

template <class Q>
void multiply_panels(float* y, std::int64_t ldy, Bytes w, const Q8Blocks* x, std::int64_t row_begin,
                     std::int64_t row_end, std::int64_t k, std::int64_t tokens, void* scratch) {
  using P = PanelOf<Q>;
  const std::int64_t groups = block_groups(k);
  auto* panel = static_cast<typename P::Block*>(align64(scratch));
  for (std::int64_t r = row_begin; r < row_end; r += 32) {
    const std::int64_t rows = row_end - r < 32 ? row_end - r : 32;
    const int panels = rows > 16 ? 2 : 1;
    for (int v = 0; v < panels; ++v) {
      build_panel<Q>(panel + v * 16 * groups, w + (r + 16 * v) * row_bytes<Q>(k), rows - 16 * v, k);
    }
    // Tiles of equal width: eight tokens are 4 + 4, not 6 + 2.
    const std::int64_t tiles = (tokens + kMaxTokens[panels - 1] - 1) / kMaxTokens[panels - 1];
    for (std::int64_t i = 0, t = 0; i < tiles; ++i) {
      const auto width = static_cast<int>((tokens - t + tiles - i - 1) / (tiles - i));
      multiply_tile<P>({y + t * ldy + r, ldy, rows, panel, x + t * groups, k, Q::kShift}, panels, width);
      t += width;
    }
  }
}

template <class Q>
std::size_t scratch_bytes(std::int64_t k) {
  return static_cast<std::size_t>(2 * 16 * block_groups(k)) * sizeof(typename PanelOf<Q>::Block) + 64;
}

// --- the table --------------------------------------------------------------------------------------

template <class Q>
void multiply(float* y, std::int64_t ldy, const void* w, const void* x, std::int64_t row_begin,
              std::int64_t row_end, std::int64_t k, std::int64_t tokens, void* scratch) {
  const auto rows = static_cast<Bytes>(w);
  const auto* inputs = static_cast<const Q8Blocks*>(x);
  switch (tokens) {
    case 0: return;
    case 1: return multiply_rows<Q, 1>(y, ldy, rows, inputs, row_begin, row_end, k);
    case 2: return multiply_rows<Q, 2>(y, ldy, rows, inputs, row_begin, row_end, k);
    case 3: return multiply_rows<Q, 3>(y, ldy, rows, inputs, row_begin, row_end, k);
    case 4: return multiply_rows<Q, 4>(y, ldy, rows, inputs, row_begin, row_end, k);
    default: return multiply_panels<Q>(y, ldy, rows, inputs, row_begin, row_end, k, tokens, scratch);
  }
}

/// x = scale * q + min, each operation rounded, as the scalar level does.
template <class Q>
void decode(float* y, const void* x, std::int64_t n) {
  const auto bytes = row_bytes<Q>(n);
  const Row<Q> row{static_cast<Bytes>(x), bytes};
  for (std::int64_t g = 0; 512 * g < n; ++g) {
    Unpacked<Q> u;
    row.unpack(u, g);
    alignas(64) std::uint8_t q[4][2][4][16];
    alignas(64) float scale[PanelOf<Q>::kScales][16];
    PITH_UNROLL for (int i = 0; i < 4; ++i) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) _mm512_store_si512(q[i][h], u.u[i][h]);
    }
    PITH_UNROLL for (int h = 0; h < Q::kHalves; ++h) {
      _mm512_store_ps(scale[h], u.scale[h]);
      if constexpr (Q::kMins) _mm512_store_ps(scale[Q::kHalves + h], u.min[h]);
    }
    for (int b = 0; b < 16 && 512 * g + 32 * b < n; ++b) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) {
        const int s = h % Q::kHalves;
        const __m512i raw =
            _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(q[b % 4][h][b / 4])));
        const __m512i value = Q::kMins ? raw : _mm512_sub_epi32(raw, _mm512_set1_epi32(1 << (Q::kShift & 7)));
        __m512 out = _mm512_mul_ps(_mm512_set1_ps(scale[s][b]), _mm512_cvtepi32_ps(value));
        if constexpr (Q::kMins) out = _mm512_add_ps(out, _mm512_set1_ps(scale[Q::kHalves + s][b]));
        _mm512_storeu_ps(y + 512 * g + 32 * b + 16 * h, out);
      }
    }
  }
}

template <class Q>
void fill(Kernels& kernels) {
  entry<Matmul>(kernels.matmul, Q::kType) = {InputKind::Q8, multiply<Q>, scratch_bytes<Q>};
  using Decode = void (*)(float*, const void*, std::int64_t);
  entry<Decode>(kernels.decode, Q::kType) = decode<Q>;
}

}  // namespace

void fill_avx512_quant(Kernels& kernels) {
  entry<Input>(kernels.input, InputKind::Q8) = {q8_bytes, prepare_q8};
  fill<UnpackQ8_0>(kernels);
  fill<UnpackQ4_0>(kernels);
  fill<UnpackQ4_1>(kernels);
  fill<UnpackQ5_0>(kernels);
  fill<UnpackQ5_1>(kernels);
  fill<UnpackIQ4_NL>(kernels);
  fill<UnpackMXFP4>(kernels);
  fill<UnpackQ2_K>(kernels);
  fill<UnpackQ3_K>(kernels);
  fill<UnpackQ4_K>(kernels);
  fill<UnpackQ5_K>(kernels);
  fill<UnpackQ6_K>(kernels);
  fill<UnpackIQ4_XS>(kernels);
}

}  // namespace pith
