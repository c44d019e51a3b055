// The network on one thread: hidden states of a batch, and the gradient of the parameters from the gradient
// of the hidden states. What is done with hidden states is the business of a head (heads.h).
//
// T is float in training; double exists to check the gradients against finite differences.
#pragma once

#include <vector>

#include "train/net/attention.h"
#include "train/net/batch.h"
#include "train/net/feed_forward.h"
#include "train/net/parameters.h"

namespace pith::lab {

template <class T>
class Network {
 public:
  /// Memory for batches of up to `rows` rows.
  Network(const Shape& shape, std::int64_t rows);

  const Shape& shape() const { return shape_; }
  const Layout& layout() const { return layout_; }
  std::int64_t capacity() const { return capacity_; }

  /// Runs a batch of at most capacity() rows of sequences of at most shape().context tokens, ids within the
  /// vocabulary. What it keeps is what backward() needs.
  void forward(const T* parameters, const Batch& batch);
  /// The same batch once more, from the input of layer `first` on: with other parameters from there.
  void forward_again(const T* parameters, std::size_t first);

  /// [R][D], behind the last norm.
  const T* hidden() const { return hidden_.data(); }
  std::int64_t rows() const { return batch_->rows(); }

  /// [R][D], zero after forward(): heads add theirs.
  T* hidden_gradient() { return dhidden_.data(); }

  /// Adds to `gradient`, once for each forward(); the batch must still exist. `balance` is the factor of the
  /// layers' imbalance() in the loss. Below layer `first` nothing is trained.
  void backward(const T* parameters, T* gradient, T balance = 0, std::size_t first = 0);

  /// Of a mixture: the sum of imbalance() over the layers.
  double imbalance() const;
  /// Adds to [L][E] how many (token, choice) pairs each expert got.
  void add_load(std::vector<std::int64_t>& load) const;

 private:
  /// What a layer keeps for its backward pass.
  struct Layer {
    Layer(const Shape& shape, std::int64_t rows);
    std::vector<T> input;              ///< [R][D]
    std::vector<T> attn_rms, ffn_rms;  ///< [R]
    std::vector<T> attn_input;         ///< [R][D], normalised
    std::vector<T> qkv;                ///< [R][(H + 2G) Q], rotated
    std::vector<T> attn_out, log_sum;  ///< [R][H Q], [H][R]
    std::vector<T> middle;             ///< [R][D], input + attention
    std::vector<T> ffn_input;          ///< [R][D], normalised
    FeedForwardState<T> ffn;
  };

  void run_layer(const T* parameters, std::size_t l, T* out);
  void run_layer_backward(const T* parameters, T* gradient, std::size_t l, T balance);
  void rotate(T* qkv, T sign) const;

  Shape shape_;
  Layout layout_;
  std::int64_t capacity_;
  const Batch* batch_ = nullptr;
  std::vector<T> cos_, sin_;  // [context][Q / 2]
  std::vector<Layer> layers_;
  std::vector<T> output_, output_rms_, hidden_;  // [R][D] before the last norm, [R], [R][D] behind it
  // Gradients of the running layer.
  std::vector<T> dhidden_, dx_, dwide_, dattn_, dqkv_;
  AttentionScratch<T> attention_;
  FeedForwardScratch<T> ffn_;
};

}  // namespace pith::lab
