// The dimensions of a trained network: a Llama (Touvron et al. 2023, arXiv:2302.13971) with grouped-query
// attention, rotary positions, RMSNorm, SwiGLU and a tied head, dense or a mixture of experts. It is the
// engine's "llama" row, number by number.
//
// Size letters: D width, V vocabulary, L layers, H query heads, G KV heads, Q width of a head, F FFN width,
// E experts, K of them active, R rows (tokens of a batch).
#pragma once

#include <cstdint>

namespace pith::lab {

struct Shape {
  std::int64_t vocab = 0, width = 0, layers = 0;
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
  std::int64_t ffn = 0;                  ///< of one expert in a mixture
  std::int64_t experts = 0, active = 0;  ///< 0, 0: dense
  std::int64_t context = 0;              ///< the longest sequence
  double rope_base = 10000, norm_eps = 1e-5;

  bool mixture() const { return experts > 0; }
  std::int64_t q_width() const { return heads * head_dim; }
  std::int64_t kv_width() const { return kv_heads * head_dim; }
  /// A row of queries, keys and values side by side.
  std::int64_t qkv_width() const { return q_width() + 2 * kv_width(); }

  /// Throws Error: a dimension out of its range, heads that do not divide, rows that Q8_0's blocks of 32 do
  /// not divide.
  void check() const;

  bool operator==(const Shape&) const = default;
};

/// Multiplications and additions that training on one sequence needs: of the matrix products alone, forward
/// and backward, with nothing counted that is computed twice. 6 for each weight and token (Kaplan et al.
/// 2020, arXiv:2001.08361), of a mixture the active ones, the tied head once; and the products of attention,
/// where a token has as many keys as it may see.
double training_flops(const Shape& shape, std::int64_t tokens_of_sequence);

}  // namespace pith::lab
