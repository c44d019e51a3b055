// A model file with its weights in another storage type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "format/model_file.h"
#include "format/quant_recipe.h"

namespace pith {

struct QuantizeCallbacks {
  /// After each piece of work: bytes of the source done, and in all.
  std::function<void(std::int64_t done, std::int64_t total)> progress;
  /// What the user should know: a tensor that gets another type than asked for, with the reason.
  std::function<void(const std::string& line)> note;
};

/// Writes `in` to `out` with the types that TypePlanner chooses; what keeps its type is copied as it is. Rows
/// are shared out to `threads` threads; memory is a few rows each and a piece of at most 16 MiB.
/// Throws Error: a weight that is not finite (its place is named), and what write_gguf throws.
void quantize_model(const ModelFile& in, const std::filesystem::path& out, const QuantRecipe& recipe,
                    int threads, const QuantizeCallbacks& callbacks);

}  // namespace pith
