#include "infer/workspace.h"

#include <algorithm>
#include <numeric>

namespace pith {

// Floats of each buffer in the order of the members, and what the inputs and the threads need.
struct Workspace::Sizes {
  std::int64_t x = 0, q = 0, k = 0, v = 0, heads = 0, ffn = 0, angles = 0, partials = 0, router = 0,
               expert_out = 0, logits = 0;
  std::int64_t tokens,
      slots;  // rows of the residual stream; rows of the FFN (a token has one for each active expert)
  std::int64_t input_width, ffn_width = 0;
  unsigned input_kinds = 0, ffn_kinds = 0;
  std::size_t scratch = 0;

  Sizes(const Spec& spec, const Weights& weights, const Kernels& kernels, std::int64_t t,
        std::int64_t logit_rows)
      : tokens(t), slots(t) {
    x = t * spec.width;
    logits = logit_rows * spec.vocab;
    input_width = spec.width;
    const auto scratch_of = [&](const Linear& w) {
      if (w) scratch = std::max(scratch, matmul_scratch(kernels, w));
    };
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
      const AttentionSpec& a = spec.layers[i].attention;
      const FfnSpec& f = spec.layers[i].ffn;
      const LayerWeights& w = weights.layers[i];
      q = std::max(q, t * a.heads * a.head_dim * (a.gated ? 2 : 1));
      k = std::max(k, t * a.kv_heads * a.head_dim);
      v = std::max(v, t * a.kv_heads * a.value_dim);
      heads = std::max(heads, t * a.heads * a.value_dim);
      input_width = std::max<std::int64_t>(input_width, std::int64_t{a.heads} * a.value_dim);
      partials = std::max<std::int64_t>(partials, kMaxPartials * (a.value_dim + 2));
      scratch = std::max({scratch, attention_scratch(kernels, a)});
      slots = std::max(slots, t * std::max(1, f.moe.active));
      ffn_width = std::max(
          {ffn_width, std::int64_t{f.width}, std::int64_t{f.moe.width}, std::int64_t{f.moe.shared_width}});
      router = std::max(router, t * f.moe.experts);
      input_kinds |= pith::input_kinds(
          kernels, {&w.attention.q, &w.attention.k, &w.attention.v, &w.attention.o, &w.ffn.gate, &w.ffn.up,
                    &w.moe.router, &w.moe.shared.gate, &w.moe.shared.up, &w.moe.shared_gate});
      ffn_kinds |= pith::input_kinds(kernels, {&w.ffn.down, &w.moe.shared.down});
      for (const Linear* m : {&w.attention.q, &w.attention.k, &w.attention.v, &w.attention.o, &w.ffn.gate,
                              &w.ffn.up, &w.ffn.down, &w.moe.router, &w.moe.shared.gate, &w.moe.shared.up,
                              &w.moe.shared.down, &w.moe.shared_gate}) {
        scratch_of(*m);
      }
      for (const FfnWeights& e : w.moe.experts) {
        input_kinds |= pith::input_kinds(kernels, {&e.gate, &e.up});
        ffn_kinds |= pith::input_kinds(kernels, {&e.gate, &e.up, &e.down});
        for (const Linear* m : {&e.gate, &e.up, &e.down}) scratch_of(*m);
      }
    }
    scratch_of(weights.output);
    input_kinds |= pith::input_kinds(kernels, {&weights.output});
    for (const RopeSpec& r : spec.ropes) angles += t * r.dims;
    ffn = slots * ffn_width;
    // Experts read their tokens gathered, so the FFN's inputs hold rows of either width.
    if (slots > t || router > 0) {
      expert_out = slots * spec.width;
      ffn_width = std::max(ffn_width, std::int64_t{spec.width});
    }
  }

  std::vector<std::int64_t> floats() const {
    return {x, x, q, k, v, heads, x, ffn, ffn, angles, partials, router, expert_out, logits};
  }
};

namespace {

// Every buffer begins on a cache line of its own.
std::size_t padded(std::int64_t floats) {
  return (static_cast<std::size_t>(floats) * sizeof(float) + 63) & ~std::size_t{63};
}

std::size_t total(const std::vector<std::int64_t>& floats) {
  return std::accumulate(floats.begin(), floats.end(), std::size_t{0},
                         [](std::size_t sum, std::int64_t n) { return sum + padded(n); });
}

std::size_t padded_scratch(std::size_t bytes) { return (bytes + 4095) & ~std::size_t{4095}; }

}  // namespace

std::uint64_t Workspace::bytes(const Spec& spec, const Weights& weights, const Kernels& kernels, int threads,
                               std::int64_t tokens, std::int64_t logit_rows) {
  const Sizes s(spec, weights, kernels, tokens, logit_rows);
  return total(s.floats()) + padded_scratch(s.scratch) * static_cast<std::size_t>(threads) +
         Inputs::bytes(kernels, s.tokens, s.input_width, s.input_kinds) +
         Inputs::bytes(kernels, s.slots, s.ffn_width, s.ffn_kinds);
}

Workspace::Workspace(const Spec& spec, const Weights& weights, const Kernels& kernels, int threads,
                     std::int64_t tokens, std::int64_t logit_rows)
    : Workspace(Sizes(spec, weights, kernels, tokens, logit_rows), kernels, threads) {}

Workspace::Workspace(const Sizes& s, const Kernels& kernels, int threads)
    : inputs(kernels, s.tokens, s.input_width),
      ffn_inputs(kernels, s.slots, s.ffn_width),
      memory_(total(s.floats()) + padded_scratch(s.scratch) * static_cast<std::size_t>(threads)) {
  std::byte* next = memory_.data();
  float** const members[] = {&x,    &h,  &q,      &k,        &v,      &heads,      &out,
                             &gate, &up, &angles, &partials, &router, &expert_out, &logits};
  const std::vector<std::int64_t> floats = s.floats();
  for (std::size_t i = 0; i < floats.size(); ++i) {
    *members[i] = reinterpret_cast<float*>(next);
    next += padded(floats[i]);
  }
  for (int i = 0; i < threads; ++i, next += padded_scratch(s.scratch)) scratch.push_back(next);
}

}  // namespace pith
