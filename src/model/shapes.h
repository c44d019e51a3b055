// The sizes of known models, for files with random weights.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pith {

/// The numbers of one model; what is structural about it is in the row of its architecture (archs.h).
struct Shape {
  std::string_view name;  ///< what a user types
  std::string_view arch;  ///< general.architecture
  std::string_view size;  ///< general.size_label
  std::int64_t vocab = 0, width = 0, layers = 0, heads = 0, kv_heads = 0, head_dim = 0;
  std::int64_t ffn = 0;                  ///< width of the FFN, or of one expert
  std::int64_t experts = 0, active = 0;  ///< 0: dense
  std::int64_t context = 0;              ///< trained
  float rope_base = 10000, norm_eps = 1e-5f;
  bool tied = false;                       ///< the output matrix is the embedding
  bool biases = false;                     ///< of every matrix
  std::int64_t window = 0;                 ///< of the layers that the architecture's row marks
  float yarn_factor = 0;                   ///< 0: no YaRN
  std::int64_t yarn_context = 0;           ///< the original one
  std::string_view ffn_norm = "ffn_norm";  ///< name of the norm between attention and FFN
};

std::span<const Shape> shapes();

/// nullptr if there is none of that name.
const Shape* find_shape(std::string_view name);

}  // namespace pith
