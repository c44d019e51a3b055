#include "train/model_file.h"

#include "base/error.h"
#include "format/gguf_writer.h"
#include "format/requantize.h"
#include "model/model.h"
#include "text/model_text.h"
#include "text/tokenizer.h"
#include "train/net/parameters.h"

namespace pith::lab {
namespace {

void set_metadata(Metadata& m, const Shape& s, const ModelFileOptions& options) {
  const auto u32 = [&](const char* key, std::int64_t value) {
    m.set(key, static_cast<std::uint32_t>(value));
  };
  m.set("general.architecture", "llama");
  m.set("general.name", options.name);
  u32("general.file_type", 0);  // all F32
  u32("llama.vocab_size", s.vocab);
  u32("llama.context_length", s.context);
  u32("llama.embedding_length", s.width);
  u32("llama.block_count", s.layers);
  u32("llama.feed_forward_length", s.ffn);
  u32("llama.attention.head_count", s.heads);
  u32("llama.attention.head_count_kv", s.kv_heads);
  u32("llama.attention.key_length", s.head_dim);
  u32("llama.attention.value_length", s.head_dim);
  m.set("llama.attention.layer_norm_rms_epsilon", static_cast<float>(s.norm_eps));
  u32("llama.rope.dimension_count", s.head_dim);
  m.set("llama.rope.freq_base", static_cast<float>(s.rope_base));
  if (s.mixture()) {
    u32("llama.expert_count", s.experts);
    u32("llama.expert_used_count", s.active);
  }

  const Tokenizer tokenizer = Tokenizer::open(options.tokenizer);
  if (tokenizer.size() != s.vocab)
    fail("{}: {} tokens, but the model has {}", printable(options.tokenizer.string(), 400), tokenizer.size(),
         s.vocab);
  tokenizer.to_metadata(m);
  const std::string chat_template = find_chat_template(options.tokenizer);
  if (!chat_template.empty()) m.set("tokenizer.chat_template", chat_template);
}

// A tensor of the file and where its parts lie: the experts of a layer are one stack.
struct Part {
  TensorPlan plan;
  std::vector<std::int64_t> offsets;
};

std::vector<Part> parts_of(const Shape& s, const Layout& layout, bool scalar_head) {
  std::vector<Part> parts;
  const auto add = [&](std::string name, std::int64_t cols, std::int64_t rows, std::int64_t count) -> Part& {
    Part& part = parts.emplace_back();
    part.plan.name = std::move(name);
    part.plan.tensor = {DType::F32, {cols, rows, count, 1}};
    return part;
  };
  for (const ParameterTensor& t : layout.tensors) {
    const bool left_out = t.offset == layout.scalar_head && !scalar_head;
    const bool in_stack = t.name.find("_exps.weight.") != std::string::npos;
    if (!left_out && !in_stack) add(t.name, t.cols, t.rows, 1).offsets = {t.offset};
  }
  const auto stack = [&](const char* name, std::int64_t l, std::int64_t cols, std::int64_t rows,
                         std::int64_t first) {
    Part& part = add(fmt::format("blk.{}.{}_exps.weight", l, name), cols, rows, s.experts);
    for (std::int64_t e = 0; e < s.experts; ++e)
      part.offsets.push_back(first + e * layout.layers[l].expert_size);
  };
  for (std::int64_t l = 0; s.mixture() && l < s.layers; ++l) {
    const LayerLayout& layer = layout.layers[l];
    stack("ffn_gate", l, s.width, s.ffn, layer.gate_up(0));
    stack("ffn_up", l, s.width, s.ffn, layer.gate_up(0) + s.ffn * s.width);
    stack("ffn_down", l, s.ffn, s.width, layer.down(0));
  }
  return parts;
}

void write_f32(const std::filesystem::path& path, const Shape& shape, std::span<const float> parameters,
               const ModelFileOptions& options) {
  const Layout layout(shape);
  Metadata metadata(path.string());
  set_metadata(metadata, shape, options);
  const std::vector<Part> parts = parts_of(shape, layout, options.scalar_head);
  std::vector<TensorPlan> plans;
  for (const Part& part : parts) plans.push_back(part.plan);
  write_gguf(path, metadata, plans, [&](std::size_t i, const ByteSink& sink) {
    const Part& part = parts[i];
    const std::int64_t size = part.plan.tensor.elements() / std::ssize(part.offsets);
    for (const std::int64_t offset : part.offsets) sink(std::as_bytes(parameters.subspan(offset, size)));
  });
}

}  // namespace

void write_model_file(const std::filesystem::path& path, const Shape& shape,
                      std::span<const float> parameters, const ModelFileOptions& options) {
  if (options.type == "F32") return write_f32(path, shape, parameters, options);
  const QuantRecipe* recipe = find_quant_recipe(options.type);
  if (!recipe) fail("{}: no storage type of that name", printable(options.type));
  std::filesystem::path plain = path;
  plain += ".f32";
  write_f32(plain, shape, parameters, options);
  try {
    quantize_model(open_model_file(plain), path, *recipe, 1, {});
  } catch (...) {
    std::filesystem::remove(plain);
    throw;
  }
  std::filesystem::remove(plain);
}

}  // namespace pith::lab
