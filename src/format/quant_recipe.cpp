// Recipes: the table, and the exceptions.
#include "format/quant_recipe.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "base/error.h"

namespace pith {
namespace {

constexpr QuantRecipe kRecipes[] = {
    {"F32", 0, DType::F32, DType::F32},           {"F16", 1, DType::F16, DType::F16},
    {"BF16", 32, DType::BF16, DType::BF16},       {"Q8_0", 7, DType::Q8_0, DType::Q8_0},
    {"Q6_K", 18, DType::Q6_K, DType::Q6_K},       {"Q5_K_M", 17, DType::Q5_K, DType::Q6_K},
    {"Q5_K", 16, DType::Q5_K, DType::Q5_K},       {"Q5_1", 9, DType::Q5_1, DType::Q5_1},
    {"Q5_0", 8, DType::Q5_0, DType::Q5_0},        {"Q4_K_M", 15, DType::Q4_K, DType::Q6_K},
    {"Q4_K", 14, DType::Q4_K, DType::Q4_K},       {"Q4_1", 3, DType::Q4_1, DType::Q4_1},
    {"Q4_0", 2, DType::Q4_0, DType::Q4_0},        {"IQ4_NL", 25, DType::IQ4_NL, DType::IQ4_NL},
    {"IQ4_XS", 30, DType::IQ4_XS, DType::IQ4_XS}, {"MXFP4", 38, DType::MXFP4, DType::MXFP4},
    {"Q3_K", 11, DType::Q3_K, DType::Q3_K},       {"Q2_K", 10, DType::Q2_K, DType::Q2_K},
};

/// ggml's GGML_QNT_VERSION: the layouts of types.h.
constexpr std::uint32_t kQuantizationVersion = 2;

/// Weights that stay as they are, by a part of their name: small, and sensitive.
constexpr std::string_view kKept[] = {
    "_norm.weight",   "ffn_gate_inp", "position_embd", "token_types",          "ssm_conv1d",
    "shortconv.conv", "altup",        "laurel",        "per_layer_model_proj",
};

bool changes_type(const NamedTensor& t) {
  const std::string_view name = t.name;
  const bool matrix = t.tensor.rows() > 1 && t.tensor.cols() > 0;
  const auto named = [&](std::string_view part) { return name.find(part) != name.npos; };
  return matrix && type_info(t.tensor.type).weight && name.ends_with("weight") &&
         std::none_of(std::begin(kKept), std::end(kKept), named);
}

/// The layer of "blk.7.ffn_down.weight"; none for tensors outside the layers.
std::optional<int> layer_of(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  int layer = 0;
  const char* digits = name.data() + kPrefix.size();
  const auto [end, error] = std::from_chars(digits, name.data() + name.size(), layer);
  const bool whole = error == std::errc() && layer >= 0 && end != name.data() + name.size() && *end == '.';
  return whole ? std::optional<int>(layer) : std::nullopt;
}

/// llama.cpp's choice of layers (use_more_bits): the first and the last eighth, and every third between.
bool needs_more(int layer, int layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

/// The type of the nearest size in blocks of 32.
DType small_block_partner(DType type) {
  switch (type) {
    case DType::Q4_K: return DType::Q5_0;
    case DType::Q5_K: return DType::Q5_1;
    case DType::Q6_K: return DType::Q8_0;
    default: return DType::IQ4_NL;  // Q2_K, Q3_K, IQ4_XS
  }
}

}  // namespace

std::span<const QuantRecipe> quant_recipes() { return kRecipes; }

const QuantRecipe* find_quant_recipe(std::string_view name) {
  const auto same = [](char a, char b) {
    return std::toupper(static_cast<unsigned char>(a)) == std::toupper(static_cast<unsigned char>(b));
  };
  for (const QuantRecipe& r : kRecipes) {
    if (std::equal(r.name.begin(), r.name.end(), name.begin(), name.end(), same)) return &r;
  }
  return nullptr;
}

const QuantRecipe* find_quant_recipe(std::uint32_t file_type) {
  for (const QuantRecipe& r : kRecipes) {
    if (r.file_type == file_type) return &r;
  }
  return nullptr;
}

void describe_weights(Metadata& metadata, const QuantRecipe& recipe) {
  metadata.set("general.quantization_version", kQuantizationVersion);
  metadata.set("general.file_type", recipe.file_type);
}

TypePlanner::TypePlanner(const QuantRecipe& recipe, const TensorTable& tensors,
                         std::function<void(const std::string&)> note)
    : recipe_(recipe), note_(std::move(note)), tied_(tensors.find("output.weight") == nullptr) {
  for (const NamedTensor& t : tensors.all()) {
    if (const auto layer = layer_of(t.name)) layers_ = std::max(layers_, *layer + 1);
  }
}

DType TypePlanner::type_for(const NamedTensor& t) const {
  if (!changes_type(t)) return t.tensor.type;
  const DType wanted = gets_more(t.name) ? recipe_.more : recipe_.type;
  DType type = wanted;
  if (t.tensor.cols() % type_info(type).block != 0 && type_info(type).block == kSuper)
    type = small_block_partner(type);
  if (t.tensor.cols() % type_info(type).block != 0) type = DType::F16;
  if (type != wanted && note_) {
    note_(fmt::format("{}: rows of {} are no multiple of {}'s block of {}; it becomes {}", printable(t.name),
                      t.tensor.cols(), type_info(wanted).name, type_info(wanted).block,
                      type_info(type).name));
  }
  if (type_info(t.tensor.type).block > 1 && type != t.tensor.type && note_) {
    note_(fmt::format("{}: is {} already; the errors of both types add up", printable(t.name),
                      type_info(t.tensor.type).name));
  }
  return type;
}

bool TypePlanner::gets_more(std::string_view name) const {
  if (name == "output.weight" || (tied_ && name == "token_embd.weight")) return true;
  const bool sensitive = name.find("attn_v.") != name.npos || name.find("attn_qkv.") != name.npos ||
                         name.find("ffn_down") != name.npos;
  const auto layer = layer_of(name);
  return sensitive && layer && needs_more(*layer, layers_);
}

}  // namespace pith
