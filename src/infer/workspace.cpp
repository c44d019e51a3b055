#include "infer/workspace.h"

#include <algorithm>
#include <numeric>

namespace pith {

// Floats of each buffer, and what the inputs and the threads need.
struct Workspace::Sizes {
  std::int64_t x = 0, q = 0, k = 0, v = 0, heads = 0, ffn = 0, angles = 0, partials = 0, router = 0,
               latent = 0, layer_inputs = 0, recurrent = 0, expert_out = 0, logits = 0;
  // Elements of all rows together; a row is as long as its layer's matrices want it.
  std::int64_t tokens, slots, head_rows = 0;
  std::int64_t input_width, ffn_width = 0, head_width = 0;
  unsigned kinds = 0;
  std::size_t scratch = 0;

  Sizes(const Spec& spec, const Weights& weights, const Kernels& kernels, std::int64_t t,
        std::int64_t logit_rows)
      : tokens(t), slots(t), input_width(spec.width) {
    const std::int64_t d = spec.width;
    const auto grow = [](std::int64_t& size, std::int64_t to) { size = std::max(size, to); };
    const auto matrix = [&](const Linear& w) {
      scratch = std::max(scratch, matmul_scratch(kernels, w));
      kinds |= input_kinds(kernels, {&w});
    };
    x = t * d;
    logits = logit_rows * spec.vocab;
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
      const LayerSpec& l = spec.layers[i];
      const AttentionSpec& a = l.attention;
      const MoeSpec& m = l.ffn.moe;
      if (l.mixer == Mixer::Attention) {
        const std::int64_t heads_out = std::int64_t{a.heads} * a.value_dim;
        grow(q, t * a.heads * a.head_dim * (a.gated ? 2 : 1));
        grow(k, t * a.kv_heads * a.head_dim);
        grow(v, t * a.kv_heads * a.value_dim);
        grow(heads, t * heads_out);
        grow(input_width, heads_out);
        grow(partials, kMaxPartials * (a.value_dim + 2));
        scratch = std::max(scratch, attention_scratch(kernels, a));
        if (const LatentSpec& c = a.latent; c.kv_rank > 0) {
          const std::int64_t widest =
              std::max({c.q_rank, a.heads * (c.nope_dim + c.rope_dim), a.heads * c.value_dim});
          grow(latent, t * widest);
          grow(input_width, widest);
          grow(head_rows, t * a.heads);
          grow(head_width, std::max(c.nope_dim, c.kv_rank));
        }
      } else {
        const std::int64_t row = recurrent_row(spec, l);
        grow(recurrent, t * row);
        grow(heads, t * l.delta.value_heads * l.delta.value_dim);
        scratch = std::max(scratch,
                           sizeof(float) * static_cast<std::size_t>(2 * l.delta.key_dim + l.delta.value_dim));
        grow(input_width, row);
      }
      grow(ffn, t * std::max({l.ffn.width, m.shared_width, m.active * m.width}));
      grow(ffn_width, std::max({l.ffn.width, m.shared_width, m.width}));
      if (m.experts > 0) {
        grow(slots, t * m.active);
        grow(router, t * m.experts);
        grow(expert_out, t * m.active * d);
        grow(ffn_width, d);  // experts read their tokens gathered
      }
      for_each_matrix(weights.layers[i], matrix);
    }
    if (const std::int64_t p = spec.layer_input; p > 0) {
      const std::int64_t all = p * std::ssize(spec.layers);
      grow(ffn, t * p);
      grow(ffn_width, p);
      layer_inputs = t * all;
      scratch = std::max(scratch, sizeof(float) * static_cast<std::size_t>(all));
      matrix(weights.layer_inputs);
    }
    matrix(weights.output);
    if (weights.reward) matrix(weights.reward);
    for (const RopeSpec& r : spec.ropes) angles += t * r.dims;
  }

  /// A buffer and its floats.
  struct Buffer {
    float* Workspace::*member;
    std::int64_t floats;
  };
  std::vector<Buffer> always() const {
    return {{&Workspace::x, x},
            {&Workspace::h, x},
            {&Workspace::out, x},
            {&Workspace::angles, angles},
            {&Workspace::layer_inputs, layer_inputs},
            {&Workspace::logits, logits}};
  }
  // What mixes the tokens and what follows it are never at work together: they have the same memory.
  std::vector<Buffer> mixing() const {
    return {{&Workspace::q, q},
            {&Workspace::k, k},
            {&Workspace::v, v},
            {&Workspace::heads, heads},
            {&Workspace::latent, latent},
            {&Workspace::recurrent, recurrent},
            {&Workspace::partials, partials}};
  }
  std::vector<Buffer> feeding() const {
    return {{&Workspace::gate, ffn},
            {&Workspace::up, ffn},
            {&Workspace::router, router},
            {&Workspace::expert_out, expert_out}};
  }

  // Every buffer begins on a cache line of its own, every thread's scratch memory on a page.
  static std::size_t padded(std::int64_t floats) {
    return (static_cast<std::size_t>(floats) * sizeof(float) + 63) & ~std::size_t{63};
  }
  static std::size_t total(const std::vector<Buffer>& buffers) {
    return std::accumulate(buffers.begin(), buffers.end(), std::size_t{0},
                           [](std::size_t sum, const Buffer& b) { return sum + padded(b.floats); });
  }
  std::size_t padded_scratch() const { return (scratch + 4095) & ~std::size_t{4095}; }
  std::size_t bytes(int threads) const {
    return total(always()) + std::max(total(mixing()), total(feeding())) +
           padded_scratch() * static_cast<std::size_t>(threads);
  }
};

std::uint64_t Workspace::bytes(const Spec& spec, const Weights& weights, const Kernels& kernels, int threads,
                               std::int64_t tokens, std::int64_t logit_rows) {
  const Sizes s(spec, weights, kernels, tokens, logit_rows);
  return s.bytes(threads) + Inputs::bytes(kernels, s.tokens, s.input_width, s.kinds) +
         Inputs::bytes(kernels, s.head_rows, s.head_width, s.kinds) +
         Inputs::bytes(kernels, s.slots, s.ffn_width, s.kinds);
}

Workspace::Workspace(const Spec& spec, const Weights& weights, const Kernels& kernels, int threads,
                     std::int64_t tokens, std::int64_t logit_rows)
    : Workspace(Sizes(spec, weights, kernels, tokens, logit_rows), kernels, threads) {}

Workspace::Workspace(const Sizes& s, const Kernels& kernels, int threads)
    : inputs(kernels, s.tokens, s.input_width),
      head_inputs(kernels, s.head_rows, s.head_width),
      ffn_inputs(kernels, s.slots, s.ffn_width),
      memory_(s.bytes(threads)) {
  const auto place = [&](std::byte* next, const std::vector<Sizes::Buffer>& buffers) {
    for (const Sizes::Buffer& b : buffers) {
      this->*b.member = reinterpret_cast<float*>(next);
      next += Sizes::padded(b.floats);
    }
    return next;
  };
  std::byte* shared = place(memory_.data(), s.always());
  std::byte* next = std::max(place(shared, s.mixing()), place(shared, s.feeding()));
  for (int i = 0; i < threads; ++i, next += s.padded_scratch()) scratch.push_back(next);
}

}  // namespace pith
