// The tensors of a model, bound to their places: views of the file, shapes in the comments.
// A matrix {K, R} multiplies from the left: y[R] = W x[K]. What a model does not have is null.
#pragma once

#include <deque>
#include <vector>

#include "format/model_file.h"
#include "model/archs.h"
#include "model/spec.h"

namespace pith {

struct Norm {
  const float* weight = nullptr;
  const float* bias = nullptr;
  explicit operator bool() const { return weight != nullptr; }
};

/// A matrix and its bias, or a part of a fused one: output r is row `first + r / group * group_step + r %
/// group` of the stored matrix.
struct Linear {
  Tensor weight;                ///< {K, stored rows}, or {stored rows, K} where `transposed`
  std::int64_t count = 0;       ///< R
  const float* bias = nullptr;  ///< [R]
  bool transposed = false;
  std::int64_t first = 0;
  std::int64_t group = 0, group_step = 0;  ///< group 0: all outputs follow each other

  explicit operator bool() const { return static_cast<bool>(weight); }
  std::int64_t inputs() const { return transposed ? weight.rows() : weight.cols(); }
  std::int64_t outputs() const { return count; }
  std::int64_t stored(std::int64_t r) const {
    return first + (group > 0 ? r / group * group_step + r % group : r);
  }
  /// The first output behind r's group.
  std::int64_t group_end(std::int64_t r) const { return group > 0 ? (r / group + 1) * group : count; }
};

/// A feed-forward network; an expert is one too.
struct FfnWeights {
  Linear gate;                        ///< {D, F}
  Linear up;                          ///< {D, F}
  Linear down;                        ///< {F, D}
  const float* act_scales = nullptr;  ///< [F], what f(up(x)) is divided by
};

struct MoeWeights {
  Linear router;                       ///< {D, E}
  const float* choice_bias = nullptr;  ///< [E], added to the scores for choosing alone
  std::vector<FfnWeights> experts;     ///< [E]
  FfnWeights shared;
  Linear shared_gate;                   ///< {D, 1}
  Norm router_norm, input_norm;         ///< [D] of the residual, see MoeSpec::own_norms
  Norm output_norm, shared_norm;        ///< [D] of the experts' sum and of the shared expert's output
  const float* expert_scale = nullptr;  ///< [E], of what each expert answers
};

/// Latent attention: q = q_b(norm(q_a x)), the cache holds norm(kv_a x) and its rotated tail.
struct LatentWeights {
  Linear q_a;               ///< {D, q_rank}
  Norm q_norm;              ///< [q_rank]
  Linear kv_a;              ///< {D, kv_rank + rope_dim}
  Norm kv_norm;             ///< [kv_rank]
  std::vector<Linear> k_b;  ///< [H] {nope_dim, kv_rank}: takes a query to the latent
  std::vector<Linear> v_b;  ///< [H] {kv_rank, value_dim}: takes what was read from the latent
};

struct DeltaWeights {
  Linear q, k;                     ///< {D, key_heads * key_dim}
  Linear v, z;                     ///< {D, value_heads * value_dim}; z gates the output
  Linear beta, alpha;              ///< {D, value_heads}: how much is written, how much is kept
  const float* conv = nullptr;     ///< [channels][taps]: of q, k and v
  const float* decay = nullptr;    ///< [value_heads], negative
  const float* dt_bias = nullptr;  ///< [value_heads]
  Norm norm;                       ///< [value_dim]
  Linear out;                      ///< {value_heads * value_dim, D}
};

struct ShortConvWeights {
  Linear in;                    ///< {D, 3 D}: b, c, x
  const float* conv = nullptr;  ///< [D][taps]
  Linear out;                   ///< {D, D}
};

struct AttentionWeights {
  Linear q;                      ///< {D, H * Q} ({D, H * 2Q} where gated: each head's query, then its gate)
  Linear k;                      ///< {D, G * Q}
  Linear v;                      ///< {D, G * U}
  Linear o;                      ///< {H * U, D}
  Norm q_norm, k_norm;           ///< [H * Q] and [G * Q]
  const float* sinks = nullptr;  ///< [H]
  LatentWeights latent;
};

struct LayerWeights {
  Norm attention_norm, attention_post_norm;
  Norm ffn_norm, ffn_post_norm;
  AttentionWeights attention;
  DeltaWeights delta;
  ShortConvWeights short_conv;
  FfnWeights ffn;
  MoeWeights moe;
  Linear input_gate;                    ///< {D, P}, see Spec::layer_input
  Linear input_down;                    ///< {P, D}
  Norm input_norm;                      ///< [D] of what it adds
  const float* output_scale = nullptr;  ///< [1], of the residual behind the layer
};

/// Calls f(const Linear&) for every matrix of a feed-forward network.
template <class F>
void for_each_matrix(const FfnWeights& w, F&& f) {
  for (const Linear* m : {&w.gate, &w.up, &w.down}) {
    if (*m) f(*m);
  }
}

/// Calls f(const Linear&) for every matrix that all tokens of a layer go through.
template <class F>
void for_each_common_matrix(const LayerWeights& l, F&& f) {
  const AttentionWeights& a = l.attention;
  const DeltaWeights& d = l.delta;
  for (const Linear* m : {&a.q, &a.k, &a.v, &a.o, &a.latent.q_a, &a.latent.kv_a, &d.q, &d.k, &d.v, &d.z,
                          &d.beta, &d.alpha, &d.out, &l.short_conv.in, &l.short_conv.out, &l.moe.router,
                          &l.moe.shared_gate, &l.input_gate, &l.input_down}) {
    if (*m) f(*m);
  }
  for (const Linear& m : a.latent.k_b) f(m);
  for (const Linear& m : a.latent.v_b) f(m);
  for_each_matrix(l.ffn, f);
  for_each_matrix(l.moe.shared, f);
}

/// Calls f(const Linear&) for every matrix that the layer has.
template <class F>
void for_each_matrix(const LayerWeights& l, F&& f) {
  for_each_common_matrix(l, f);
  for (const FfnWeights& e : l.moe.experts) for_each_matrix(e, f);
}

struct Weights {
  Tensor embedding;  ///< {D, V}
  Norm embedding_norm;
  Tensor positions;        ///< {D, context}
  Tensor layer_embedding;  ///< {L * P, V}, see Spec::layer_input
  Linear layer_inputs;     ///< {D, L * P}
  Norm layer_input_norm;   ///< [P]
  std::vector<LayerWeights> layers;
  Norm output_norm;
  Linear output;      ///< {D, V}
  bool tied = false;  ///< the output matrix is the embedding
  Linear reward;      ///< {D, n}: a reward model's head, read at the last token in place of the output

  std::deque<std::vector<float>> owned;  ///< one-dimensional tensors, as F32
};

/// What a model is opened for: a layout that no kernel reads can still be converted.
enum class Purpose : std::uint8_t { Run, Convert };

/// Finds every tensor that `spec` needs in `file` (named as GGUF names them), checks type and shape, and
/// checks that no tensor is left over. Throws Error: missing tensor, wrong shape, a type without kernels, an
/// unclaimed tensor.
Weights bind_weights(const Arch& arch, const Spec& spec, const ModelFile& file, Purpose purpose);

}  // namespace pith
