// The feed-forward network, dense or a mixture of experts.
//
// In a mixture the tokens are grouped by expert, so that a step reads the matrices of each expert once; a
// token's results are added in the order of its choice, best expert first.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "infer/pass.h"

namespace pith {
namespace {

// gate [n] = f(gate) * up, or f(gate) where up is null.
void activate(const Kernels& kernels, const FfnSpec& spec, float* gate, const float* up, std::int64_t n) {
  if (spec.clamp > 0) {
    for (std::int64_t i = 0; i < n; ++i) {
      const float g = std::min(gate[i], spec.clamp), u = std::clamp(up[i], -spec.clamp, spec.clamp);
      gate[i] = g / (1 + std::exp(-1.702f * g)) * (u + 1);
    }
  } else {
    kernels.activate[static_cast<int>(spec.activation)](gate, up, n);
  }
}

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

// ws.inputs -> ws.out for every token.
void dense(Worker& worker, const Pass& pass, const FfnSpec& spec, const FfnWeights& w, std::int64_t width) {
  Workspace& ws = pass.ws;
  if (spec.gated) {
    pass.multiply(worker, {{ws.gate, width, &w.gate}, {ws.up, width, &w.up}}, ws.inputs);
  } else {
    pass.multiply(worker, {{ws.gate, width, &w.up}}, ws.inputs);
  }
  const unsigned kinds = input_kinds(pass.kernels, {&w.down});
  pass.each_token(worker, [&](std::int64_t t) {
    float* gate = ws.gate + t * width;
    activate(pass.kernels, spec, gate, spec.gated ? ws.up + t * width : nullptr, width);
    if (w.act_scales) std::transform(gate, gate + width, w.act_scales, gate, std::divides<>());
    ws.ffn_inputs.prepare(kinds, t, gate, width);
  });
  pass.multiply(worker, {{ws.out, pass.spec().width, &w.down}}, ws.ffn_inputs);
}

// Chooses the experts of one token from its router logits [E], which become scores.
void choose(const Kernels& kernels, const MoeSpec& m, const MoeWeights& w, float* scores,
            std::int32_t* expert, float* weight) {
  if (m.router == Router::SoftmaxThenTopK) kernels.softmax(scores, m.experts);
  if (m.router == Router::Sigmoid) std::transform(scores, scores + m.experts, scores, sigmoid);
  const auto rank = [&](std::int32_t e) { return scores[e] + (w.choice_bias ? w.choice_bias[e] : 0.0f); };
  // Ties go to the expert of the smaller number.
  const auto better = [&](std::int32_t a, std::int32_t b) {
    return rank(a) != rank(b) ? rank(a) > rank(b) : a < b;
  };

  std::vector<std::int32_t> order;
  if (m.active_groups < m.groups) {
    const int size = m.experts / m.groups;
    std::vector<float> group_score(static_cast<std::size_t>(m.groups));
    for (int g = 0; g < m.groups; ++g) {
      float best = -std::numeric_limits<float>::infinity(), second = best;
      for (int e = g * size; e < (g + 1) * size; ++e) {
        if (rank(e) > best) {
          second = best, best = rank(e);
        } else {
          second = std::max(second, rank(e));
        }
      }
      group_score[g] = m.group_by_top2 ? best + second : best;
    }
    std::vector<std::int32_t> groups(static_cast<std::size_t>(m.groups));
    std::iota(groups.begin(), groups.end(), 0);
    std::ranges::stable_sort(groups, [&](int a, int b) { return group_score[a] > group_score[b]; });
    for (int i = 0; i < m.active_groups; ++i) {
      for (int e = groups[i] * size; e < (groups[i] + 1) * size; ++e) order.push_back(e);
    }
  } else {
    order.resize(static_cast<std::size_t>(m.experts));
    std::iota(order.begin(), order.end(), 0);
  }
  std::partial_sort(order.begin(), order.begin() + m.active, order.end(), better);
  for (int i = 0; i < m.active; ++i) {
    expert[i] = order[i];
    weight[i] = scores[order[i]];
  }
  if (m.router == Router::TopKThenSoftmax) kernels.softmax(weight, m.active);
  if (m.renormalise) {
    const float sum = std::accumulate(weight, weight + m.active, 0.0f);
    for (int i = 0; i < m.active; ++i) weight[i] /= sum;
  }
  for (int i = 0; i < m.active; ++i)
    weight[i] *= m.scale * (w.expert_scale ? w.expert_scale[expert[i]] : 1.0f);
}

// Orders the chosen (token, rank) pairs by expert, tokens increasing within each.
void group_by_expert(ExpertChoice& c, const std::int32_t* expert, std::int64_t tokens, const MoeSpec& m) {
  const auto pairs = static_cast<std::size_t>(tokens) * m.active;
  c.begin.assign(static_cast<std::size_t>(m.experts) + 1, 0);
  for (std::size_t i = 0; i < pairs; ++i) ++c.begin[expert[i] + 1];
  std::partial_sum(c.begin.begin(), c.begin.end(), c.begin.begin());
  c.used.clear();
  for (int e = 0; e < m.experts; ++e) {
    if (c.begin[e] < c.begin[e + 1]) c.used.push_back(e);
  }
  std::vector<std::int32_t> next(c.begin.begin(), c.begin.end() - 1);
  c.slot.resize(pairs);
  c.token.resize(pairs);
  for (std::size_t i = 0; i < pairs; ++i) {
    c.slot[i] = next[expert[i]]++;
    c.token[c.slot[i]] = static_cast<std::int32_t>(i / m.active);
  }
}

// One product of every expert that has tokens: rows of `x` grouped by expert -> rows of y. The threads share
// out the row chunks of all of them together.
void multiply_experts(Worker& worker, const Pass& pass, const MoeWeights& w,
                      std::initializer_list<std::pair<float*, Linear FfnWeights::*>> products,
                      const Inputs& x) {
  constexpr std::int64_t kRows = 4 * kRowChunk;
  const ExpertChoice& c = pass.experts;
  const std::int64_t rows = (w.experts[0].*products.begin()->second).outputs();
  const std::int64_t chunks = (rows + kRows - 1) / kRows, claims = std::ssize(c.used) * chunks;
  worker.parallel_for(claims * std::ssize(products), 1, [&](std::int64_t claim, std::int64_t) {
    const auto& [y, member] = *(products.begin() + claim / claims);
    const std::int32_t e = c.used[claim % claims / chunks];
    const std::int64_t chunk = claim % chunks, first = c.begin[e];
    const Linear& matrix = w.experts[e].*member;
    multiply_rows(pass.kernels, {y + first * rows, rows, &matrix},
                  x.rows(input_kind(pass.kernels, matrix), first, matrix.inputs()), c.begin[e + 1] - first,
                  chunk * kRows, std::min(rows, (chunk + 1) * kRows), pass.ws.scratch[worker.index()]);
  });
}

}  // namespace

unsigned ffn_input_kinds(const Kernels& kernels, const LayerWeights& w) {
  return input_kinds(kernels, {&w.ffn.gate, &w.ffn.up, &w.moe.router, &w.moe.shared.gate, &w.moe.shared.up,
                               &w.moe.shared_gate});
}

void mixture(Worker& worker, const Pass& pass, std::size_t layer) {
  const FfnSpec& spec = pass.spec().layers[layer].ffn;
  const MoeSpec& m = spec.moe;
  const MoeWeights& w = pass.model.weights.layers[layer].moe;
  const std::int64_t d = pass.spec().width, f = m.width, tokens = pass.count();
  Workspace& ws = pass.ws;
  ExpertChoice& c = pass.experts;
  std::int32_t* const expert = c.expert.data() + layer * c.layer_size;
  float* const weight = c.weight.data() + layer * c.layer_size;

  if (m.own_norms) {
    const unsigned kinds = input_kinds(pass.kernels, {&w.router});
    pass.each_token(worker, [&](std::int64_t t) {
      pass.normalise(pass.out(t), pass.x(t), w.router_norm);
      ws.ffn_inputs.prepare(kinds, t, pass.out(t), d);
    });
  }
  pass.multiply(worker, {{ws.router, m.experts, &w.router}}, m.own_norms ? ws.ffn_inputs : ws.inputs);
  pass.each_token(worker, [&](std::int64_t t) {
    choose(pass.kernels, m, w, ws.router + t * m.experts, expert + t * m.active, weight + t * m.active);
  });
  worker.parallel_for(1, 1, [&](std::int64_t, std::int64_t) { group_by_expert(c, expert, tokens, m); });
  if (pass.read_ahead) {
    worker.parallel_for(std::ssize(c.used), 1,
                        [&](std::int64_t i, std::int64_t) { pass.read_ahead->want(w.experts[c.used[i]]); });
  }

  const unsigned kinds = input_kinds(pass.kernels, {&w.experts[0].gate, &w.experts[0].up});
  worker.parallel_for(tokens * m.active, 1, [&](std::int64_t pair, std::int64_t) {
    float* x = ws.expert_out + c.slot[pair] * d;  // free until the experts answer
    if (m.own_norms) {
      pass.normalise(x, pass.x(pair / m.active), w.input_norm);
    } else {
      std::copy_n(pass.h(pair / m.active), d, x);
    }
    if (m.weigh_input) pass.kernels.scale(x, weight[pair], d);
    ws.ffn_inputs.prepare(kinds, c.slot[pair], x, d);
  });
  if (spec.gated) {
    multiply_experts(worker, pass, w, {{ws.gate, &FfnWeights::gate}, {ws.up, &FfnWeights::up}},
                     ws.ffn_inputs);
  } else {
    multiply_experts(worker, pass, w, {{ws.gate, &FfnWeights::up}}, ws.ffn_inputs);
  }
  const unsigned down = input_kinds(pass.kernels, {&w.experts[0].down});
  worker.parallel_for(tokens * m.active, 1, [&](std::int64_t slot, std::int64_t) {
    float* gate = ws.gate + slot * f;
    activate(pass.kernels, spec, gate, spec.gated ? ws.up + slot * f : nullptr, f);
    ws.ffn_inputs.prepare(down, slot, gate, f);
  });
  multiply_experts(worker, pass, w, {{ws.expert_out, &FfnWeights::down}}, ws.ffn_inputs);

  if (m.shared_width > 0) {
    dense(worker, pass, spec, w.shared, m.shared_width);
    if (m.shared_gate) pass.multiply(worker, {{ws.router, 1, &w.shared_gate}}, ws.inputs);
  }
  pass.each_token(worker, [&](std::int64_t t) {
    float *const out = pass.out(t), *const sum = m.own_norms ? pass.h(t) : out;
    if (sum != out || m.shared_width == 0) std::fill_n(sum, d, 0.0f);
    if (m.shared_gate) pass.kernels.scale(out, sigmoid(ws.router[t]), d);
    for (int i = 0; i < m.active; ++i) {
      const std::int64_t pair = t * m.active + i;
      pass.kernels.axpy(sum, m.weigh_input ? 1.0f : weight[pair], ws.expert_out + c.slot[pair] * d, d);
    }
    if (m.own_norms) {
      pass.normalise(out, out, w.shared_norm);
      pass.normalise(sum, sum, w.output_norm);
      pass.kernels.add(out, sum, d);
    }
  });
}

void feed_forward(Worker& worker, const Pass& pass, std::size_t layer) {
  const FfnSpec& spec = pass.spec().layers[layer].ffn;
  if (spec.moe.experts > 0) return mixture(worker, pass, layer);
  dense(worker, pass, spec, pass.model.weights.layers[layer].ffn, spec.width);
}

}  // namespace pith
