// Attention over one tile, in plain C++: the definition.
//
// For one query, in this order: the scores of its visible positions (dot, times scale, soft cap, ALiBi); the
// new maximum; sum and acc times exp(old max - new max); then, position by position, p = exp(score - max) is
// added to sum and p v to acc.
#include <algorithm>
#include <cmath>

#include "kernels/scalar.h"

namespace pith::scalar {
namespace {

std::size_t attend_scratch(int k_dim, int v_dim) {
  return sizeof(float) * kTile * (static_cast<std::size_t>(k_dim) + static_cast<std::size_t>(v_dim));
}

float score(const AttentionQuery& query, const AttentionTile& tile, const float* key, int position) {
  float s = tile.scale * dot(query.q, key, tile.k_dim);
  if (tile.softcap != 0.0f) s = tile.softcap * std::tanh(s / tile.softcap);
  return s + query.alibi_slope * (static_cast<float>(position) + query.alibi_offset);
}

void attend_one(const AttentionQuery& query, const AttentionTile& tile, const float* keys,
                const float* values) {
  if (query.begin >= query.end) return;
  float scores[kTile];
  float max = *query.max;
  for (int j = query.begin; j < query.end; ++j) {
    scores[j] = score(query, tile, keys + j * tile.k_dim, j);
    max = std::max(max, scores[j]);
  }
  const float shrink = std::exp(*query.max - max);
  *query.max = max;
  *query.sum *= shrink;
  for (int d = 0; d < tile.v_dim; ++d) query.acc[d] *= shrink;
  for (int j = query.begin; j < query.end; ++j) {
    const float p = std::exp(scores[j] - max);
    *query.sum += p;
    const float* value = values + j * tile.v_dim;
    for (int d = 0; d < tile.v_dim; ++d) query.acc[d] += p * value[d];
  }
}

/// Keys and values are widened once for all queries, only where some query sees them.
void attend(const AttentionQuery* queries, int n, const AttentionTile& tile, void* scratch) {
  int begin = kTile, end = 0;
  for (int i = 0; i < n; ++i) {
    if (queries[i].begin >= queries[i].end) continue;
    begin = std::min(begin, queries[i].begin);
    end = std::max(end, queries[i].end);
  }
  auto* keys = static_cast<float*>(scratch);
  float* values = keys + kTile * tile.k_dim;
  const Decode decode_k = cache_decoder(tile.k_type), decode_v = cache_decoder(tile.v_type);
  for (int j = begin; j < end; ++j) {
    decode_k(keys + j * tile.k_dim, tile.k + j * tile.k_stride, tile.k_dim);
    decode_v(values + j * tile.v_dim, tile.v + j * tile.v_stride, tile.v_dim);
  }
  for (int i = 0; i < n; ++i) attend_one(queries[i], tile, keys, values);
}

}  // namespace

void fill_attention(Kernels& kernels) {
  kernels.attend = attend;
  kernels.attend_scratch = attend_scratch;
}

}  // namespace pith::scalar
