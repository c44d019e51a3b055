// y = W x of the quantised types at the AVX2 level: the scheme of avx512_quant.h with 8 rows a vector,
// eight parts a sum (blocks b, b + 8, ...) and products by VPMADDUBSW.
//
// VPMADDUBSW adds two products of an unsigned and a signed byte in 16 bits. Narrow weights are unsigned with
// an offset taken from the sums of x, and leave room to add up to eight such pairs in 16 bits before they are
// widened: 2 * 8 * 15 * 127 = 30480. Weights of eight bits are signed: |w| times x with w's sign.
#include <cfloat>

#include "kernels/avx2.h"
#include "kernels/avx2_unpack.h"

namespace pith {
namespace {

PITH_INLINE std::int64_t block_groups(std::int64_t k) { return (k + 255) / 256; }

// --- activations ----------------------------------------------------------------------------------

/// 8 blocks of one token, at any alignment, ordered like Unpacked::q. Missing blocks at a row's end are zero.
struct Q8Blocks {
  std::int8_t x[4][2][32];
  std::int8_t scale[32];            ///< float[8]
  std::int8_t minus_sum[32];        ///< int32[8], of a block's x
  std::int8_t minus_sum_first[32];  ///< int32[8], of its first half
};
static_assert(sizeof(Q8Blocks) == 352 && alignof(Q8Blocks) == 1);

std::size_t q8_bytes(std::int64_t k) {
  return (static_cast<std::size_t>(block_groups(k)) * sizeof(Q8Blocks) + 63) / 64 * 64;
}

PITH_INLINE int sum(__m256i dwords) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(dwords), _mm256_extracti128_si256(dwords, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

PITH_INLINE unsigned largest(__m256i dwords) {
  __m128i s = _mm_max_epu32(_mm256_castsi256_si128(dwords), _mm256_extracti128_si256(dwords, 1));
  s = _mm_max_epu32(s, _mm_shuffle_epi32(s, 0x4e));
  return static_cast<unsigned>(_mm_cvtsi128_si32(_mm_max_epu32(s, _mm_shuffle_epi32(s, 0xb1))));
}

/// scale = max|x| / 127, q = x / scale to nearest even. A scale that would be subnormal is zero; with NaN or
/// infinity in the block it is NaN (bit patterns of magnitudes compare as the magnitudes do).
void quantise_block(Q8Blocks& out, int block, const float* x) {
  __m256i top = _mm256_setzero_si256();
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    const __m256i bits = _mm256_castps_si256(_mm256_loadu_ps(x + 8 * i));
    top = _mm256_max_epu32(top, _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff)));
  }
  const unsigned bits = largest(top);
  float scale = load_as<float>(&bits) / 127.0f;
  if (bits >= 0x7f800000u) scale = __builtin_nanf("");
  if (scale < FLT_MIN) scale = 0.0f;
  __m256i q[4];
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    const __m256 ratio = _mm256_div_ps(_mm256_loadu_ps(x + 8 * i), _mm256_set1_ps(scale));
    q[i] = scale > 0.0f ? _mm256_cvtps_epi32(ratio) : _mm256_setzero_si256();
  }
  PITH_UNROLL for (int h = 0; h < 2; ++h) {
    // Packing works within lanes: dwords 0 2 1 3 of four.
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(q[2 * h], q[2 * h + 1]), 0xd8);
    const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(&out.x[block % 4][h][block / 4 * 16]), bytes);
  }
  const int first_half = sum(_mm256_add_epi32(q[0], q[1]));
  store_as(&out.scale[4 * block], scale);
  store_as(&out.minus_sum[4 * block], -first_half - sum(_mm256_add_epi32(q[2], q[3])));
  store_as(&out.minus_sum_first[4 * block], -first_half);
}

void prepare_q8(void* out, const float* x, std::int64_t k) {
  auto* groups = static_cast<Q8Blocks*>(out);
  __builtin_memset(out, 0, q8_bytes(k));
  for (std::int64_t b = 0; b < k / 32; ++b)
    quantise_block(groups[b / 8], static_cast<int>(b % 8), x + 32 * b);
}

// --- weights --------------------------------------------------------------------------------------

/// One row of a matrix, unpacked 8 blocks at a time. The row's last, incomplete group is copied: unpackers
/// read whole groups. A block of zeros has scale and minimum zero, in every type.
template <class Q>
struct Row {
  Bytes data;
  std::int64_t bytes;

  inline __attribute__((always_inline)) void unpack(Unpacked<Q>& out, std::int64_t group) const {
    const Bytes p = data + group * Q::kBytes;
    const std::int64_t left = bytes - group * Q::kBytes;
    if (left >= Q::kBytes) return Q::unpack(out, p);
    std::uint8_t padded[Q::kBytes] = {};
    __builtin_memcpy(padded, p, static_cast<std::size_t>(left));
    Q::unpack(out, padded);
  }
};

template <class Q>
std::int64_t row_bytes(std::int64_t k) {
  return k / 32 * Q::kBytes / 8;
}

/// How many results of VPMADDUBSW can be added in 16 bits; 0 for signed weights, of which not even two can.
template <class Q>
constexpr int room() {
  return Q::kMax == 0 ? 0 : 32767 / (2 * 127 * Q::kMax);
}

PITH_INLINE __m256i widen(__m256i words) { return _mm256_madd_epi16(words, _mm256_set1_epi16(1)); }
PITH_INLINE __m256i signed_products(__m256i w, __m256i x) {
  return widen(_mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w)));
}

/// One block (or half of a block) of 8 elements at once: lanes are blocks of one row, or rows.
PITH_INLINE __m256 add_block(__m256 acc, __m256i dot, __m256 w_scale, __m256 x_scale) {
  return _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), _mm256_mul_ps(w_scale, x_scale), acc);
}
PITH_INLINE __m256 add_min(__m256 acc, __m256i minus_sum, __m256 min, __m256 x_scale) {
  return _mm256_fnmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(minus_sum), x_scale), min, acc);
}

PITH_INLINE __m256i load_ints(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }

/// Within every 128-bit lane, out[d] = {a[0][d], a[1][d], a[2][d], a[3][d]}.
PITH_INLINE void transpose_lanes(__m256i out[4], const __m256i a[4]) {
  const __m256i lo01 = _mm256_unpacklo_epi32(a[0], a[1]), hi01 = _mm256_unpackhi_epi32(a[0], a[1]);
  const __m256i lo23 = _mm256_unpacklo_epi32(a[2], a[3]), hi23 = _mm256_unpackhi_epi32(a[2], a[3]);
  out[0] = _mm256_unpacklo_epi64(lo01, lo23);
  out[1] = _mm256_unpackhi_epi64(lo01, lo23);
  out[2] = _mm256_unpacklo_epi64(hi01, hi23);
  out[3] = _mm256_unpackhi_epi64(hi01, hi23);
}

/// 8 rows of four dwords, `stride` bytes apart, to four vectors with one row a lane.
PITH_INLINE void transpose_rows(__m256i out[4], const void* rows, std::ptrdiff_t stride) {
  const char* p = static_cast<const char*>(rows);
  const __m256i a[4] = {load_pair(p, p + 4 * stride), load_pair(p + stride, p + 5 * stride),
                        load_pair(p + 2 * stride, p + 6 * stride), load_pair(p + 3 * stride, p + 7 * stride)};
  transpose_lanes(out, a);
}

// --- a few tokens -----------------------------------------------------------------------------------

/// Dword d of lane j of part[i] summed over d, to dword 4j + i: block 4j + i in natural order.
PITH_INLINE __m256i reduce_blocks(const __m256i part[4]) {
  const __m256i a =
      _mm256_add_epi32(_mm256_unpacklo_epi32(part[0], part[1]), _mm256_unpackhi_epi32(part[0], part[1]));
  const __m256i b =
      _mm256_add_epi32(_mm256_unpacklo_epi32(part[2], part[3]), _mm256_unpackhi_epi32(part[2], part[3]));
  return _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
}
/// The same, of pairs of 16-bit sums; their sums still fit.
PITH_INLINE __m256i reduce_words(const __m256i part[4]) {
  const __m256i a =
      _mm256_add_epi16(_mm256_unpacklo_epi32(part[0], part[1]), _mm256_unpackhi_epi32(part[0], part[1]));
  const __m256i b =
      _mm256_add_epi16(_mm256_unpacklo_epi32(part[2], part[3]), _mm256_unpackhi_epi32(part[2], part[3]));
  return widen(_mm256_add_epi16(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b)));
}

/// The dots of 8 blocks, or of their half h, without the offset.
template <class Q>
PITH_INLINE __m256i dot_blocks(const Unpacked<Q>& w, const Q8Blocks& x, int h) {
  __m256i part[4];
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    const __m256i x0 = load_ints(x.x[i][0]), x1 = load_ints(x.x[i][1]);
    if constexpr (Q::kMax == 0) {
      part[i] = _mm256_add_epi32(signed_products(w.q[i][0], x0), signed_products(w.q[i][1], x1));
    } else if constexpr (Q::kHalves == 2) {
      part[i] = _mm256_maddubs_epi16(w.q[i][h], h == 0 ? x0 : x1);
    } else {
      part[i] = _mm256_add_epi16(_mm256_maddubs_epi16(w.q[i][0], x0), _mm256_maddubs_epi16(w.q[i][1], x1));
    }
    if constexpr (Q::kMax != 0 && room<Q>() < 8 / Q::kHalves) part[i] = widen(part[i]);
  }
  if constexpr (room<Q>() >= 8 / Q::kHalves)
    return reduce_words(part);
  else
    return reduce_blocks(part);
}

template <class Q>
PITH_INLINE __m256 dot_group(__m256 acc, const Unpacked<Q>& w, const Q8Blocks& x) {
  const __m256 x_scale = _mm256_loadu_ps(reinterpret_cast<const float*>(x.scale));
  const __m256i whole = load_ints(x.minus_sum), half = load_ints(x.minus_sum_first);
  PITH_UNROLL for (int h = 0; h < Q::kHalves; ++h) {
    const __m256i minus_sum = Q::kHalves == 1 ? whole : h == 0 ? half : _mm256_sub_epi32(whole, half);
    __m256i dot = dot_blocks<Q>(w, x, h);
    if constexpr (Q::kShift >= 0) dot = _mm256_add_epi32(dot, _mm256_slli_epi32(minus_sum, Q::kShift));
    acc = add_block(acc, dot, w.scale[h], x_scale);
    if constexpr (Q::kMins) acc = add_min(acc, minus_sum, w.min[h], x_scale);
  }
  return acc;
}

/// y of 8 rows from their parts: parts[row][c] summed over c in order.
PITH_INLINE __m256 sum_parts(const float (*parts)[8]) {
  __m256 total = _mm256_setzero_ps();
  PITH_UNROLL for (int quad = 0; quad < 2; ++quad) {
    __m256i column[4];
    transpose_rows(column, &parts[0][4 * quad], sizeof parts[0]);
    PITH_UNROLL for (int c = 0; c < 4; ++c) total = _mm256_add_ps(total, _mm256_castsi256_ps(column[c]));
  }
  return total;
}

PITH_INLINE void store_rows(float* y, __m256 values, std::int64_t rows) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i some = _mm256_cmpgt_epi32(_mm256_set1_epi32(rows < 8 ? static_cast<int>(rows) : 8), lane);
  _mm256_maskstore_ps(y, some, values);
}

/// Prepared tokens: Q8Blocks of k, padded to whole lines.
struct Tokens {
  const char* data;
  std::int64_t bytes;
  const Q8Blocks* operator[](std::int64_t t) const {
    return reinterpret_cast<const Q8Blocks*>(data + t * bytes);
  }
};

template <class Q, int T>
void multiply_rows(float* y, std::int64_t ldy, Bytes w, Tokens x, std::int64_t row_begin,
                   std::int64_t row_end, std::int64_t k) {
  const std::int64_t groups = block_groups(k), bytes = row_bytes<Q>(k);
  float parts[T][8][8];
  for (std::int64_t r = row_begin; r < row_end; r += 8) {
    const int rows = row_end - r < 8 ? static_cast<int>(row_end - r) : 8;
    for (int i = 0; i < rows; ++i) {
      const Row<Q> row{w + (r + i) * bytes, bytes};
      __m256 acc[T];
      PITH_UNROLL for (int t = 0; t < T; ++t) acc[t] = _mm256_setzero_ps();
      for (std::int64_t g = 0; g < groups; ++g) {
        Unpacked<Q> u;
        row.unpack(u, g);
        PITH_UNROLL for (int t = 0; t < T; ++t) acc[t] = dot_group<Q>(acc[t], u, x[t][g]);
      }
      PITH_UNROLL for (int t = 0; t < T; ++t) _mm256_storeu_ps(parts[t][i], acc[t]);
    }
    PITH_UNROLL for (int t = 0; t < T; ++t) store_rows(y + t * ldy + r, sum_parts(parts[t]), rows);
  }
}

// --- many tokens ------------------------------------------------------------------------------------

/// What a panel keeps of a type. Room: results of VPMADDUBSW added in 16 bits, at most those of a (half)
/// block.
template <int Halves, bool Mins, int Room>
struct Panel {
  static constexpr int kHalves = Halves, kScales = Mins ? 2 * Halves : Halves;
  static constexpr int kDwords = 8 / Halves, kRoom = Room < kDwords ? Room : kDwords;
  static constexpr bool kMins = Mins;

  /// One block of 8 rows: dword d of row r at q[d][4r]; scales, then minima.
  struct Block {
    std::uint8_t q[8][32];
    float scale[kScales][8];
  };
};
constexpr int power_of_two(int n) { return n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : n; }
template <class Q>
using PanelOf =
    Panel<Q::kHalves, Q::kMins, power_of_two(room<Q>() < 8 / Q::kHalves ? room<Q>() : 8 / Q::kHalves)>;

/// A panel's blocks are ordered by part, then along k: block 8 g + c at c * groups + g.
template <class Q>
void build_panel(typename PanelOf<Q>::Block* panel, Bytes w, std::int64_t rows, std::int64_t k) {
  const std::int64_t groups = block_groups(k), bytes = row_bytes<Q>(k);
  alignas(32) std::uint8_t q[8][4][2][32];
  alignas(32) float scale[PanelOf<Q>::kScales][8][8];
  for (std::int64_t g = 0; g < groups; ++g) {
    for (std::int64_t r = 0; r < 8; ++r) {
      const Row<Q> row{w + (r < rows ? r : rows - 1) * bytes, bytes};
      Unpacked<Q> out;
      row.unpack(out, g);
      PITH_UNROLL for (int i = 0; i < 4; ++i) {
        PITH_UNROLL for (int h = 0; h < 2; ++h) {
          _mm256_store_si256(reinterpret_cast<__m256i*>(q[r][i][h]), out.q[i][h]);
        }
      }
      PITH_UNROLL for (int h = 0; h < Q::kHalves; ++h) {
        _mm256_store_ps(scale[h][r], out.scale[h]);
        if constexpr (Q::kMins) _mm256_store_ps(scale[Q::kHalves + h][r], out.min[h]);
      }
    }
    __m256i column[4];
    for (int c = 0; c < 8; ++c) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) {
        transpose_rows(column, &q[0][c % 4][h][c / 4 * 16], sizeof q[0]);
        PITH_UNROLL for (int d = 0; d < 4; ++d) {
          _mm256_store_si256(reinterpret_cast<__m256i*>(panel[c * groups + g].q[4 * h + d]), column[d]);
        }
      }
    }
    for (int s = 0; s < PanelOf<Q>::kScales; ++s) {
      PITH_UNROLL for (int quad = 0; quad < 2; ++quad) {
        transpose_rows(column, &scale[s][0][4 * quad], sizeof scale[s][0]);
        PITH_UNROLL for (int c = 0; c < 4; ++c) {
          _mm256_store_ps(panel[(4 * quad + c) * groups + g].scale[s], _mm256_castsi256_ps(column[c]));
        }
      }
    }
  }
}

/// A panel by T tokens.
struct Tile {
  float* y;  ///< of the first row and token
  std::int64_t ldy;
  std::int64_t rows;
  const void* panel;
  Tokens x;
  std::int64_t k;
  int shift;
};

/// dot[t] += w . x[t] over the dwords [from, from + kDwords) of a block.
template <class P, int T>
PITH_INLINE void add_dots(__m256i dot[T], const typename P::Block& w, const std::int8_t* const x[T],
                          int from) {
  const auto at = [&](int t, int d) {
    return _mm256_set1_epi32(load_as<std::int32_t>(x[t] + d / 4 * 32 + d % 4 * 4));
  };
  const auto weights = [&](int d) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(w.q[d])); };
  if constexpr (P::kRoom == 0) {
    PITH_UNROLL for (int d = from; d < from + P::kDwords; ++d) {
      const __m256i q = weights(d), magnitude = _mm256_abs_epi8(q);
      PITH_UNROLL for (int t = 0; t < T; ++t) {
        const __m256i words = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(at(t, d), q));
        dot[t] = _mm256_add_epi32(dot[t], widen(words));
      }
    }
  } else {
    PITH_UNROLL for (int run = from; run < from + P::kDwords; run += P::kRoom) {
      __m256i words[T];
      PITH_UNROLL for (int t = 0; t < T; ++t) words[t] = _mm256_maddubs_epi16(weights(run), at(t, run));
      PITH_UNROLL for (int d = run + 1; d < run + P::kRoom; ++d) {
        const __m256i q = weights(d);
        PITH_UNROLL for (int t = 0; t < T; ++t) {
          words[t] = _mm256_add_epi16(words[t], _mm256_maddubs_epi16(q, at(t, d)));
        }
      }
      PITH_UNROLL for (int t = 0; t < T; ++t) dot[t] = _mm256_add_epi32(dot[t], widen(words[t]));
    }
  }
}

template <class P, int T>
void multiply_tile(const Tile& tile) {
  using Block = typename P::Block;
  const std::int64_t groups = block_groups(tile.k), blocks = tile.k / 32;
  const __m128i shift = _mm_cvtsi32_si128(tile.shift);
  __m256 total[T];
  PITH_UNROLL for (int t = 0; t < T; ++t) total[t] = _mm256_setzero_ps();
  for (std::int64_t c = 0; c < 8 && c < blocks; ++c) {
    __m256 acc[T];
    PITH_UNROLL for (int t = 0; t < T; ++t) acc[t] = _mm256_setzero_ps();
    const Block* w = static_cast<const Block*>(tile.panel) + c * groups;
    const std::int8_t* x[T];
    PITH_UNROLL for (int t = 0; t < T; ++t) x[t] = &tile.x[t]->x[c % 4][0][c / 4 * 16];
    const std::ptrdiff_t to_scale = &tile.x[0]->scale[4 * c] - x[0];
    for (std::int64_t b = c; b < blocks; b += 8, ++w) {
      PITH_UNROLL for (int h = 0; h < P::kHalves; ++h) {
        __m256i dot[T], minus_sum[T];
        PITH_UNROLL for (int t = 0; t < T; ++t) {
          const std::int8_t* sums = x[t] + to_scale + sizeof(Q8Blocks::scale);
          minus_sum[t] = _mm256_set1_epi32(load_as<std::int32_t>(sums));
          if constexpr (P::kHalves == 2) {
            const __m256i half = _mm256_set1_epi32(load_as<std::int32_t>(sums + sizeof(Q8Blocks::minus_sum)));
            minus_sum[t] = h == 0 ? half : _mm256_sub_epi32(minus_sum[t], half);
          }
          // Signed types have no offset, those with minima another one.
          dot[t] = P::kMins || P::kRoom == 0 ? _mm256_setzero_si256() : _mm256_sll_epi32(minus_sum[t], shift);
        }
        add_dots<P, T>(dot, *w, x, h * P::kDwords);
        PITH_UNROLL for (int t = 0; t < T; ++t) {
          const __m256 x_scale = _mm256_set1_ps(load_as<float>(x[t] + to_scale));
          acc[t] = add_block(acc[t], dot[t], _mm256_load_ps(w->scale[h]), x_scale);
          if constexpr (P::kMins) {
            acc[t] = add_min(acc[t], minus_sum[t], _mm256_load_ps(w->scale[P::kHalves + h]), x_scale);
          }
        }
      }
      PITH_UNROLL for (int t = 0; t < T; ++t) x[t] += sizeof(Q8Blocks);
    }
    PITH_UNROLL for (int t = 0; t < T; ++t) total[t] = _mm256_add_ps(total[t], acc[t]);
  }
  PITH_UNROLL for (int t = 0; t < T; ++t) store_rows(tile.y + t * tile.ldy, total[t], tile.rows);
}

constexpr int kMaxTokens = 6;  // what fits in 16 registers

template <class Q>
void multiply_panels(float* y, std::int64_t ldy, Bytes w, Tokens x, std::int64_t row_begin,
                     std::int64_t row_end, std::int64_t k, std::int64_t tokens, void* scratch) {
  using P = PanelOf<Q>;
  using Multiply = void (*)(const Tile&);
  static constexpr Multiply kMultiply[kMaxTokens] = {multiply_tile<P, 1>, multiply_tile<P, 2>,
                                                     multiply_tile<P, 3>, multiply_tile<P, 4>,
                                                     multiply_tile<P, 5>, multiply_tile<P, 6>};
  auto* panel = static_cast<typename P::Block*>(align64(scratch));
  const std::int64_t tiles = (tokens + kMaxTokens - 1) / kMaxTokens;
  for (std::int64_t r = row_begin; r < row_end; r += 8) {
    const std::int64_t rows = row_end - r < 8 ? row_end - r : 8;
    build_panel<Q>(panel, w + r * row_bytes<Q>(k), rows, k);
    // Tiles of equal width: eight tokens are 4 + 4, not 6 + 2.
    for (std::int64_t i = 0, t = 0; i < tiles; ++i) {
      const std::int64_t width = (tokens - t + tiles - i - 1) / (tiles - i);
      const Tokens from{x.data + t * x.bytes, x.bytes};
      kMultiply[width - 1]({y + t * ldy + r, ldy, rows, panel, from, k, Q::kShift});
      t += width;
    }
  }
}

template <class Q>
std::size_t scratch_bytes(std::int64_t k) {
  return static_cast<std::size_t>(8 * block_groups(k)) * sizeof(typename PanelOf<Q>::Block) + 64;
}

// --- the table --------------------------------------------------------------------------------------

template <class Q>
void multiply(float* y, std::int64_t ldy, const void* w, const void* x, std::int64_t row_begin,
              std::int64_t row_end, std::int64_t k, std::int64_t tokens, void* scratch) {
  const auto rows = static_cast<Bytes>(w);
  const Tokens inputs{static_cast<const char*>(x), static_cast<std::int64_t>(q8_bytes(k))};
  switch (tokens) {
    case 0: return;
    case 1: return multiply_rows<Q, 1>(y, ldy, rows, inputs, row_begin, row_end, k);
    case 2: return multiply_rows<Q, 2>(y, ldy, rows, inputs, row_begin, row_end, k);
    case 3: return multiply_rows<Q, 3>(y, ldy, rows, inputs, row_begin, row_end, k);
    default: return multiply_panels<Q>(y, ldy, rows, inputs, row_begin, row_end, k, tokens, scratch);
  }
}

template <class Q>
void decode(float* y, const void* x, std::int64_t n) {
  const Row<Q> row{static_cast<Bytes>(x), row_bytes<Q>(n)};
  for (std::int64_t g = 0; 256 * g < n; ++g) {
    Unpacked<Q> u;
    row.unpack(u, g);
    std::uint8_t q[4][2][2][16];
    float scale[PanelOf<Q>::kScales][8];
    PITH_UNROLL for (int i = 0; i < 4; ++i) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(q[i][h]), u.q[i][h]);
      }
    }
    PITH_UNROLL for (int h = 0; h < Q::kHalves; ++h) {
      _mm256_storeu_ps(scale[h], u.scale[h]);
      if constexpr (Q::kMins) _mm256_storeu_ps(scale[Q::kHalves + h], u.min[h]);
    }
    for (int b = 0; b < 8 && 256 * g + 32 * b < n; ++b) {
      for (int part = 0; part < 4; ++part) {
        const int s = part / 2 % Q::kHalves;
        const __m128i bytes =
            _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&q[b % 4][part / 2][b / 4][part % 2 * 8]));
        __m256i value = Q::kMax == 0 ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
        if constexpr (Q::kShift >= 0) value = _mm256_sub_epi32(value, _mm256_set1_epi32(1 << Q::kShift));
        __m256 out = _mm256_mul_ps(_mm256_set1_ps(scale[s][b]), _mm256_cvtepi32_ps(value));
        if constexpr (Q::kMins) out = _mm256_add_ps(out, _mm256_set1_ps(scale[Q::kHalves + s][b]));
        _mm256_storeu_ps(y + 256 * g + 32 * b + 8 * part, out);
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

void fill_avx2_quant(Kernels& kernels) {
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
