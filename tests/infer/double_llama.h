// The Llama family in float64, written from the papers alone: no kernel, no cache, no batch. It reads the
// same stored weights, and where the engine multiplies quantised activations it quantises them by the same
// rule.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "kernels/kernels.h"
#include "model/model.h"

namespace pith::test {

class DoubleLlama {
 public:
  using Row = std::vector<double>;

  explicit DoubleLlama(const Model& model) : model_(model) {}

  /// Logits [tokens][V].
  std::vector<Row> logits(std::span<const std::int32_t> tokens) {
    const Weights& w = model_.weights;
    const std::size_t n = tokens.size();
    std::vector<Row> x;
    for (std::int32_t t : tokens) x.push_back(decoded(w.embedding, t));
    for (std::size_t i = 0; i < w.layers.size(); ++i) {
      const std::vector<Row> attended = attention(x, i);
      for (std::size_t t = 0; t < n; ++t) {
        add(x[t], attended[t]);
        add(x[t], feed_forward(norm(x[t], w.layers[i].ffn_norm), i));
      }
    }
    std::vector<Row> out;
    for (const Row& row : x) out.push_back(product(w.output, norm(row, w.output_norm)));
    return out;
  }

  /// The least distance of a quantised activation from the middle of two steps, in steps; and of the router's
  /// scores of the last expert taken and the first one left. F32 rounding may decide otherwise what is
  /// closer.
  double least_tie() const { return tie_; }
  double least_gap() const { return gap_; }

 private:
  static void add(Row& y, const Row& x) {
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += x[i];
  }

  static Row decoded(const Tensor& t, std::int64_t row) {
    std::vector<float> values(static_cast<std::size_t>(t.cols()));
    kernels_at("scalar")->decode[static_cast<int>(t.type)](values.data(), t.data + row * t.row_bytes(),
                                                           t.cols());
    return {values.begin(), values.end()};
  }

  Row norm(const Row& x, const Norm& n) const {
    double squares = 0;
    for (double v : x) squares += v * v;
    const double scale = 1 / std::sqrt(squares / static_cast<double>(x.size()) + model_.spec.norm_eps);
    Row y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * scale * n.weight[i];
    return y;
  }

  // Per block of 32: scale = max|x| / 127, q = x / scale to nearest.
  Row quantised(const Row& x) {
    Row y(x.size());
    for (std::size_t b = 0; b < x.size(); b += 32) {
      double largest = 0;
      for (std::size_t i = b; i < b + 32; ++i) largest = std::max(largest, std::abs(x[i]));
      const double scale = largest / 127;
      for (std::size_t i = b; i < b + 32 && scale > 0; ++i) {
        const double steps = x[i] / scale;
        tie_ = std::min(tie_, std::abs(std::abs(steps - std::floor(steps)) - 0.5));
        y[i] = std::nearbyint(steps) * scale;
      }
    }
    return y;
  }

  Row product(const Linear& w, const Row& input) {
    const bool q8 = kernels_at("scalar")->matmul[static_cast<int>(w.weight.type)].input == InputKind::Q8;
    const Row x = q8 ? quantised(input) : input;
    Row y;
    for (std::int64_t r = 0; r < w.outputs(); ++r) {
      const Row row = decoded(w.weight, w.stored(r));
      y.push_back(std::inner_product(row.begin(), row.end(), x.begin(), 0.0));
    }
    return y;
  }

  // Neighbouring elements of each head turn together.
  void rotate(Row& x, std::size_t position) const {
    const RopeSpec& rope = model_.spec.ropes[0];
    const auto dims = static_cast<std::size_t>(rope.dims);
    for (std::size_t h = 0; h < x.size(); h += dims) {
      for (std::size_t i = 0; i < dims / 2; ++i) {
        const double angle = static_cast<double>(position) * rope.frequency[i];
        const double a = x[h + 2 * i], b = x[h + 2 * i + 1];
        x[h + 2 * i] = a * std::cos(angle) - b * std::sin(angle);
        x[h + 2 * i + 1] = a * std::sin(angle) + b * std::cos(angle);
      }
    }
  }

  static void softmax(Row& s) {
    const double largest = *std::max_element(s.begin(), s.end());
    for (double& v : s) v = std::exp(v - largest);
    const double sum = std::accumulate(s.begin(), s.end(), 0.0);
    for (double& v : s) v /= sum;
  }

  std::vector<Row> attention(const std::vector<Row>& x, std::size_t layer) {
    const AttentionSpec& spec = model_.spec.layers[layer].attention;
    const AttentionWeights& w = model_.weights.layers[layer].attention;
    const auto d = static_cast<std::size_t>(spec.head_dim);
    std::vector<Row> q, k, v, out;
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Row h = norm(x[t], model_.weights.layers[layer].attention_norm);
      q.push_back(product(w.q, h)), k.push_back(product(w.k, h)), v.push_back(product(w.v, h));
      rotate(q[t], t), rotate(k[t], t);
    }
    for (std::size_t t = 0; t < x.size(); ++t) {
      Row heads(q[t].size());
      for (std::size_t h = 0; h < static_cast<std::size_t>(spec.heads); ++h) {
        const std::size_t kv =
            h * static_cast<std::size_t>(spec.kv_heads) / static_cast<std::size_t>(spec.heads);
        Row scores(t + 1);
        for (std::size_t j = 0; j <= t; ++j) {
          for (std::size_t i = 0; i < d; ++i) scores[j] += q[t][h * d + i] * k[j][kv * d + i];
          scores[j] /= std::sqrt(static_cast<double>(d));
        }
        softmax(scores);
        for (std::size_t j = 0; j <= t; ++j) {
          for (std::size_t i = 0; i < d; ++i) heads[h * d + i] += scores[j] * v[j][kv * d + i];
        }
      }
      out.push_back(product(w.o, heads));
    }
    return out;
  }

  Row swiglu(const FfnWeights& w, const Row& h) {
    Row gate = product(w.gate, h);
    const Row up = product(w.up, h);
    for (std::size_t i = 0; i < gate.size(); ++i) gate[i] *= up[i] / (1 + std::exp(-gate[i]));
    return product(w.down, gate);
  }

  // Mixtral's routing: a softmax over the best alone.
  Row feed_forward(const Row& h, std::size_t layer) {
    const MoeSpec& moe = model_.spec.layers[layer].ffn.moe;
    const LayerWeights& w = model_.weights.layers[layer];
    if (moe.experts == 0) return swiglu(w.ffn, h);
    const auto active = static_cast<std::size_t>(moe.active);
    const Row scores = product(w.moe.router, h);
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    gap_ = std::min(gap_, scores[order[active - 1]] - scores[order[active]]);
    Row weights;
    for (std::size_t i = 0; i < active; ++i) weights.push_back(scores[order[i]]);
    softmax(weights);
    Row out(h.size());
    for (std::size_t i = 0; i < active; ++i) {
      Row y = swiglu(w.moe.experts[order[i]], h);
      for (double& value : y) value *= weights[i];
      add(out, y);
    }
    return out;
  }

  const Model& model_;
  double tie_ = std::numeric_limits<double>::infinity();
  double gap_ = std::numeric_limits<double>::infinity();
};

}  // namespace pith::test
