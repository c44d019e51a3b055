#include "train/net/heads.h"

#include <algorithm>
#include <cmath>

#include "train/net/blas.h"
#include "train/net/ops.h"

namespace pith::lab {

// Logits are made in pieces that stay in the second-level cache; all of them together would be the largest
// array of the whole pass.
template <class T>
void language_head(Network<T>& network, const T* parameters, std::type_identity_t<T>* gradient,
                   const RowLoss<std::type_identity_t<T>>& loss) {
  constexpr std::int64_t kPiece = 256;
  const std::int64_t d = network.shape().width, v = network.shape().vocab;
  const Matrix<const T> w(parameters + network.layout().embedding, v, d);
  std::vector<T> logits(static_cast<std::size_t>(std::min(kPiece, network.rows()) * v));
  for (std::int64_t first = 0; first < network.rows(); first += kPiece) {
    const std::int64_t rows = std::min(kPiece, network.rows() - first);
    const Matrix<const T> hidden(network.hidden() + first * d, rows, d);
    const Matrix<T> out(logits.data(), rows, v);
    times_transposed(out, hidden, w);
    for (std::int64_t r = 0; r < rows; ++r) {
      T* const row = logits.data() + r * v;
      ops<T>().softmax(row, v);
      loss(first + r, row);
    }
    if (!gradient) continue;
    times(Matrix<T>(network.hidden_gradient() + first * d, rows, d), out, w, Into::Add);
    transposed_times(Matrix<T>(gradient + network.layout().embedding, v, d), out, hidden, Into::Add);
  }
}

// d(-log p_t) / dlogits = p - onehot(t)
template <class T>
double cross_entropy(Network<T>& network, const T* parameters, std::type_identity_t<T>* gradient,
                     std::span<const std::int32_t> targets,
                     std::span<const std::type_identity_t<T>> weights) {
  const std::int64_t v = network.shape().vocab;
  double sum = 0;
  language_head(network, parameters, gradient, [&](std::int64_t row, T* p) {
    const std::int32_t target = targets[row];
    const T weight = target < 0 ? T{0} : weights[row];
    if (target >= 0) sum -= static_cast<double>(weight) * std::log(static_cast<double>(p[target]));
    if (!gradient) return;
    if (target >= 0) p[target] -= 1;
    ops<T>().scale(p, weight, v);
  });
  return sum;
}

template <class T>
T projection(const Network<T>& network, const T* direction, std::int64_t row) {
  const std::int64_t d = network.shape().width;
  return ops<T>().dot(network.hidden() + row * d, direction, d);
}

template <class T>
void projection_backward(Network<T>& network, const T* direction, std::int64_t row,
                         std::type_identity_t<T> dvalue) {
  const std::int64_t d = network.shape().width;
  ops<T>().axpy(network.hidden_gradient() + row * d, dvalue, direction, d);
}

template <class T>
T scalar_head(const Network<T>& network, const T* parameters, std::int64_t row) {
  return projection(network, parameters + network.layout().scalar_head, row);
}

template <class T>
void scalar_head_backward(Network<T>& network, const T* parameters, std::type_identity_t<T>* gradient,
                          std::int64_t row, std::type_identity_t<T> dvalue) {
  const std::int64_t d = network.shape().width, head = network.layout().scalar_head;
  ops<T>().axpy(gradient + head, dvalue, network.hidden() + row * d, d);
  projection_backward(network, parameters + head, row, dvalue);
}

#define PITH_INSTANTIATE(T)                                                               \
  template void language_head(Network<T>&, const T*, T*, const RowLoss<T>&);              \
  template double cross_entropy(Network<T>&, const T*, T*, std::span<const std::int32_t>, \
                                std::span<const T>);                                      \
  template T projection(const Network<T>&, const T*, std::int64_t);                       \
  template void projection_backward(Network<T>&, const T*, std::int64_t, T);              \
  template T scalar_head(const Network<T>&, const T*, std::int64_t);                      \
  template void scalar_head_backward(Network<T>&, const T*, T*, std::int64_t, T)
PITH_INSTANTIATE(float);
PITH_INSTANTIATE(double);

}  // namespace pith::lab
