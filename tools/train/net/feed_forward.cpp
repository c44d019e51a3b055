#include "train/net/feed_forward.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "train/net/blas.h"
#include "train/net/ops.h"

namespace pith::lab {
namespace {

std::size_t size(std::int64_t rows, std::int64_t cols) { return static_cast<std::size_t>(rows * cols); }

// --- one expert, or the dense network --------------------------------------------------------------

template <class T>
struct Expert {
  Matrix<const T> gate_up, down;  // [2F][D], [D][F]

  Expert(const T* parameters, const Shape& s, const LayerLayout& l, std::int64_t e)
      : gate_up(parameters + l.gate_up(e), 2 * s.ffn, s.width),
        down(parameters + l.down(e), s.width, s.ffn) {}
};

// y = down (silu(gate x) * up x)
template <class T>
void run_expert(Matrix<T> y, Into into, Matrix<const T> x, const Expert<T>& w, T* gate_up, T* product) {
  const std::int64_t f = w.down.cols;
  times_transposed(Matrix<T>(gate_up, x.rows, 2 * f), x, w.gate_up);
  ops<T>().swiglu(product, gate_up, x.rows, f);
  times_transposed(y, Matrix<const T>(product, x.rows, f), w.down, into);
}

// From dproduct = dy down on: gate_up becomes its gradient.
template <class T>
void run_expert_backward(Matrix<T> dx, Matrix<const T> x, const Expert<T>& w, T* dgate_up_weights, T* gate_up,
                         const T* dproduct) {
  const std::int64_t f = w.down.cols;
  ops<T>().swiglu_backward(gate_up, dproduct, x.rows, f);
  const Matrix<const T> dgate_up(gate_up, x.rows, 2 * f);
  transposed_times(Matrix<T>(dgate_up_weights, 2 * f, x.cols), dgate_up, x, Into::Add);
  times(dx, dgate_up, w.gate_up);
}

// --- routing ---------------------------------------------------------------------------------------

// The K best experts of a row, softmax over their logits alone, as the engine's row routes. Ties go to the
// expert of the smaller number.
template <class T>
void choose(const T* logits, const Shape& s, std::int32_t* expert, T* weight) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(s.experts));
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(
      order.begin(), order.begin() + s.active, order.end(),
      [&](std::int32_t a, std::int32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  for (std::int64_t i = 0; i < s.active; ++i) {
    expert[i] = order[i];
    weight[i] = logits[order[i]];
  }
  ops<T>().softmax(weight, s.active);
}

// Pairs ordered by expert, tokens increasing within each.
template <class T>
void group(FeedForwardState<T>& state, const Shape& s, std::int64_t pairs) {
  state.begin.assign(static_cast<std::size_t>(s.experts) + 1, 0);
  for (std::int64_t i = 0; i < pairs; ++i) ++state.begin[state.expert[i] + 1];
  std::partial_sum(state.begin.begin(), state.begin.end(), state.begin.begin());
  std::vector<std::int64_t> next(state.begin.begin(), state.begin.end() - 1);
  for (std::int64_t i = 0; i < pairs; ++i) state.slot[i] = static_cast<std::int32_t>(next[state.expert[i]]++);
}

// dlogits of the chosen: dl_i = w_i (dw_i - sum_j w_j dw_j); of all, by the balance loss, with g_e = E f_e:
// dl_e = p_e (g_e - sum_j p_j g_j).
template <class T>
void choose_backward(T* dlogits, const T* dweight, const T* weight, const std::int32_t* expert,
                     const T* probability, const T* balance, const Shape& s) {
  const T mixed = ops<T>().dot(probability, balance, s.experts);
  for (std::int64_t e = 0; e < s.experts; ++e) dlogits[e] = probability[e] * (balance[e] - mixed);
  const T chosen = ops<T>().dot(weight, dweight, s.active);
  for (std::int64_t i = 0; i < s.active; ++i) dlogits[expert[i]] += weight[i] * (dweight[i] - chosen);
}

// --- a mixture -------------------------------------------------------------------------------------

template <class T>
void mixture(T* y, const T* x, std::int64_t rows, const Shape& s, const LayerLayout& layout,
             const T* parameters, FeedForwardState<T>& state, FeedForwardScratch<T>& scratch) {
  T* const logits = state.probability.data();
  times_transposed(Matrix<T>(logits, rows, s.experts), {x, rows, s.width},
                   {parameters + layout.router, s.experts, s.width});
  for (std::int64_t r = 0; r < rows; ++r) {
    choose(logits + r * s.experts, s, &state.expert[r * s.active], &state.weight[r * s.active]);
    ops<T>().softmax(logits + r * s.experts, s.experts);
  }
  group(state, s, rows * s.active);
  for (std::int64_t i = 0; i < rows * s.active; ++i)
    std::copy_n(x + i / s.active * s.width, s.width, &state.input[state.slot[i] * s.width]);

  for (std::int64_t e = 0; e < s.experts; ++e) {
    const std::int64_t first = state.begin[e], count = state.begin[e + 1] - first;
    if (count == 0) continue;
    run_expert(Matrix<T>(&scratch.out[first * s.width], count, s.width), Into::Set,
               Matrix<const T>(&state.input[first * s.width], count, s.width),
               Expert<T>(parameters, s, layout, e), &state.gate_up[first * 2 * s.ffn],
               &state.product[first * s.ffn]);
  }
  for (std::int64_t i = 0; i < rows * s.active; ++i)
    ops<T>().axpy(y + i / s.active * s.width, state.weight[i], &scratch.out[state.slot[i] * s.width],
                  s.width);
}

template <class T>
void mixture_backward(T* dx, const T* dy, const T* x, std::int64_t rows, const Shape& s,
                      const LayerLayout& layout, const T* parameters, T* gradient, T balance,
                      FeedForwardState<T>& state, FeedForwardScratch<T>& scratch) {
  const std::int64_t pairs = rows * s.active;
  // dy of each pair's token, gathered; then it becomes the gradient of the pair's input.
  for (std::int64_t i = 0; i < pairs; ++i)
    std::copy_n(dy + i / s.active * s.width, s.width, &scratch.out[state.slot[i] * s.width]);

  std::vector<T> weight(static_cast<std::size_t>(pairs)), dweight(weight.size());  // by slot
  for (std::int64_t i = 0; i < pairs; ++i) weight[state.slot[i]] = state.weight[i];
  for (std::int64_t e = 0; e < s.experts; ++e) {
    const std::int64_t first = state.begin[e], count = state.begin[e + 1] - first;
    if (count == 0) continue;
    const Expert<T> w(parameters, s, layout, e);
    const Matrix<T> d(&scratch.out[first * s.width], count, s.width);
    const Matrix<T> dproduct(&scratch.dproduct[first * s.ffn], count, s.ffn);
    times(dproduct, d, w.down);
    for (std::int64_t r = 0; r < count; ++r) {
      T* const row = dproduct.data + r * s.ffn;
      T* const product = &state.product[(first + r) * s.ffn];
      const T share = weight[first + r];
      dweight[first + r] = ops<T>().dot(row, product, s.ffn);  // = dy . y of this pair
      ops<T>().scale(row, share, s.ffn);
      ops<T>().scale(product, share, s.ffn);
    }
    transposed_times(Matrix<T>(gradient + layout.down(e), s.width, s.ffn), d,
                     {&state.product[first * s.ffn], count, s.ffn}, Into::Add);
    run_expert_backward(d, {&state.input[first * s.width], count, s.width}, w, gradient + layout.gate_up(e),
                        &state.gate_up[first * 2 * s.ffn], dproduct.data);
  }

  std::vector<T> by_load(static_cast<std::size_t>(s.experts)), chosen(static_cast<std::size_t>(s.active));
  for (std::int64_t e = 0; e < s.experts; ++e) {
    by_load[e] = balance * static_cast<T>(s.experts) * static_cast<T>(state.begin[e + 1] - state.begin[e]) /
                 static_cast<T>(pairs);
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t i = 0; i < s.active; ++i) chosen[i] = dweight[state.slot[r * s.active + i]];
    choose_backward(&scratch.router[r * s.experts], chosen.data(), &state.weight[r * s.active],
                    &state.expert[r * s.active], &state.probability[r * s.experts], by_load.data(), s);
  }
  const Matrix<const T> dlogits(scratch.router.data(), rows, s.experts);
  times(Matrix<T>(dx, rows, s.width), dlogits, {parameters + layout.router, s.experts, s.width});
  transposed_times(Matrix<T>(gradient + layout.router, s.experts, s.width), dlogits, {x, rows, s.width},
                   Into::Add);
  for (std::int64_t i = 0; i < pairs; ++i)
    ops<T>().add(dx + i / s.active * s.width, &scratch.out[state.slot[i] * s.width], s.width);
}

}  // namespace

template <class T>
FeedForwardState<T>::FeedForwardState(const Shape& s, std::int64_t rows) {
  const std::int64_t pairs = rows * std::max<std::int64_t>(s.active, 1);
  gate_up.resize(size(pairs, 2 * s.ffn));
  product.resize(size(pairs, s.ffn));
  if (!s.mixture()) return;
  input.resize(size(pairs, s.width));
  probability.resize(size(rows, s.experts));
  weight.resize(size(pairs, 1));
  expert.resize(size(pairs, 1));
  slot.resize(size(pairs, 1));
}

template <class T>
FeedForwardScratch<T>::FeedForwardScratch(const Shape& s, std::int64_t rows) {
  const std::int64_t pairs = rows * std::max<std::int64_t>(s.active, 1);
  dproduct.resize(size(pairs, s.ffn));
  if (!s.mixture()) return;
  out.resize(size(pairs, s.width));
  router.resize(size(rows, s.experts));
}

template <class T>
void feed_forward(T* y, const T* x, std::int64_t rows, const Shape& s, const LayerLayout& layout,
                  const T* parameters, FeedForwardState<T>& state, FeedForwardScratch<T>& scratch) {
  if (s.mixture()) return mixture(y, x, rows, s, layout, parameters, state, scratch);
  run_expert(Matrix<T>(y, rows, s.width), Into::Add, Matrix<const T>(x, rows, s.width),
             Expert<T>(parameters, s, layout, 0), state.gate_up.data(), state.product.data());
}

template <class T>
void feed_forward_backward(T* dx, const T* dy, const T* x, std::int64_t rows, const Shape& s,
                           const LayerLayout& layout, const T* parameters, T* gradient, T balance,
                           FeedForwardState<T>& state, FeedForwardScratch<T>& scratch) {
  if (s.mixture())
    return mixture_backward(dx, dy, x, rows, s, layout, parameters, gradient, balance, state, scratch);
  const Expert<T> w(parameters, s, layout, 0);
  const Matrix<const T> d(dy, rows, s.width), product(state.product.data(), rows, s.ffn);
  const Matrix<T> dproduct(scratch.dproduct.data(), rows, s.ffn);
  transposed_times(Matrix<T>(gradient + layout.down(0), s.width, s.ffn), d, product, Into::Add);
  times(dproduct, d, w.down);
  run_expert_backward(Matrix<T>(dx, rows, s.width), {x, rows, s.width}, w, gradient + layout.gate_up(0),
                      state.gate_up.data(), dproduct.data);
}

template <class T>
double imbalance(const FeedForwardState<T>& state, const Shape& s, std::int64_t rows) {
  double sum = 0;
  for (std::int64_t e = 0; e < s.experts; ++e) {
    double probability = 0;
    for (std::int64_t r = 0; r < rows; ++r) probability += state.probability[r * s.experts + e];
    sum += probability * static_cast<double>(state.begin[e + 1] - state.begin[e]);
  }
  return sum * static_cast<double>(s.experts) / static_cast<double>(rows * s.active);
}

#define PITH_INSTANTIATE(T)                                                                          \
  template struct FeedForwardState<T>;                                                               \
  template struct FeedForwardScratch<T>;                                                             \
  template void feed_forward(T*, const T*, std::int64_t, const Shape&, const LayerLayout&, const T*, \
                             FeedForwardState<T>&, FeedForwardScratch<T>&);                          \
  template void feed_forward_backward(T*, const T*, const T*, std::int64_t, const Shape&,            \
                                      const LayerLayout&, const T*, T*, T, FeedForwardState<T>&,     \
                                      FeedForwardScratch<T>&);                                       \
  template double imbalance(const FeedForwardState<T>&, const Shape&, std::int64_t)
PITH_INSTANTIATE(float);
PITH_INSTANTIATE(double);

}  // namespace pith::lab
