// What a decoder-only transformer is, as mechanisms: this is what the forward pass reads.
//
// A Spec holds no weights and no names of models. Whatever may differ between layers is in LayerSpec.
// Size letters used in comments: D embedding, V vocabulary, L layers, H query heads, G KV heads,
// Q width of a query or key head, U width of a value head, F FFN width, E experts, P width of a layer's
// input, T tokens of a step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace pith {

enum class NormKind : std::uint8_t {
  Rms,    ///< x / rms(x) * weight
  Layer,  ///< (x - mean) / std * weight + bias
};

/// Rotary positions: pair i of the first `dims` elements of a head turns by position * frequency[i].
struct RopeSpec {
  int dims = 0;
  bool halves = false;            ///< pairs (i, i + dims/2); else (2i, 2i + 1)
  std::vector<double> frequency;  ///< [dims / 2], every scaling applied
  double magnitude = 1;           ///< factor on cos and sin (YaRN's and LongRoPE's attention factor)
  /// LongRoPE (Ding et al. 2024, arXiv:2402.13753): taken where the context of the run is longer than the
  /// original one.
  std::vector<double> long_frequency;
  int original_context = 0;
};

/// Query heads that may share a KV head.
inline constexpr int kMaxQueryGroup = 256;

enum class QkNorm : std::uint8_t { None, PerHead, FullWidth };

/// Multi-head latent attention (arXiv:2405.04434): the cache holds one latent and one rotated
/// key a position; K and V are never expanded.
struct LatentSpec {
  int kv_rank = 0;     ///< 0: no latent attention in this layer
  int q_rank = 0;      ///< 0: queries come straight from the input
  int nope_dim = 0;    ///< of a query head: what has no position
  int rope_dim = 0;    ///< and what is rotated
  int value_dim = 0;   ///< of a head, after expansion
  float norm_eps = 0;  ///< of the norms of the latents
};

struct AttentionSpec {
  int heads = 0, kv_heads = 0;
  int head_dim = 0;   ///< Q
  int value_dim = 0;  ///< U
  int rope = -1;      ///< index into Spec::ropes; -1: no rotation in this layer
  int window = 0;     ///< a query sees itself and window - 1 positions before; 0: all
  int chunk = 0;      ///< attention within aligned chunks of this many positions; 0: not chunked
  int kv_layer = -1;  ///< the layer before this one whose keys and values it reads; -1: it has its own
  bool values_are_keys = false;  ///< a value is the key before its norm and rotation
  bool value_norm = false;       ///< weightless RMS norm of each value head
  QkNorm qk_norm = QkNorm::None;
  bool qk_l2_norm = false;  ///< weightless RMS norm of each query and key head
  bool qk_norm_after_rope = false;
  bool gated = false;  ///< output times sigmoid of a gate that lies behind each query head
  bool sinks = false;  ///< one learned logit a head joins the softmax
  float scale = 0;     ///< of q.k
  float softcap = 0;   ///< scores become softcap * tanh(score / softcap); 0: not
  float clip = 0;      ///< q, k and v are clamped to +-clip; 0: not
  bool clip_after_norm = false;
  float alibi_max_bias = 0;  ///< Press et al. 2022, arXiv:2108.12409; 0: not
  float alibi_factor = 1;    ///< of every slope
  /// Queries at position p are multiplied by 1 + temperature_scale * ln(1 + floor((p + offset) / period)).
  float temperature_scale = 0;
  int temperature_period = 1, temperature_offset = 0;
  LatentSpec latent;
};

/// Gated DeltaNet (Yang et al. 2024, arXiv:2412.06464): a matrix for each head, updated by each token, in
/// place of keys and values.
struct DeltaSpec {
  int key_heads = 0, value_heads = 0;
  int key_dim = 0, value_dim = 0;  ///< of a head
  int taps = 0;                    ///< of the causal convolution before it
  bool tiled =
      false;  ///< value head h belongs to key head h % key_heads; else to h / (value_heads / key_heads)

  int channels() const { return 2 * key_heads * key_dim + value_heads * value_dim; }
};

/// What mixes the tokens of a layer.
enum class Mixer : std::uint8_t {
  Attention,
  Delta,      ///< gated DeltaNet
  ShortConv,  ///< gated short convolution: c * conv(b * x)
};

/// In the order of GGUF's numbers for them, which begin at 1.
enum class Router : std::uint8_t {
  SoftmaxThenTopK,  ///< softmax over all experts, then the best
  Sigmoid,          ///< of each expert
  TopKThenSoftmax,  ///< softmax over the best alone
};

struct MoeSpec {
  int experts = 0;  ///< 0: a dense layer
  int active = 0;
  int width = 0;  ///< F of one expert
  Router router = Router::SoftmaxThenTopK;
  bool renormalise = false;           ///< the chosen weights are divided by their sum
  float scale = 1;                    ///< then multiplied by this
  int groups = 1, active_groups = 1;  ///< experts are chosen within the best groups alone
  bool group_by_top2 = false;         ///< a group's score is the sum of its two best, else its best
  bool weigh_input = false;           ///< the router's weight multiplies the expert's input, not its output
  int shared_width = 0;               ///< F of the expert that every token takes; 0: none
  bool shared_gate = false;           ///< its output times sigmoid of a learned projection
  /// The router and the experts read the residual, each behind a norm of its own; and what the experts add up
  /// to is normalised, as is the shared expert's output, before both are added.
  bool own_norms = false;
};

struct FfnSpec {
  int width = 0;
  bool gated = true;  ///< down(f(gate(x)) * up(x)); else down(f(up(x)))
  Activation activation = Activation::Silu;
  float clamp =
      0;  ///< of gated SiLU: gate <= clamp, |up| <= clamp, gate * sigmoid(1.702 gate) * (up + 1); 0: not
  MoeSpec moe;
};

struct LayerSpec {
  Mixer mixer = Mixer::Attention;
  AttentionSpec attention;
  DeltaSpec delta;
  int short_conv = 0;  ///< taps
  FfnSpec ffn;
};

struct Spec {
  std::string arch;  ///< of the row, for people
  int vocab = 0;
  int width = 0;            ///< D
  int trained_context = 0;  ///< 0: the file does not say

  NormKind norm = NormKind::Rms;
  float norm_eps = 0;
  bool pre_norm = true;    ///< the input of each sub-layer is normalised
  bool post_norm = false;  ///< the output of each sub-layer is normalised before it joins the residual
  bool parallel =
      false;  ///< attention and FFN read the same residual: x + attention(norm(x)) + ffn(norm'(x))
  bool embedding_norm = false;
  bool learned_positions = false;
  /// P: each layer ends with x + norm(down(act(gate(x)) * input)), where its input [P] comes from the token,
  /// by a second embedding, and from the first one's output; 0: not.
  int layer_input = 0;

  float embedding_scale = 1;
  float residual_scale = 1;
  float logit_scale = 1;
  float logit_softcap = 0;

  std::vector<RopeSpec> ropes;
  std::vector<LayerSpec> layers;
};

}  // namespace pith
