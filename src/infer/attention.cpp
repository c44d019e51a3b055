// Attention over the paged KV cache.
//
// The KV axis is cut twice, both times at absolute positions: into tiles of kTile positions (a page), and
// into splits of kSplitTiles tiles. A query's softmax runs online through the tiles of a split; the splits'
// results are merged in increasing order. So the same operations happen whether a query comes alone or with
// others, in whatever step, and whether its splits are computed by one thread or by many.
#include "infer/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "infer/pass.h"

namespace pith {
namespace {

constexpr std::int64_t kSplitTiles = 16;
constexpr std::int64_t kSplit = kSplitTiles * kTile;
// Queries of one KV head that go through the tiles together: enough to pay for unpacking a tile, few enough
// that their state stays in the first-level cache.
constexpr int kQueryRows = 64;

/// The softmax state of some queries: acc [n][value_dim], max [n], sum [n].
struct State {
  float* acc;
  float* max;
  float* sum;

  static std::int64_t floats(int queries, int value_dim) { return std::int64_t{queries} * (value_dim + 2); }
  State(float* memory, int queries, int value_dim)
      : acc(memory), max(memory + std::int64_t{queries} * value_dim), sum(max + queries) {}
  void start(int queries, int value_dim) {
    std::fill_n(acc, std::int64_t{queries} * value_dim, 0.0f);
    std::fill_n(max, queries, -std::numeric_limits<float>::infinity());
    std::fill_n(sum, queries, 0.0f);
  }
};

// Merges one query's partial state into its total. Neither has to have seen a position.
void merge(const Kernels& kernels, float* acc, float* max, float* sum, const float* part_acc, float part_max,
           float part_sum, int value_dim) {
  if (part_sum == 0) return;
  if (*sum == 0) {
    std::copy_n(part_acc, value_dim, acc);
    *max = part_max, *sum = part_sum;
    return;
  }
  const float top = std::max(*max, part_max);
  const float keep = std::exp(*max - top), add = std::exp(part_max - top);
  kernels.scale(acc, keep, value_dim);
  kernels.axpy(acc, add, part_acc, value_dim);
  *sum = *sum * keep + part_sum * add;
  *max = top;
}

// First position that a query at `position` sees.
std::int64_t first_visible(const AttentionSpec& a, std::int64_t position) {
  if (a.window > 0) return std::max<std::int64_t>(0, position - a.window + 1);
  if (a.chunk > 0) return position - position % a.chunk;
  return 0;
}

int query_block(const AttentionSpec& a) {
  return std::max(1, kQueryRows / (a.heads / a.kv_heads));
}  // tokens

// Slope of head h: 2^(-m (h+1) / n) for the largest power of two n up to the head count; heads beyond it take
// every other slope of 2n (Press et al., section 3, as published with the paper's code).
float alibi_slope(const AttentionSpec& a, int head) {
  if (a.alibi_max_bias == 0) return 0;
  const int n = 1 << static_cast<int>(std::log2(a.heads));
  const double base =
      head < n ? -static_cast<double>(a.alibi_max_bias) / n : -static_cast<double>(a.alibi_max_bias) / 2 / n;
  return a.alibi_factor * static_cast<float>(std::exp2(base * (head < n ? head + 1 : 2 * (head - n) + 1)));
}

// The attention of one layer in one step.
class LayerAttention {
 public:
  LayerAttention(const Pass& pass, std::size_t layer)
      : pass_(pass),
        kernels_(pass.kernels),
        a_(pass.spec().layers[layer].attention),
        w_(pass.model.weights.layers[layer].attention),
        place_(pass.cache.layer(layer)),
        own_heads_(a_.kv_layer < 0 ? a_.kv_heads : 0),
        group_(a_.heads / a_.kv_heads),
        q_stride_(std::int64_t{a_.heads} * a_.head_dim * (a_.gated ? 2 : 1)),
        head_stride_(a_.head_dim * (a_.gated ? 2 : 1)) {}

  void run(Worker& worker) {
    if (a_.latent.kv_rank > 0) {
      project_latent(worker);
    } else {
      const std::int64_t k_width = std::int64_t{own_heads_} * a_.head_dim,
                         v_width = std::int64_t{own_heads_} * a_.value_dim;
      pass_.multiply(
          worker,
          {{pass_.ws.q, q_stride_, &w_.q}, {pass_.ws.k, k_width, &w_.k}, {pass_.ws.v, v_width, &w_.v}},
          pass_.ws.inputs);
      pass_.each_token(worker, [&](std::int64_t t) { place(t); });
    }
    if (splits_ = longest_splits(); splits_ > 1 && pass_.count() * a_.heads * splits_ <= kMaxPartials) {
      attend_splits(worker);
    } else {
      attend_blocks(worker);
    }
    const float* out = pass_.ws.heads;
    std::int64_t width = std::int64_t{a_.heads} * a_.value_dim;
    if (a_.latent.kv_rank > 0) {
      expand_latent(worker);
      out = pass_.ws.latent, width = std::int64_t{a_.heads} * a_.latent.value_dim;
    }
    const unsigned kinds = input_kinds(kernels_, {&w_.o});
    pass_.each_token(worker, [&](std::int64_t t) {
      if (a_.gated) apply_gate(t);
      pass_.ws.inputs.prepare(kinds, t, out + t * width, width);
    });
    pass_.multiply(worker, {{pass_.ws.out, pass_.spec().width, &w_.o}}, pass_.ws.inputs);
  }

 private:
  float* q(std::int64_t t, int head) const { return pass_.ws.q + t * q_stride_ + head * head_stride_; }
  float* k(std::int64_t t) const { return pass_.ws.k + t * a_.kv_heads * a_.head_dim; }
  float* v(std::int64_t t) const { return pass_.ws.v + t * a_.kv_heads * a_.value_dim; }
  float* heads(std::int64_t t) const { return pass_.ws.heads + t * a_.heads * a_.value_dim; }

  // Turns token t's queries and keys, and stores its keys and values in the cache.
  void place(std::int64_t t) const {
    const std::int64_t position = pass_.positions[t];
    if (a_.values_are_keys) std::copy_n(k(t), std::int64_t{own_heads_} * a_.head_dim, v(t));
    if (a_.value_norm) {
      for (int g = 0; g < own_heads_; ++g) rms_norm(v(t) + g * a_.value_dim, a_.value_dim);
    }
    if (a_.clip > 0 && !a_.clip_after_norm) clip(t);
    if (!a_.qk_norm_after_rope) norm_qk(t);
    if (a_.clip > 0 && a_.clip_after_norm) clip(t);
    if (a_.rope >= 0) {
      for (int h = 0; h < a_.heads; ++h) rotate(q(t, h), t);
      for (int g = 0; g < own_heads_; ++g) rotate(k(t) + g * a_.head_dim, t);
    }
    if (a_.qk_norm_after_rope) norm_qk(t);
    if (a_.temperature_scale != 0) {
      const double periods =
          std::floor(static_cast<double>(position + a_.temperature_offset) / a_.temperature_period);
      const auto factor = static_cast<float>(1 + a_.temperature_scale * std::log1p(periods));
      for (int h = 0; h < a_.heads; ++h) kernels_.scale(q(t, h), factor, a_.head_dim);
    }
    store(t);
  }

  // Token t's keys and values into the cache.
  void store(std::int64_t t) const {
    const std::int64_t position = pass_.positions[t];
    const Run& run = pass_.runs[pass_.run_of[t]];
    std::byte* page = pass_.cache.page(place_.group, run.sequence->pages(place_.group)[position / kTile]);
    for (int g = 0; g < own_heads_; ++g) {
      const std::int64_t row = g * kTile + position % kTile;
      kernels_.encode[static_cast<int>(place_.k_type)](page + place_.k_offset + row * place_.k_row,
                                                       k(t) + g * a_.head_dim, a_.head_dim);
      if (a_.latent.kv_rank > 0) continue;  // the values are the beginning of the key
      kernels_.encode[static_cast<int>(place_.v_type)](page + place_.v_offset + row * place_.v_row,
                                                       v(t) + g * a_.value_dim, a_.value_dim);
    }
  }

  // Latent attention: queries are taken to the latent, so that scores and values need nothing but what the
  // cache holds. Columns of q are [latent, rotated part] for each head, the one key likewise.
  void project_latent(Worker& worker) const {
    const LatentSpec& c = a_.latent;
    const LatentWeights& w = w_.latent;
    const int head = c.nope_dim + c.rope_dim;
    const std::int64_t q_width = std::int64_t{a_.heads} * head, tokens = pass_.count();
    Workspace& ws = pass_.ws;
    if (w.q_a) {
      pass_.multiply(worker, {{ws.latent, c.q_rank, &w.q_a}, {ws.k, a_.head_dim, &w.kv_a}}, ws.inputs);
      const unsigned kinds = input_kinds(kernels_, {&w_.q});
      pass_.each_token(worker, [&](std::int64_t t) {
        float* x = ws.latent + t * c.q_rank;
        kernels_.rms_norm(x, x, w.q_norm.weight, c.q_rank, c.norm_eps);
        ws.inputs.prepare(kinds, t, x, c.q_rank);
      });
      pass_.multiply(worker, {{ws.latent, q_width, &w_.q}}, ws.inputs);
    } else {
      pass_.multiply(worker, {{ws.latent, q_width, &w_.q}, {ws.k, a_.head_dim, &w.kv_a}}, ws.inputs);
    }
    const unsigned kinds = input_kinds(kernels_, {&w.k_b[0]});
    pass_.each_token(worker, [&](std::int64_t t) {
      kernels_.rms_norm(k(t), k(t), w.kv_norm.weight, c.kv_rank, c.norm_eps);
      rotate(k(t) + c.kv_rank, t);
      for (int h = 0; h < a_.heads; ++h) {
        const float* x = ws.latent + t * q_width + h * head;
        ws.head_inputs.prepare(kinds, h * tokens + t, x, c.nope_dim);
        std::copy_n(x + c.nope_dim, c.rope_dim, q(t, h) + c.kv_rank);
        rotate(q(t, h) + c.kv_rank, t);
      }
      store(t);
    });
    multiply_heads(worker, w.k_b, ws.q, q_stride_, a_.head_dim);
  }

  // ws.heads (latents that attention read) -> ws.latent, the heads' values.
  void expand_latent(Worker& worker) const {
    const LatentSpec& c = a_.latent;
    const unsigned kinds = input_kinds(kernels_, {&w_.latent.v_b[0]});
    pass_.each_token(worker, [&](std::int64_t t) {
      for (int h = 0; h < a_.heads; ++h) {
        pass_.ws.head_inputs.prepare(kinds, h * pass_.count() + t, heads(t) + h * a_.value_dim, c.kv_rank);
      }
    });
    multiply_heads(worker, w_.latent.v_b, pass_.ws.latent, std::int64_t{a_.heads} * c.value_dim, c.value_dim);
  }

  // A matrix of each head times that head's rows of head_inputs: y[t * ldy + h * step ...].
  void multiply_heads(Worker& worker, const std::vector<Linear>& matrices, float* y, std::int64_t ldy,
                      std::int64_t step) const {
    worker.parallel_for(std::ssize(matrices), 1, [&](std::int64_t h, std::int64_t) {
      const Linear& w = matrices[h];
      const std::byte* x = pass_.ws.head_inputs.rows(input_kind(kernels_, w), h * pass_.count(), w.inputs());
      multiply_rows(kernels_, {y + h * step, ldy, &w}, x, pass_.count(), 0, w.outputs(),
                    pass_.ws.scratch[worker.index()]);
    });
  }

  void clip(std::int64_t t) const {
    const auto clamp = [&](float* x, std::int64_t n) {
      for (std::int64_t i = 0; i < n; ++i) x[i] = std::clamp(x[i], -a_.clip, a_.clip);
    };
    clamp(q(t, 0), q_stride_);
    clamp(k(t), std::int64_t{own_heads_} * a_.head_dim);
    clamp(v(t), std::int64_t{own_heads_} * a_.value_dim);
  }

  void rotate(float* head, std::int64_t t) const {
    const RopeSpec& rope = pass_.ropes[a_.rope];
    const float* angles = pass_.angles(a_.rope, t);
    kernels_.rope(head, angles, angles + rope.dims / 2, rope.dims / 2, rope.halves);
  }

  // Without a weight, in place.
  void rms_norm(float* x, std::int64_t n) const {
    kernels_.rms_norm(x, x, nullptr, n, pass_.spec().norm_eps);
  }

  void norm_qk(std::int64_t t) const {
    if (a_.qk_l2_norm && a_.rope >= 0) {
      for (int h = 0; h < a_.heads; ++h) rms_norm(q(t, h), a_.head_dim);
      for (int g = 0; g < own_heads_; ++g) rms_norm(k(t) + g * a_.head_dim, a_.head_dim);
    }
    if (a_.qk_norm == QkNorm::None) return;
    const auto norm = [&](float* x, const Norm& w, std::int64_t n) {
      if (pass_.spec().norm == NormKind::Rms) {
        kernels_.rms_norm(x, x, w.weight, n, pass_.spec().norm_eps);
      } else {
        kernels_.layer_norm(x, x, w.weight, w.bias, n, pass_.spec().norm_eps);
      }
    };
    if (a_.qk_norm == QkNorm::FullWidth) {
      norm(q(t, 0), w_.q_norm, std::int64_t{a_.heads} * a_.head_dim);
      if (own_heads_ > 0) norm(k(t), w_.k_norm, std::int64_t{own_heads_} * a_.head_dim);
      return;
    }
    const auto of_head = [&](const Norm& w, int head) {
      return Norm{w.weight + head * a_.head_dim, w.bias ? w.bias + head * a_.head_dim : nullptr};
    };
    for (int h = 0; h < a_.heads; ++h) norm(q(t, h), of_head(w_.q_norm, h), a_.head_dim);
    for (int g = 0; g < own_heads_; ++g) norm(k(t) + g * a_.head_dim, of_head(w_.k_norm, g), a_.head_dim);
  }

  // Output times sigmoid of the gate beside each query head.
  void apply_gate(std::int64_t t) const {
    for (int h = 0; h < a_.heads; ++h) {
      const float* gate = q(t, h) + a_.head_dim;
      float* out = heads(t) + h * a_.value_dim;
      for (int i = 0; i < a_.value_dim; ++i) out[i] /= 1 + std::exp(-gate[i]);
    }
  }

  // Queries of tokens [first, first + count) of `run` and KV head g through the tiles of [begin, end), which
  // lie in one split.
  void attend(const Run& run, std::int64_t first, int count, int g, std::int64_t begin, std::int64_t end,
              State state, std::byte* scratch) const {
    AttentionQuery queries[kMaxQueryGroup];
    for (std::int64_t tile = begin / kTile; tile * kTile < end; ++tile) {
      int n = 0;
      for (int i = 0; i < count * group_; ++i) {
        const std::int64_t t = first + i / group_, position = pass_.positions[t];
        const std::int64_t from = std::max(first_visible(a_, position) - tile * kTile, std::int64_t{0});
        const std::int64_t to = std::min<std::int64_t>(position + 1 - tile * kTile, kTile);
        if (from >= to) continue;
        const int head = g * group_ + i % group_;
        queries[n++] = {q(t, head),
                        state.acc + std::int64_t{i} * a_.value_dim,
                        state.max + i,
                        state.sum + i,
                        static_cast<int>(from),
                        static_cast<int>(to),
                        alibi_slope(a_, head),
                        static_cast<float>(tile * kTile - position)};
      }
      if (n == 0) continue;
      const std::byte* page = pass_.cache.page(place_.group, run.sequence->pages(place_.group)[tile]);
      const AttentionTile stored{place_.k_type,
                                 place_.v_type,
                                 page + place_.k_offset + g * kTile * place_.k_row,
                                 page + place_.v_offset + g * kTile * place_.v_row,
                                 static_cast<std::int64_t>(place_.k_row),
                                 static_cast<std::int64_t>(place_.v_row),
                                 a_.head_dim,
                                 a_.value_dim,
                                 a_.scale,
                                 a_.softcap};
      kernels_.attend(queries, n, stored, scratch);
    }
  }

  // The end of a query: divides by the sum, which a sink may add to.
  void finish(std::int64_t t, int head, const float* acc, float max, float sum) const {
    float* out = heads(t) + std::int64_t{head} * a_.value_dim;
    std::copy_n(acc, a_.value_dim, out);
    float factor = 1 / sum;
    if (w_.sinks) {
      const float top = std::max(max, w_.sinks[head]);
      factor = std::exp(max - top) / (sum * std::exp(max - top) + std::exp(w_.sinks[head] - top));
    }
    kernels_.scale(out, factor, a_.value_dim);
  }

  // One item: a block of queries of one KV head through all its splits, one after the other.
  void attend_blocks(Worker& worker) const {
    const int block = query_block(a_), u = a_.value_dim;
    std::int64_t blocks = 0;
    for (const Run& run : pass_.runs) blocks += (run.count + block - 1) / block;
    auto* memory = reinterpret_cast<float*>(pass_.ws.scratch[worker.index()]);
    const int rows = block * group_;
    const State total(memory, rows, u), part(memory + State::floats(rows, u), rows, u);
    auto* scratch = reinterpret_cast<std::byte*>(memory + 2 * State::floats(rows, u));
    worker.parallel_for(blocks * a_.kv_heads, 1, [&](std::int64_t item, std::int64_t) {
      const int g = static_cast<int>(item % a_.kv_heads);
      std::int64_t index = item / a_.kv_heads;
      const Run* run = pass_.runs.data();
      for (; index >= (run->count + block - 1) / block; ++run) index -= (run->count + block - 1) / block;
      const std::int64_t first = run->first + index * block;
      const int count = static_cast<int>(std::min<std::int64_t>(block, run->first + run->count - first));
      const std::int64_t end = pass_.positions[first + count - 1] + 1;
      State sum = total, now = part;
      sum.start(count * group_, u);
      for (std::int64_t at = first_visible(a_, pass_.positions[first]); at < end;
           at = (at / kSplit + 1) * kSplit) {
        now.start(count * group_, u);
        attend(*run, first, count, g, at, std::min(end, (at / kSplit + 1) * kSplit), now, scratch);
        for (int i = 0; i < count * group_; ++i) {
          merge(kernels_, sum.acc + std::int64_t{i} * u, sum.max + i, sum.sum + i,
                now.acc + std::int64_t{i} * u, now.max[i], now.sum[i], u);
        }
      }
      for (int i = 0; i < count * group_; ++i) {
        finish(first + i / group_, g * group_ + i % group_, sum.acc + std::int64_t{i} * u, sum.max[i],
               sum.sum[i]);
      }
    });
  }

  // Few queries with many positions: the splits are shared out too, then merged in order.
  void attend_splits(Worker& worker) const {
    const int u = a_.value_dim;
    const std::int64_t items = pass_.count() * a_.kv_heads * splits_;
    const auto state = [&](std::int64_t item) {
      return State(pass_.ws.partials + item * State::floats(group_, u), group_, u);
    };
    worker.parallel_for(items, 1, [&](std::int64_t item, std::int64_t) {
      const std::int64_t split = item % splits_, t = item / splits_ / a_.kv_heads,
                         position = pass_.positions[t];
      State part = state(item);
      part.start(group_, u);
      const std::int64_t begin = std::max(first_visible(a_, position), split * kSplit),
                         end = std::min(position + 1, (split + 1) * kSplit);
      if (begin >= end) return;
      attend(pass_.runs[pass_.run_of[t]], t, 1, static_cast<int>(item / splits_ % a_.kv_heads), begin, end,
             part, pass_.ws.scratch[worker.index()]);
    });
    worker.parallel_for(pass_.count() * a_.heads, 1, [&](std::int64_t item, std::int64_t) {
      const std::int64_t t = item / a_.heads;
      const int head = static_cast<int>(item % a_.heads), g = head / group_, i = head % group_;
      State total(reinterpret_cast<float*>(pass_.ws.scratch[worker.index()]), 1, u);
      total.start(1, u);
      for (std::int64_t split = 0; split < splits_; ++split) {
        const State part = state((t * a_.kv_heads + g) * splits_ + split);
        merge(kernels_, total.acc, total.max, total.sum, part.acc + std::int64_t{i} * u, part.max[i],
              part.sum[i], u);
      }
      finish(t, head, total.acc, *total.max, *total.sum);
    });
  }

  std::int64_t longest_splits() const {
    std::int64_t most = 0;
    for (std::int32_t position : pass_.positions) most = std::max<std::int64_t>(most, position / kSplit + 1);
    return most;
  }

  const Pass& pass_;
  const Kernels& kernels_;
  const AttentionSpec& a_;
  const AttentionWeights& w_;
  const KvCache::Layer& place_;
  int own_heads_;  // KV heads that this layer computes and stores
  int group_;
  std::int64_t q_stride_, head_stride_;
  std::int64_t splits_ = 0;
};

}  // namespace

std::size_t attention_scratch(const Kernels& kernels, const AttentionSpec& a) {
  const int rows = query_block(a) * (a.heads / a.kv_heads);
  return sizeof(float) * 2 * State::floats(rows, a.value_dim) +
         kernels.attend_scratch(a.head_dim, a.value_dim);
}

void attention(Worker& worker, const Pass& pass, std::size_t layer) {
  LayerAttention(pass, layer).run(worker);
}

}  // namespace pith
