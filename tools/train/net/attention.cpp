#include "train/net/attention.h"

#include <algorithm>
#include <cmath>

#include "train/net/blas.h"
#include "train/net/ops.h"

namespace pith::lab {
namespace {

// One block of queries of one head: rows [first, first + rows) of a sequence, which see `keys` keys.
struct Block {
  std::int64_t head, sequence_begin, first, rows;

  std::int64_t row() const { return sequence_begin + first; }  // of the batch
  std::int64_t keys() const { return first + rows; }
};

// In the same order forward and backward.
template <class F>
void for_each_block(const Shape& shape, const Batch& batch, F&& body) {
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    for (std::int64_t h = 0; h < shape.heads; ++h) {
      for (std::int64_t first = 0; first < batch.length(s); first += kQueryBlock) {
        body(Block{h, batch.begin[s], first, std::min(kQueryBlock, batch.length(s) - first)});
      }
    }
  }
}

// The parts of rows of queries, keys and values that a block works on.
template <class T>
struct Heads {
  Matrix<T> q, k, v;

  Heads(T* qkv, const Shape& s, const Block& b)
      : q(qkv + b.row() * s.qkv_width() + b.head * s.head_dim, b.rows, s.head_dim, s.qkv_width()),
        k(qkv + b.sequence_begin * s.qkv_width() + s.q_width() + group(s, b) * s.head_dim, b.keys(),
          s.head_dim, s.qkv_width()),
        v(k.data + s.kv_width(), b.keys(), s.head_dim, s.qkv_width()) {}

  static std::int64_t group(const Shape& s, const Block& b) { return b.head / (s.heads / s.kv_heads); }
};

template <class T>
Matrix<T> head_of(T* rows, const Shape& s, const Block& b) {
  return {rows + b.row() * s.q_width() + b.head * s.head_dim, b.rows, s.head_dim, s.q_width()};
}

template <class T>
T score_scale(const Shape& s) {
  return static_cast<T>(1 / std::sqrt(static_cast<double>(s.head_dim)));
}

}  // namespace

template <class T>
void attention(T* out, T* log_sum, const T* qkv, const Shape& shape, const Batch& batch,
               AttentionScratch<T>& scratch) {
  const T scale = score_scale<T>(shape);
  for_each_block(shape, batch, [&](const Block& b) {
    const Heads<const T> heads(qkv, shape, b);
    const Matrix<T> p(scratch.scores.data(), b.rows, b.keys());
    times_transposed(p, heads.q, heads.k);
    ops<T>().causal_softmax(p.data, log_sum + b.head * batch.rows() + b.row(), scale, b.rows, b.keys(),
                            b.first);
    times(head_of(out, shape, b), p, heads.v);
  });
}

// With S = scale Q K^T, P = softmax(S), O = P V:  dV = P^T dO,  dP = dO V^T,
// dS = P (dP - sum(P dP)) and sum(P dP) = dO . O of each row,  dQ = scale dS K,  dK = scale dS^T Q.
template <class T>
void attention_backward(T* dqkv, const T* dout, const T* out, const T* log_sum, const T* qkv,
                        const Shape& shape, const Batch& batch, AttentionScratch<T>& scratch) {
  const T scale = score_scale<T>(shape);
  std::fill_n(dqkv, batch.rows() * shape.qkv_width(), T{0});
  for_each_block(shape, batch, [&](const Block& b) {
    const Heads<const T> heads(qkv, shape, b);
    const Heads<T> gradient(dqkv, shape, b);
    const Matrix<const T> o = head_of(out, shape, b), d_o = head_of(dout, shape, b);
    const Matrix<T> p(scratch.scores.data(), b.rows, b.keys()), dp(scratch.gradient.data(), b.rows, b.keys());
    T mixed[kQueryBlock];
    for (std::int64_t r = 0; r < b.rows; ++r)
      mixed[r] = ops<T>().dot(o.data + r * o.stride, d_o.data + r * d_o.stride, o.cols);

    times_transposed(p, heads.q, heads.k);
    ops<T>().causal_softmax_again(p.data, log_sum + b.head * batch.rows() + b.row(), scale, b.rows, b.keys(),
                                  b.first);
    transposed_times(gradient.v, p, d_o, Into::Add);
    times_transposed(dp, d_o, heads.v);
    ops<T>().softmax_backward(dp.data, p.data, mixed, scale, b.rows, b.keys());
    times(gradient.q, dp, heads.k);
    transposed_times(gradient.k, dp, heads.q, Into::Add);
  });
}

#define PITH_INSTANTIATE(T)                                                                                \
  template void attention(T*, T*, const T*, const Shape&, const Batch&, AttentionScratch<T>&);             \
  template void attention_backward(T*, const T*, const T*, const T*, const T*, const Shape&, const Batch&, \
                                   AttentionScratch<T>&)
PITH_INSTANTIATE(float);
PITH_INSTANTIATE(double);

}  // namespace pith::lab
