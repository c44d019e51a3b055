// Which storage type each weight of a model gets.
#pragma once

#include <cstdint>
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
/// By general.file_type; nullptr if there is none.
const QuantRecipe* find_quant_recipe(std::uint32_t file_type);

/// Adds the keys that say what the weights are.
void describe_weights(Metadata& metadata, const QuantRecipe& recipe);

/// A recipe's choices for the tensors of one model. Weight matrices and stacks of them change type, token
/// embedding and output included; everything else keeps it: norms, biases and other vectors, expert routers,
/// convolutions, position tables. A row whose length is no multiple of the type's block gets the nearest type
/// of smaller blocks.
class TypePlanner {
 public:
  /// `note` hears of tensors that get another type than asked for, with the reason.
  TypePlanner(const QuantRecipe& recipe, const TensorTable& tensors,
              std::function<void(const std::string& line)> note);

  DType type_for(const NamedTensor& t) const;

 private:
  bool gets_more(std::string_view name) const;

  const QuantRecipe& recipe_;
  std::function<void(const std::string&)> note_;
  bool tied_;
  int layers_ = 0;
};

}  // namespace pith
