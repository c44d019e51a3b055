// Up to four tokens by one row after the other, straight from the file's layout (see avx512_quant.h).
#pragma once

#include "kernels/avx512_q8.h"
#include "kernels/avx512_unpack.h"

namespace pith {
namespace {

/// 16 blocks of 32 elements.
template <class Q>
struct Unpacked {
  __m512i u[4][2];
  __m512 scale[Q::kHalves];
  __m512 min[Q::kHalves];  // only where Q::kMins
};

template <class Q>
std::int64_t row_bytes(std::int64_t k) {
  return k / 32 * Q::kBytes / 16;
}

template <class Q>
PITH_INLINE auto row_source(Bytes p) {
  if constexpr (Q::kSuper)
    return RowRuns<Q::kBytes / 2>{p};
  else
    return RowBlocks<Q::kBytes / 16>{p};
}

template <class Q>
PITH_INLINE void unpack_scales(__m512 scale[Q::kHalves], __m512 min[Q::kHalves], Bytes p) {
  if constexpr (Q::kSuper)
    Q::scales(scale, min, p);
  else
    Q::scales(scale, min, row_source<Q>(p));
}

template <class Q>
PITH_INLINE void unpack(Unpacked<Q>& out, Bytes p) {
  Q::bytes(out.u, row_source<Q>(p));
  unpack_scales<Q>(out.scale, out.min, p);
}

/// One row of a matrix, unpacked 16 blocks at a time. The row's last, incomplete group is copied: unpackers
/// read whole groups. A block of zeros has scale and minimum zero, in every type.
template <class Q>
struct Row {
  Bytes data;
  std::int64_t bytes;

  PITH_METHOD void unpack(Unpacked<Q>& out, std::int64_t group) const {
    const Bytes p = data + group * Q::kBytes;
    const std::int64_t left = bytes - group * Q::kBytes;
    if (left >= Q::kBytes) return pith::unpack(out, p);
    alignas(64) std::uint8_t padded[(Q::kBytes + 63) / 64 * 64] = {};
    __builtin_memcpy(padded, p, static_cast<std::size_t>(left));
    pith::unpack(out, padded);
  }
};

/// acc += 16 blocks of a row by 16 blocks of a token.
template <class Q>
PITH_INLINE __m512 dot_group(__m512 acc, const Unpacked<Q>& w, const Q8Blocks& x) {
  __m512i part[Q::kHalves][4];
  PITH_UNROLL for (int i = 0; i < 4; ++i) {
    const __m512i first_half =
        _mm512_dpbusd_epi32(_mm512_setzero_si512(), w.u[i][0], _mm512_loadu_si512(x.x[i][0]));
    part[0][i] = first_half;
    part[Q::kHalves - 1][i] = _mm512_dpbusd_epi32(Q::kHalves == 1 ? first_half : _mm512_setzero_si512(),
                                                  w.u[i][1], _mm512_loadu_si512(x.x[i][1]));
  }
  __m512 term = _mm512_setzero_ps();
  PITH_UNROLL for (int h = 0; h < Q::kHalves; ++h) {
    const __m512i sum = _mm512_loadu_si512(x.sum[Q::kHalves == 1 ? 0 : 1 + h]);
    __m512i dot = reduce_blocks(part[h]);
    if constexpr (!Q::kMins) dot = _mm512_add_epi32(dot, sum);
    term = add_dot(term, h == 0, dot, w.scale[h]);
    if constexpr (Q::kMins) term = add_min(term, sum, scaled_min(w.min[h]));
  }
  return _mm512_fmadd_ps(term, _mm512_loadu_ps(x.scale), acc);
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

/// How far ahead of one linear stream the second-level cache is asked for it, in bytes. With the hardware's
/// prefetcher alone a token of a 1B model takes 5 (Q4_0) to 10 % (Q4_K) longer on Zen 4; 4 KiB gain less,
/// 10 KiB lose.
constexpr std::int64_t kAhead = 6 << 10;

/// T tokens. Of one or two, whole rows; of more, as much at a time as stays in the first-level cache while 16
/// rows pass by.
template <class Q, int T>
void multiply_rows(float* y, std::int64_t ldy, Bytes w, const Q8Blocks* x, std::int64_t row_begin,
                   std::int64_t row_end, std::int64_t k) {
  const std::int64_t groups = block_groups(k), bytes = row_bytes<Q>(k), x_groups = token_groups(k);
  constexpr bool kOneStream = T <= 2;
  const std::int64_t step = kOneStream ? groups : 16 / T;
  alignas(64) float parts[T][16][16];
  for (std::int64_t r = row_begin; r < row_end; r += 16) {
    const int rows = row_end - r < 16 ? static_cast<int>(row_end - r) : 16;
    for (std::int64_t begin = 0; begin < groups; begin += step) {
      const std::int64_t end = begin + step < groups ? begin + step : groups;
      const __mmask16 added = begin == 0 ? 0 : 0xffff;
      for (int i = 0; i < rows; ++i) {
        const Row<Q> row{w + (r + i) * bytes, bytes};
        __m512 acc[T];
        PITH_UNROLL for (int t = 0; t < T; ++t) acc[t] = _mm512_maskz_load_ps(added, parts[t][i]);
        for (std::int64_t g = begin; g < end; ++g) {
          if constexpr (kOneStream) {
            PITH_UNROLL for (int line = 0; line < Q::kBytes; line += 64) {
              _mm_prefetch(row.data + g * Q::kBytes + kAhead + line, _MM_HINT_T1);
            }
          }
          Unpacked<Q> u;
          row.unpack(u, g);
          PITH_UNROLL for (int t = 0; t < T; ++t) acc[t] = dot_group<Q>(acc[t], u, x[t * x_groups + g]);
        }
        PITH_UNROLL for (int t = 0; t < T; ++t) _mm512_store_ps(parts[t][i], acc[t]);
      }
    }
    PITH_UNROLL for (int t = 0; t < T; ++t)
        _mm512_mask_storeu_ps(y + t * ldy + r, first(rows), sum_parts(parts[t]));
  }
}

/// x = scale * q + min, each operation rounded, as the scalar level does.
template <class Q>
void decode(float* y, const void* x, std::int64_t n) {
  const Row<Q> row{static_cast<Bytes>(x), row_bytes<Q>(n)};
  for (std::int64_t g = 0; 512 * g < n; ++g) {
    Unpacked<Q> u;
    row.unpack(u, g);
    alignas(64) std::uint8_t q[4][2][4][16];
    alignas(64) float scale[Q::kHalves][16], min[Q::kHalves][16];
    PITH_UNROLL for (int i = 0; i < 4; ++i) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) _mm512_store_si512(q[i][h], u.u[i][h]);
    }
    PITH_UNROLL for (int h = 0; h < Q::kHalves; ++h) {
      _mm512_store_ps(scale[h], u.scale[h]);
      if constexpr (Q::kMins) _mm512_store_ps(min[h], u.min[h]);
    }
    for (int b = 0; b < 16 && 512 * g + 32 * b < n; ++b) {
      PITH_UNROLL for (int h = 0; h < 2; ++h) {
        const int s = h % Q::kHalves;
        const __m512i raw =
            _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(q[b % 4][h][b / 4])));
        const __m512i value = Q::kMins ? raw : _mm512_sub_epi32(raw, _mm512_set1_epi32(128));
        __m512 out = _mm512_mul_ps(_mm512_set1_ps(scale[s][b]), _mm512_cvtepi32_ps(value));
        if constexpr (Q::kMins) out = _mm512_add_ps(out, _mm512_set1_ps(min[s][b]));
        _mm512_storeu_ps(y + 512 * g + 32 * b + 16 * h, out);
      }
    }
  }
}

}  // namespace
}  // namespace pith
