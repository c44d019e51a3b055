// The feed-forward network, dense or a mixture of experts, forward and backward.
#pragma once

#include <vector>

#include "train/net/parameters.h"

namespace pith::lab {

/// What the backward pass of a dense network or of all experts of a layer needs again. Rows of a mixture are
/// (token, choice) pairs, grouped by expert.
template <class T>
struct FeedForwardState {
  FeedForwardState(const Shape& shape, std::int64_t rows);

  std::vector<T> gate_up, product;  ///< [R K][2F], [R K][F]
  // Of a mixture.
  std::vector<T> input;              ///< [R K][D], gathered
  std::vector<T> probability;        ///< [R][E], softmax over all experts: of the balance loss alone
  std::vector<T> weight;             ///< [R][K], softmax over the chosen ones
  std::vector<std::int32_t> expert;  ///< [R][K], best first
  std::vector<std::int32_t> slot;    ///< [R][K]: where the pair lies among the grouped ones
  std::vector<std::int64_t> begin;   ///< [E + 1]: first pair of each expert
};

/// Scratch memory of a mixture.
template <class T>
struct FeedForwardScratch {
  FeedForwardScratch(const Shape& shape, std::int64_t rows);
  std::vector<T> out, dproduct, router;  // [R K][D], [R K][F], [R][E]
};

/// y [R][D] += ffn(x [R][D]).
template <class T>
void feed_forward(T* y, const T* x, std::int64_t rows, const Shape& shape, const LayerLayout& layout,
                  const T* parameters, FeedForwardState<T>& state, FeedForwardScratch<T>& scratch);

/// dx [R][D] is set; `gradient` is added to. Overwrites what it needs of `state`.
///
/// `balance` is the factor on E sum_e f_e sum_r p_re, where f_e is the share of the batch's pairs that expert
/// e got and p_re its probability (Fedus et al. 2021, arXiv:2101.03961): it pushes towards equal load.
template <class T>
void feed_forward_backward(T* dx, const T* dy, const T* x, std::int64_t rows, const Shape& shape,
                           const LayerLayout& layout, const T* parameters, T* gradient, T balance,
                           FeedForwardState<T>& state, FeedForwardScratch<T>& scratch);

/// E sum_e f_e sum_r p_re of the last forward pass: what `balance` above is the factor of.
template <class T>
double imbalance(const FeedForwardState<T>& state, const Shape& shape, std::int64_t rows);

}  // namespace pith::lab
