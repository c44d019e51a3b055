// Causal grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245) of a batch, forward and backward.
#pragma once

#include <vector>

#include "train/net/batch.h"
#include "train/net/shape.h"

namespace pith::lab {

/// Queries are taken in blocks of this many rows: their scores stay in the second-level cache.
inline constexpr std::int64_t kQueryBlock = 64;

/// Scratch memory of both directions.
template <class T>
struct AttentionScratch {
  explicit AttentionScratch(std::int64_t context)
      : scores(static_cast<std::size_t>(kQueryBlock * context)), gradient(scores.size()) {}
  std::vector<T> scores, gradient;  // [kQueryBlock][context]
};

/// out [R][H Q] from rotated qkv [R][(H + 2G) Q]; keeps log sum exp of each row and head in log_sum [H][R].
template <class T>
void attention(T* out, T* log_sum, const T* qkv, const Shape& shape, const Batch& batch,
               AttentionScratch<T>& scratch);

/// dqkv is set. `out` is the forward result; scores are computed again, not kept (Dao et al. 2022,
/// arXiv:2205.14135).
template <class T>
void attention_backward(T* dqkv, const T* dout, const T* out, const T* log_sum, const T* qkv,
                        const Shape& shape, const Batch& batch, AttentionScratch<T>& scratch);

}  // namespace pith::lab
