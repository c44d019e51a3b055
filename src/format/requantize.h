// A model file with its weights in another storage type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "format/model_file.h"

namespace pith {

/// What each weight becomes. The names are llama.cpp's; a plain type's name gives that type to all weights
/// (llama.cpp's --pure), "_M" more bits to those that suffer most.
struct QuantRecipe {
  std::string_view name;
  std::uint32_t file_type;  ///< general.file_type (as llama.cpp numbers them)
  DType type;               ///< of most weights
  DType more;               ///< of the output (or the tied embedding), and of attention values and FFN down
                            ///< projections in a part of the layers
};

/// All recipes, for help and messages.
std::span<const QuantRecipe> quant_recipes();
/// By name, in any case; nullptr if there is none.
const QuantRecipe* find_quant_recipe(std::string_view name);

struct QuantizeCallbacks {
  /// After each piece of work: bytes of the source done, and in all.
  std::function<void(std::int64_t done, std::int64_t total)> progress;
  /// What the user should know: a tensor that gets another type than asked for, with the reason.
  std::function<void(const std::string& line)> note;
};

/// Writes `in` to `out`. Weight matrices and stacks of them change type, token embedding and output included;
/// everything else is copied as it is: norms, biases and other vectors, expert routers, convolutions,
/// position tables. A row whose length is no multiple of the type's block gets the nearest type of smaller
/// blocks. Rows are shared out to `threads` threads; memory is a few rows each and a piece of at most 16 MiB.
/// Throws Error: a weight that is not finite (its place is named), and what write_gguf throws.
void quantize_model(const ModelFile& in, const std::filesystem::path& out, const QuantRecipe& recipe,
                    int threads, const QuantizeCallbacks& callbacks);

}  // namespace pith
