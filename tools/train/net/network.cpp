#include "train/net/network.h"

#include <algorithm>
#include <cmath>

#include "train/net/blas.h"
#include "train/net/ops.h"

namespace pith::lab {
namespace {

std::size_t size(std::int64_t rows, std::int64_t cols) { return static_cast<std::size_t>(rows * cols); }

}  // namespace

template <class T>
Network<T>::Layer::Layer(const Shape& s, std::int64_t rows)
    : input(size(rows, s.width)),
      attn_rms(size(rows, 1)),
      ffn_rms(size(rows, 1)),
      attn_input(size(rows, s.width)),
      qkv(size(rows, s.qkv_width())),
      attn_out(size(rows, s.q_width())),
      log_sum(size(rows, s.heads)),
      middle(size(rows, s.width)),
      ffn_input(size(rows, s.width)),
      ffn(s, rows) {}

template <class T>
Network<T>::Network(const Shape& s, std::int64_t rows)
    : shape_(s),
      layout_(s),
      capacity_(rows),
      output_(size(rows, s.width)),
      output_rms_(size(rows, 1)),
      hidden_(size(rows, s.width)),
      dhidden_(size(rows, s.width)),
      dx_(size(rows, s.width)),
      dwide_(size(rows, s.width)),
      dattn_(size(rows, s.q_width())),
      dqkv_(size(rows, s.qkv_width())),
      attention_(s.context),
      ffn_(s, rows) {
  for (std::int64_t l = 0; l < s.layers; ++l) layers_.emplace_back(s, rows);
  // Su et al. 2021, arXiv:2104.09864: pair i turns by position * base^(-2i / Q).
  for (std::int64_t position = 0; position < s.context; ++position) {
    for (std::int64_t i = 0; i < s.head_dim / 2; ++i) {
      const double exponent = -2 * static_cast<double>(i) / static_cast<double>(s.head_dim);
      const double angle = static_cast<double>(position) * std::pow(s.rope_base, exponent);
      cos_.push_back(static_cast<T>(std::cos(angle)));
      sin_.push_back(static_cast<T>(std::sin(angle)));
    }
  }
}

// Queries and keys, which lie side by side; values have no position.
template <class T>
void Network<T>::rotate(T* qkv, T sign) const {
  for (std::int64_t s = 0; s < batch_->sequences(); ++s) {
    for (std::int64_t position = 0; position < batch_->length(s); ++position) {
      const std::int64_t angles = position * shape_.head_dim / 2;
      ops<T>().rotate(qkv + (batch_->begin[s] + position) * shape_.qkv_width(), &cos_[angles], &sin_[angles],
                      sign, shape_.heads + shape_.kv_heads, shape_.head_dim);
    }
  }
}

template <class T>
void Network<T>::forward(const T* parameters, const Batch& batch) {
  batch_ = &batch;
  const std::int64_t d = shape_.width;
  T* const first = layers_.front().input.data();
  for (std::int64_t r = 0; r < rows(); ++r)
    std::copy_n(parameters + layout_.embedding + batch.tokens[r] * d, d, first + r * d);
  forward_again(parameters, 0);
}

template <class T>
void Network<T>::forward_again(const T* parameters, std::size_t first) {
  const std::int64_t d = shape_.width;
  for (std::size_t l = first; l < layers_.size(); ++l)
    run_layer(parameters, l, l + 1 < layers_.size() ? layers_[l + 1].input.data() : output_.data());
  ops<T>().rms_norm(hidden_.data(), output_rms_.data(), output_.data(), parameters + layout_.output_norm,
                    rows(), d, static_cast<T>(shape_.norm_eps));
  std::fill_n(dhidden_.data(), rows() * d, T{0});
}

template <class T>
void Network<T>::backward(const T* parameters, T* gradient, T balance, std::size_t first) {
  const std::int64_t d = shape_.width;
  std::fill_n(dx_.data(), rows() * d, T{0});
  ops<T>().rms_norm_backward(dx_.data(), gradient + layout_.output_norm, dhidden_.data(), output_.data(),
                             output_rms_.data(), parameters + layout_.output_norm, rows(), d);
  for (std::size_t l = layers_.size(); l-- > first;) run_layer_backward(parameters, gradient, l, balance);
  if (first > 0) return;
  for (std::int64_t r = 0; r < rows(); ++r)
    ops<T>().add(gradient + layout_.embedding + batch_->tokens[r] * d, dx_.data() + r * d, d);
}

// middle = input + Wo attention(rotate(Wqkv norm(input)));  out = middle + ffn(norm(middle))
template <class T>
void Network<T>::run_layer(const T* parameters, std::size_t l, T* out) {
  const std::int64_t d = shape_.width, n = rows();
  const LayerLayout& w = layout_.layers[l];
  Layer& s = layers_[l];
  const T eps = static_cast<T>(shape_.norm_eps);

  ops<T>().rms_norm(s.attn_input.data(), s.attn_rms.data(), s.input.data(), parameters + w.attn_norm, n, d,
                    eps);
  times_transposed(Matrix<T>(s.qkv.data(), n, shape_.qkv_width()), {s.attn_input.data(), n, d},
                   {parameters + w.qkv, shape_.qkv_width(), d});
  rotate(s.qkv.data(), 1);
  attention(s.attn_out.data(), s.log_sum.data(), s.qkv.data(), shape_, *batch_, attention_);
  std::copy_n(s.input.data(), n * d, s.middle.data());
  times_transposed(Matrix<T>(s.middle.data(), n, d), {s.attn_out.data(), n, shape_.q_width()},
                   {parameters + w.attn_out, d, shape_.q_width()}, Into::Add);

  ops<T>().rms_norm(s.ffn_input.data(), s.ffn_rms.data(), s.middle.data(), parameters + w.ffn_norm, n, d,
                    eps);
  std::copy_n(s.middle.data(), n * d, out);
  feed_forward(out, s.ffn_input.data(), n, shape_, w, parameters, s.ffn, ffn_);
}

// dx_ is the gradient of the layer's output, and then that of its input: what the residual carries past a
// sub-layer is there already, each sub-layer adds its own.
template <class T>
void Network<T>::run_layer_backward(const T* parameters, T* gradient, std::size_t l, T balance) {
  const std::int64_t d = shape_.width, n = rows();
  const LayerLayout& w = layout_.layers[l];
  Layer& s = layers_[l];
  const Matrix<const T> dx(dx_.data(), n, d);

  feed_forward_backward(dwide_.data(), dx_.data(), s.ffn_input.data(), n, shape_, w, parameters, gradient,
                        balance, s.ffn, ffn_);
  ops<T>().rms_norm_backward(dx_.data(), gradient + w.ffn_norm, dwide_.data(), s.middle.data(),
                             s.ffn_rms.data(), parameters + w.ffn_norm, n, d);

  transposed_times(Matrix<T>(gradient + w.attn_out, d, shape_.q_width()), dx,
                   {s.attn_out.data(), n, shape_.q_width()}, Into::Add);
  times(Matrix<T>(dattn_.data(), n, shape_.q_width()), dx, {parameters + w.attn_out, d, shape_.q_width()});
  attention_backward(dqkv_.data(), dattn_.data(), s.attn_out.data(), s.log_sum.data(), s.qkv.data(), shape_,
                     *batch_, attention_);
  rotate(dqkv_.data(), -1);
  const Matrix<const T> dqkv(dqkv_.data(), n, shape_.qkv_width());
  transposed_times(Matrix<T>(gradient + w.qkv, shape_.qkv_width(), d), dqkv, {s.attn_input.data(), n, d},
                   Into::Add);
  times(Matrix<T>(dwide_.data(), n, d), dqkv, {parameters + w.qkv, shape_.qkv_width(), d});
  ops<T>().rms_norm_backward(dx_.data(), gradient + w.attn_norm, dwide_.data(), s.input.data(),
                             s.attn_rms.data(), parameters + w.attn_norm, n, d);
}

template <class T>
double Network<T>::imbalance() const {
  double sum = 0;
  for (const Layer& layer : layers_) sum += lab::imbalance(layer.ffn, shape_, rows());
  return sum;
}

template <class T>
void Network<T>::add_load(std::vector<std::int64_t>& load) const {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const std::vector<std::int64_t>& begin = layers_[l].ffn.begin;
    for (std::size_t e = 0; e + 1 < begin.size(); ++e)
      load[l * (begin.size() - 1) + e] += begin[e + 1] - begin[e];
  }
}

template class Network<float>;
template class Network<double>;

}  // namespace pith::lab
