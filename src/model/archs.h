// An architecture is a row of a table: what is structural about it, and how its containers name things.
// Numbers (sizes, epsilons, windows) come from the file; read_spec.cpp says from which keys.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "format/model_file.h"
#include "model/spec.h"

namespace pith {

/// How a Hugging Face checkpoint names a tensor: `theirs` becomes GGUF's name `ours`. {} stands for the
/// layer's number in both, {e} for the expert's or the head's. ".weight" and ".bias" follow a pattern unless
/// `ours` has them.
struct NamePattern {
  std::string_view theirs, ours;
};

/// Whether a model of this row has something: never, perhaps (then it is used where it is found), always.
enum class Has : std::uint8_t { No, Maybe, Yes };

enum class Positions : std::uint8_t { Rope, Learned, Alibi };

/// Which matrices a Hugging Face checkpoint stores as [in][out].
enum class Transposed : std::uint8_t { None, Layers, Experts };

/// Which layers a window (or whatever else is local) leaves out: of every `period` layers the last one, or
/// the first.
struct LayerPattern {
  int period = 0;  ///< 0: none is left out
  bool first = false;
  bool global(int layer) const { return period > 0 && layer % period == (first ? 0 : period - 1); }
};

struct Arch {
  std::string_view name;                      ///< general.architecture of GGUF
  std::array<std::string_view, 3> classes{};  ///< Hugging Face classes ("architectures" of config.json)
  std::span<const NamePattern> names{};       ///< of the Hugging Face checkpoint, before common_names()
  std::string_view ignored{};                 ///< tensors (GGUF names, {} a layer) inference does without

  NormKind norm = NormKind::Rms;
  Has norm_bias = Has::No;
  bool pre_norm = true, post_norm = false;
  /// Maybe: as use_parallel_residual says, else where layers have no FFN norm of their own.
  Has parallel = Has::No;
  bool embedding_norm = false;

  Positions positions = Positions::Rope;
  bool halves = true;          ///< RoPE pairs (i, i + n/2), else neighbours
  bool gguf_permuted = false;  ///< GGUF holds Q and K with rows permuted such that these pairs are neighbours
  LayerPattern windows{};      ///< layers without the window, where no key says which
  LayerPattern no_rope{};      ///< layers without positions
  /// Layers without a window have no positions, if the model has windows at all.
  bool rope_needs_window = false;
  bool yarn_truncate = true;  ///< YaRN's ramp begins and ends at whole pairs
  float local_rope_base = 0;  ///< of layers with a window; 0: the same in all layers

  /// The Hugging Face checkpoint fuses q, k and v KV head by KV head; else, as in GGUF, all q come first,
  /// then k, then v.
  bool qkv_by_group = false;
  bool latent = false;  ///< attention is latent
  bool gated_attention = false;
  bool tiled_heads = false;  ///< GGUF's value heads of a recurrent layer are ordered such that head h belongs
                             ///< to key head h % key heads
  float score_scale = 0;     ///< of q.k where no key says it; 0: 1 / sqrt(head size)
  bool value_norm = false;   ///< see AttentionSpec
  bool values_may_be_keys = false;  ///< a layer without V takes K for it
  Has qkv_bias = Has::Maybe, out_bias = Has::Maybe, ffn_bias = Has::Maybe;
  QkNorm qk_norm = QkNorm::None;
  Has has_qk_norm = Has::Yes;
  bool qk_norm_after_rope = false, clip_after_norm = false;
  bool sinks = false;

  Activation activation = Activation::Silu;
  bool gated = true;
  float clamp = 0;  ///< see FfnSpec
  /// The Hugging Face checkpoint's fused experts alternate rows of gate and up.
  bool alternating_gate = false;

  Router router = Router::SoftmaxThenTopK;
  bool renormalise = false, weigh_input = false;
  bool shared_gate = false;
  bool shared_expert = false;         ///< there is one, as wide as the others, though no key says so
  bool dense_beside_experts = false;  ///< a mixture's shared expert is a dense FFN; see MoeSpec::own_norms

  bool scale_embedding = false;  ///< embeddings times sqrt(width)
  bool divide_logits = false;    ///< logit_scale divides
  bool norm_plus_one = false;    ///< the Hugging Face checkpoint stores norm weights less 1
  Transposed transposed = Transposed::None;

  /// What no flag says. Runs after the numbers were read.
  void (*adjust)(const ModelFile& file, Spec& spec) = nullptr;
};

std::span<const Arch> archs();

/// The names that most checkpoints share.
std::span<const NamePattern> common_names();

/// The row of a GGUF architecture name or of a Hugging Face class; nullptr if there is none.
const Arch* find_arch(std::string_view gguf_name);
const Arch* find_arch_by_class(std::string_view hugging_face_class);

/// The supported names, for error messages.
std::string arch_list();

}  // namespace pith
