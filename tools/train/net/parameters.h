// Where each tensor lies in the one array that holds all parameters of a network. Gradients and the
// optimizer's moments are arrays of the same layout.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/net/shape.h"

namespace pith::lab {

/// A matrix [rows][cols], or a vector (rows 1).
struct ParameterTensor {
  std::string name;  ///< as GGUF spells it; an expert's matrix has its number behind a dot
  std::int64_t offset, rows, cols;
  bool matrix;  ///< takes part in weight decay; gains do not

  std::int64_t size() const { return rows * cols; }
};

/// Offsets of one layer.
struct LayerLayout {
  std::int64_t attn_norm;  ///< [D]
  std::int64_t qkv;        ///< [(H + 2G) Q][D]: queries, keys, values
  std::int64_t attn_out;   ///< [D][H Q]
  std::int64_t ffn_norm;   ///< [D]
  std::int64_t router;     ///< [E][D], of a mixture
  /// Of expert e (a dense layer is one): gate and up [2F][D], then down [D][F].
  std::int64_t ffn, expert_size;

  std::int64_t gate_up(std::int64_t e) const { return ffn + e * expert_size; }
  std::int64_t down(std::int64_t e) const { return ffn + e * expert_size + expert_size / 3 * 2; }
};

struct Layout {
  explicit Layout(const Shape& shape);

  std::int64_t embedding = 0;  ///< [V][D], the tied head too
  std::vector<LayerLayout> layers;
  std::int64_t output_norm = 0;  ///< [D]
  std::int64_t scalar_head = 0;  ///< [D]: the value of a state, or the reward of a text
  std::int64_t size = 0;
  std::vector<ParameterTensor> tensors;  ///< in order, without gaps

  /// The tensor that an offset lies in.
  const ParameterTensor& at(std::int64_t offset) const;
  /// Without token embedding and scalar head, and what one token uses of them.
  std::int64_t non_embedding() const;
  std::int64_t active_non_embedding(const Shape& shape) const;
};

/// The start of training: gains one, matrices normal with `deviation`, those that write into the residual
/// smaller by sqrt(2L) (Radford et al. 2019, GPT-2), the scalar head zero.
std::vector<float> initial_parameters(const Shape& shape, double deviation, std::uint64_t seed);

}  // namespace pith::lab
