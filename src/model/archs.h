// An architecture is a row of a table: what is structural about it, and how its containers name things.
// Numbers (sizes, epsilons, windows) come from the file; see read_spec in spec.cpp for which keys.
#pragma once

#include <span>
#include <string_view>

#include "format/metadata.h"
#include "model/spec.h"

namespace pith {

/// How a Hugging Face checkpoint names a tensor: `theirs` becomes GGUF's name `ours`. {} stands for the
/// layer's number in both, {e} for the expert's. A name ends where the tensor's does, so both ".weight" and
/// ".bias" follow it.
struct NamePattern {
  std::string_view theirs, ours;
};

/// Whether a model of this row has a tensor: never, perhaps (then it is used where it is found), always.
enum class Has : std::uint8_t { No, Maybe, Yes };

enum class Positions : std::uint8_t { Rope, Learned, Alibi, None };

struct Arch {
  std::string_view name;                      ///< general.architecture of GGUF
  std::span<const std::string_view> classes;  ///< Hugging Face classes ("architectures" of config.json)
  std::span<const NamePattern> names;         ///< of the Hugging Face checkpoint
  std::span<const std::string_view>
      ignored{};  ///< tensors (GGUF names, {} a layer) that inference does not need

  NormKind norm = NormKind::Rms;
  bool pre_norm = true, post_norm = false, parallel = false;
  bool embedding_norm = false;

  Positions positions = Positions::Rope;
  bool halves = true;  ///< RoPE pairs (i, i + n/2) in the Hugging Face checkpoint, else neighbours
  bool gguf_permuted =
      false;  ///< GGUF holds Q and K with their rows permuted such that the pairs are neighbours

  Has qkv_bias = Has::Maybe, out_bias = Has::Maybe, ffn_bias = Has::Maybe, norm_bias = Has::No;
  QkNorm qk_norm = QkNorm::None;

  Activation activation = Activation::Silu;
  bool gated = true;

  Router router = Router::SoftmaxThenTopK;
  bool renormalise = false;

  /// What no flag says: patterns over layers, unusual scales. Runs after the numbers were read.
  void (*adjust)(const Metadata& metadata, std::string_view arch, Spec& spec) = nullptr;
};

std::span<const Arch> archs();

/// The row of a GGUF architecture name or of a Hugging Face class; nullptr if there is none.
const Arch* find_arch(std::string_view gguf_name);
const Arch* find_arch_by_class(std::string_view hugging_face_class);

/// A one-line list of the supported names, for error messages.
std::string arch_list();

}  // namespace pith
