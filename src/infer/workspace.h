// All scratch memory of the forward pass: sized in one function, allocated once. What mixes the tokens of a
// layer (attention, recurrence) and the feed-forward network behind it share theirs.
#pragma once

#include <cstdint>
#include <vector>

#include "base/memory.h"
#include "infer/attention.h"
#include "infer/ops.h"
#include "model/spec.h"
#include "model/weights.h"

namespace pith {

/// Partial softmax states that one decode step may have in flight (see attention.cpp).
inline constexpr std::int64_t kMaxPartials = 8192;

/// Floats that a recurrent layer needs of one token.
std::int64_t recurrent_row(const Spec& spec, const LayerSpec& layer);

struct Workspace {
  /// For steps of up to `tokens` tokens of which up to `logit_rows` want logits.
  Workspace(const Spec& spec, const Weights& weights, const Kernels& kernels, int threads,
            std::int64_t tokens, std::int64_t logit_rows);
  /// What it will use, in bytes.
  static std::uint64_t bytes(const Spec& spec, const Weights& weights, const Kernels& kernels, int threads,
                             std::int64_t tokens, std::int64_t logit_rows);

  float* x;                         ///< [T][D] the residual stream
  float* h;                         ///< [T][D] normalised
  float* q;                         ///< [T][max H * Q] (twice that where gated)
  float* k;                         ///< [T][max G * Q]
  float* v;                         ///< [T][max G * U]
  float* heads;                     ///< [T][max H * U] what attention read
  float* out;                       ///< [T][D] of a sub-layer
  float* gate;                      ///< [T * active][max F]
  float* up;                        ///< [T * active][max F]
  float* angles;                    ///< [ropes][T][2][pairs] cos, then sin
  float* partials;                  ///< [kMaxPartials][max U + 2]
  float* router;                    ///< [T][max E]
  float* latent;                    ///< [T][q_rank, or H * (nope + rope), or H * U] of latent attention
  float* layer_inputs;              ///< [T][L * P]
  float* recurrent;                 ///< [T][channels + z + 2 gates] of a recurrent layer
  float* expert_out;                ///< [T * active][D]
  float* logits;                    ///< [logit_rows][V]
  Inputs inputs;                    ///< of the matrices that read D (or what heads hold)
  Inputs head_inputs;               ///< [H][T] of latent attention's matrices of each head
  Inputs ffn_inputs;                ///< [T * active] of the down matrices
  std::vector<std::byte*> scratch;  ///< of each thread

 private:
  struct Sizes;
  Workspace(const Sizes& sizes, const Kernels& kernels, int threads);
  LazyMemory memory_;
};

}  // namespace pith
