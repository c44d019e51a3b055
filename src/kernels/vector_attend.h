// Attention over one tile, for every level (include its *_simd.h first).
//
// Keys and values that any query sees are widened to float once, into scratch that stays in the first-level
// cache. Then query by query:
// - Scores: lanes along k_dim, kLanes positions at a time, whose sums of partial sums are taken together
//   (sum_each), so that the reduction costs three operations a score. Keys need no transposition then, which
//   a decoding step with its few queries a tile would not earn back.
// - Weights: exp(score - max), with exact zeros and -infinity outside [begin, end).
// - Values: acc += p v in increasing position, for up to four queries that see the same positions at a time:
//   a query's own positions only are multiplied, whatever the others see.
// A query's order of operations is the same alone and among others.
#pragma once

#include "kernels/vector_rows.h"

namespace pith {
namespace {

constexpr int kTogether = 4;

PITH_INLINE std::int64_t padded(int n) { return (n + kLanes - 1) / kLanes * kLanes; }

std::size_t attend_scratch(int k_dim, int v_dim) {
  return static_cast<std::size_t>(kTile * (padded(k_dim) + padded(v_dim))) * sizeof(float) + 64;
}

void widen_rows(float* out, std::int64_t width, DType type, const std::byte* rows, std::int64_t stride,
                int begin, int end, int n) {
  for (int j = begin; j < end; ++j) {
    float* row = out + j * width;
    const std::byte* stored = rows + j * stride;
    if (n < width) store(row + width - kLanes, zero());  // the padding takes part in sums
    switch (type) {
      case DType::F32: decode_f32(row, stored, n); break;
      case DType::F16: decode_f16(row, stored, n); break;
      case DType::BF16: decode_bf16(row, stored, n); break;
      default: decode_q8_0(row, stored, n); break;
    }
  }
}

/// q . k of kLanes positions.
PITH_INLINE F dots(const float* q, const float* keys, std::int64_t width, int k_dim) {
  F acc[kLanes];
  PITH_UNROLL for (int j = 0; j < kLanes; ++j) acc[j] = zero();
  std::int64_t d = 0;
  for (; d + kLanes <= k_dim; d += kLanes) {
    const F part = load(q + d);
    PITH_UNROLL for (int j = 0; j < kLanes; ++j) acc[j] = fma(part, load(keys + j * width + d), acc[j]);
  }
  if (d < k_dim) {
    const F part = load(q + d, k_dim - d);
    PITH_UNROLL for (int j = 0; j < kLanes; ++j) acc[j] = fma(part, load(keys + j * width + d), acc[j]);
  }
  return sum_each(acc);
}

/// The weights p of all positions of the tile; brings the query's maximum, sum and acc up to date.
PITH_INLINE void weigh(float* p, const AttentionQuery& query, const AttentionTile& tile, const float* keys,
                       std::int64_t width) {
  const F lowest = set(-__builtin_inff());
  F scores[kTile / kLanes], top = lowest;
  PITH_UNROLL for (int i = 0; i < kTile / kLanes; ++i) {
    const int from = i * kLanes;
    scores[i] = lowest;
    if (query.end <= from || query.begin >= from + kLanes) continue;
    F s = dots(query.q, keys + from * width, width, tile.k_dim) * set(tile.scale);
    if (tile.softcap != 0.0f) s = set(tile.softcap) * tanh(s / set(tile.softcap));
    if (query.alibi_slope != 0.0f) {
      const F offset = lane_numbers() + set(static_cast<float>(from) + query.alibi_offset);
      s = s + set(query.alibi_slope) * offset;
    }
    scores[i] = lanes_of(s, lowest, query.begin - from, query.end - from);
    top = max(top, scores[i]);
  }
  const float before = *query.max, found = largest(top);
  const float after = found > before ? found : before;
  if (after != before) {
    float shrink[kLanes];
    store(shrink, exp(set(before - after)));
    *query.max = after;
    *query.sum *= shrink[0];
    scale(query.acc, shrink[0], tile.v_dim);
  }
  F total = zero();
  PITH_UNROLL for (int i = 0; i < kTile / kLanes; ++i) {
    const int from = i * kLanes;
    const F weight = lanes_of(exp(scores[i] - set(after)), zero(), query.begin - from, query.end - from);
    store(p + from, weight);
    total = total + weight;
  }
  *query.sum += sum(total);
}

/// Queries q[0..Q) that see positions [begin, end): acc[d..d + V vectors) += p v.
template <int Q, int V>
PITH_INLINE void add_values(const AttentionQuery* queries, const float (*p)[kTile], const float* values,
                            std::int64_t width, int d, int count) {
  const auto full = static_cast<std::int64_t>(V) * kLanes <= count;
  F acc[Q][V];
  PITH_UNROLL for (int q = 0; q < Q; ++q) {
    PITH_UNROLL for (int v = 0; v < V; ++v) {
      const float* from = queries[q].acc + d + v * kLanes;
      acc[q][v] = full ? load(from) : load(from, count);
    }
  }
  for (int j = queries[0].begin; j < queries[0].end; ++j) {
    F value[V];
    PITH_UNROLL for (int v = 0; v < V; ++v) value[v] = load(values + j * width + d + v * kLanes);
    PITH_UNROLL for (int q = 0; q < Q; ++q) {
      const F weight = set(p[q][j]);
      PITH_UNROLL for (int v = 0; v < V; ++v) acc[q][v] = fma(weight, value[v], acc[q][v]);
    }
  }
  PITH_UNROLL for (int q = 0; q < Q; ++q) {
    PITH_UNROLL for (int v = 0; v < V; ++v) {
      float* to = queries[q].acc + d + v * kLanes;
      if (full)
        store(to, acc[q][v]);
      else
        store(to, acc[q][v], count);
    }
  }
}

template <int Q>
void add_values(const AttentionQuery* queries, const float (*p)[kTile], const float* values,
                std::int64_t width, int v_dim) {
  constexpr int kVectors = kLanes == 16 ? 4 : 2;  // of 32 or 16 registers, Q times this for sums
  int d = 0;
  for (; d + kVectors * kLanes <= v_dim; d += kVectors * kLanes) {
    add_values<Q, kVectors>(queries, p, values, width, d, kVectors * kLanes);
  }
  for (; d < v_dim; d += kLanes) add_values<Q, 1>(queries, p, values, width, d, v_dim - d);
}

void attend(const AttentionQuery* queries, int n, const AttentionTile& tile, void* scratch) {
  int begin = kTile, end = 0;
  for (int i = 0; i < n; ++i) {
    if (queries[i].begin >= queries[i].end) continue;
    begin = queries[i].begin < begin ? queries[i].begin : begin;
    end = queries[i].end > end ? queries[i].end : end;
  }
  if (begin >= end) return;
  const std::int64_t k_width = padded(tile.k_dim), v_width = padded(tile.v_dim);
  auto* keys = static_cast<float*>(align64(scratch));
  float* values = keys + kTile * k_width;
  widen_rows(keys, k_width, tile.k_type, tile.k, tile.k_stride, begin, end, tile.k_dim);
  widen_rows(values, v_width, tile.v_type, tile.v, tile.v_stride, begin, end, tile.v_dim);

  float p[kTogether][kTile];
  for (int i = 0; i < n;) {
    const AttentionQuery* run = queries + i;
    if (run->begin >= run->end) {
      ++i;
      continue;
    }
    int together = 0;
    while (together < kTogether && i + together < n && run[together].begin == run->begin &&
           run[together].end == run->end) {
      weigh(p[together], run[together], tile, keys, k_width);
      ++together;
    }
    switch (together) {
      case 1: add_values<1>(run, p, values, v_width, tile.v_dim); break;
      case 2: add_values<2>(run, p, values, v_width, tile.v_dim); break;
      case 3: add_values<3>(run, p, values, v_width, tile.v_dim); break;
      default: add_values<4>(run, p, values, v_width, tile.v_dim); break;
    }
    i += together;
  }
}

void fill_attention(Kernels& kernels) {
  kernels.attend = attend;
  kernels.attend_scratch = attend_scratch;
}

}  // namespace
}  // namespace pith
