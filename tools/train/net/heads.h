// What is done with the hidden states of a batch: next-token probabilities through the tied head, and one
// number a position. Both add their gradient to the network's hidden_gradient() and to `gradient`.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <type_traits>

#include "train/net/network.h"

namespace pith::lab {

/// Handed to a loss for one row: its probabilities [V], which the loss turns into the gradient of its logits,
/// and which it leaves as they are if it only reads.
template <class T>
using RowLoss = std::function<void(std::int64_t row, T* probability)>;

/// Runs `loss` on each row, in order. Without `gradient` nothing is propagated.
template <class T>
void language_head(Network<T>& network, const T* parameters, std::type_identity_t<T>* gradient,
                   const RowLoss<std::type_identity_t<T>>& loss);

/// Targets < 0 are no part of the loss. weight: of each row. Returns sum_r weight_r (-log p(target_r)).
template <class T>
double cross_entropy(Network<T>& network, const T* parameters, std::type_identity_t<T>* gradient,
                     std::span<const std::int32_t> targets, std::span<const std::type_identity_t<T>> weights);

/// hidden . direction of one row.
template <class T>
T projection(const Network<T>& network, const T* direction, std::int64_t row);
/// From the gradient of that number; the direction itself is not trained.
template <class T>
void projection_backward(Network<T>& network, const T* direction, std::int64_t row,
                         std::type_identity_t<T> dvalue);

/// The projection onto the scalar head, which is trained.
template <class T>
T scalar_head(const Network<T>& network, const T* parameters, std::int64_t row);
/// From the gradient of that number.
template <class T>
void scalar_head_backward(Network<T>& network, const T* parameters, std::type_identity_t<T>* gradient,
                          std::int64_t row, std::type_identity_t<T> dvalue);

}  // namespace pith::lab
