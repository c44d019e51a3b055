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

/// A matrix and its bias.
struct Linear {
  Tensor weight;                ///< {K, R}
  const float* bias = nullptr;  ///< [R]
  explicit operator bool() const { return static_cast<bool>(weight); }
};

/// A feed-forward network; an expert is one too.
struct FfnWeights {
  Linear gate;  ///< {D, F}
  Linear up;    ///< {D, F}
  Linear down;  ///< {F, D}
};

struct MoeWeights {
  Linear router;                       ///< {D, E}
  const float* choice_bias = nullptr;  ///< [E], added to the scores for choosing alone
  std::vector<FfnWeights> experts;     ///< [E]
  FfnWeights shared;
  Linear shared_gate;  ///< {D, 1}
};

struct AttentionWeights {
  Linear q;                      ///< {D, H * Q} ({D, H * 2Q} where gated: each head's query, then its gate)
  Linear k;                      ///< {D, G * Q}
  Linear v;                      ///< {D, G * U}
  Linear o;                      ///< {H * U, D}
  Norm q_norm, k_norm;           ///< [Q] per head, or [H * Q] and [G * Q] over the full width
  const float* sinks = nullptr;  ///< [H]
};

struct LayerWeights {
  Norm attention_norm, attention_post_norm;
  Norm ffn_norm, ffn_post_norm;
  AttentionWeights attention;
  FfnWeights ffn;
  MoeWeights moe;
};

struct Weights {
  Tensor embedding;  ///< {D, V}
  Norm embedding_norm;
  Tensor positions;  ///< {D, context}
  std::vector<LayerWeights> layers;
  Norm output_norm;
  Linear output;      ///< {D, V}
  bool tied = false;  ///< the output matrix is the embedding

  std::deque<std::vector<float>> owned;  ///< one-dimensional tensors, as F32
};

/// Finds every tensor that `spec` needs in `file` (named as GGUF names them), checks type and shape, and
/// checks that no tensor is left over. Throws Error: missing tensor, wrong shape, a type without kernels, an
/// unclaimed tensor.
Weights bind_weights(const Arch& arch, const Spec& spec, const ModelFile& file);

}  // namespace pith
