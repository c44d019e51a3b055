// Copies a model, row by row through floats where the type changes.
#include "format/requantize.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/team.h"
#include "format/gguf_writer.h"
#include "kernels/kernels.h"
#include "kernels/quantize.h"

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

class Planner {
 public:
  Planner(const ModelFile& in, const QuantRecipe& recipe, const QuantizeCallbacks& callbacks)
      : recipe_(recipe), callbacks_(callbacks), tied_(in.tensors.find("output.weight") == nullptr) {
    for (const NamedTensor& t : in.tensors.all()) {
      if (const auto layer = layer_of(t.name)) layers_ = std::max(layers_, *layer + 1);
    }
  }

  DType type_for(const NamedTensor& t) const {
    if (!changes_type(t)) return t.tensor.type;
    const DType wanted = gets_more(t.name) ? recipe_.more : recipe_.type;
    DType type = wanted;
    if (t.tensor.cols() % type_info(type).block != 0 && type_info(type).block == kSuper)
      type = small_block_partner(type);
    if (t.tensor.cols() % type_info(type).block != 0) type = DType::F16;
    if (type != wanted) {
      note(fmt::format("{}: rows of {} are no multiple of {}'s block of {}; it becomes {}", printable(t.name),
                       t.tensor.cols(), type_info(wanted).name, type_info(wanted).block,
                       type_info(type).name));
    }
    if (type_info(t.tensor.type).block > 1 && type != t.tensor.type) {
      note(fmt::format("{}: is {} already; the errors of both types add up", printable(t.name),
                       type_info(t.tensor.type).name));
    }
    return type;
  }

 private:
  void note(const std::string& line) const {
    if (callbacks_.note) callbacks_.note(line);
  }
  bool gets_more(std::string_view name) const {
    if (name == "output.weight" || (tied_ && name == "token_embd.weight")) return true;
    const bool sensitive = name.find("attn_v.") != name.npos || name.find("attn_qkv.") != name.npos ||
                           name.find("ffn_down") != name.npos;
    const auto layer = layer_of(name);
    return sensitive && layer && needs_more(*layer, layers_);
  }

  const QuantRecipe& recipe_;
  const QuantizeCallbacks& callbacks_;
  bool tied_;
  int layers_ = 0;
};

/// The source's keys in their order, with the two that say what the weights are.
Metadata new_metadata(const Metadata& from, const QuantRecipe& recipe) {
  Metadata to(from.source());
  for (const auto& [key, value] : from.entries()) to.add_raw(key, value);
  to.set("general.quantization_version", kQuantizationVersion);
  to.set("general.file_type", recipe.file_type);
  return to;
}

/// Converts the rows of one tensor after the other, a piece at a time.
class Converter {
 public:
  Converter(int threads, const QuantizeCallbacks& callbacks, std::int64_t total)
      : team_(threads), rows_(static_cast<std::size_t>(team_.size())), callbacks_(callbacks), total_(total) {}

  void convert(const NamedTensor& from, const Tensor& to, const ByteSink& sink) {
    constexpr std::int64_t kPiece = 16 << 20;
    const std::int64_t piece =
        std::clamp<std::int64_t>(kPiece / std::max<std::int64_t>(to.row_bytes(), 1), 1, to.rows());
    for (std::int64_t begin = 0; begin < to.rows(); begin += piece) {
      const std::int64_t rows = std::min(piece, to.rows() - begin);
      const Tensor source = from.tensor.row_slice(begin, rows);
      const auto bytes = static_cast<std::size_t>(to.row_bytes() * rows);
      if (from.tensor.type == to.type) {
        sink({source.data, bytes});
      } else {
        buffer_.resize(bytes);
        quantize(source, to.type, from.name, begin);
        sink(buffer_);
      }
      done_ += source.bytes();
      if (callbacks_.progress) callbacks_.progress(done_, total_);
    }
  }

 private:
  void quantize(const Tensor& source, DType type, const std::string& name, std::int64_t first_row) {
    const std::int64_t cols = source.cols();
    const std::int64_t out_bytes = cols / type_info(type).block * type_info(type).bytes;
    const auto decode = kernels().decode[static_cast<std::size_t>(source.type)];
    for (std::vector<float>& row : rows_) row.resize(static_cast<std::size_t>(cols));
    std::atomic<std::int64_t> bad_row = std::numeric_limits<std::int64_t>::max();
    team_.run(team_.size(), [&](Worker& worker) {
      float* row = rows_[static_cast<std::size_t>(worker.index())].data();
      worker.parallel_for(source.rows(), 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
          decode(row, source.data + r * source.row_bytes(), cols);
          if (all_finite(row, cols)) {
            quantize_row(type, row, buffer_.data() + r * out_bytes, cols);
          } else {
            std::int64_t lowest = bad_row.load();
            while (r < lowest && !bad_row.compare_exchange_weak(lowest, r)) {
            }
          }
        }
      });
    });
    if (bad_row.load() < source.rows()) {
      fail("tensor '{}' row {}: NaN or infinity among the weights; there is no way to quantise it",
           printable(name), first_row + bad_row.load());
    }
  }

  Team team_;
  std::vector<std::vector<float>> rows_;  // one a thread
  std::vector<std::byte> buffer_;
  const QuantizeCallbacks& callbacks_;
  std::int64_t total_, done_ = 0;
};

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

void quantize_model(const ModelFile& in, const std::filesystem::path& out, const QuantRecipe& recipe,
                    int threads, const QuantizeCallbacks& callbacks) {
  const std::vector<NamedTensor>& sources = in.tensors.all();
  const Planner planner(in, recipe, callbacks);
  std::vector<TensorPlan> plan;
  std::int64_t total = 0;
  for (const NamedTensor& t : sources) {
    plan.push_back({t.name, {planner.type_for(t), t.tensor.ne, nullptr}});
    total += t.tensor.bytes();
  }
  Converter converter(threads, callbacks, total);
  write_gguf(out, new_metadata(in.metadata, recipe), plan, [&](std::size_t i, const ByteSink& sink) {
    converter.convert(sources[i], plan[i].tensor, sink);
  });
}

}  // namespace pith
