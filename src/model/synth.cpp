#include "model/synth.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <tuple>

#include "base/error.h"
#include "base/hash.h"
#include "format/gguf_writer.h"
#include "kernels/kernels.h"
#include "kernels/quantize.h"
#include "model/archs.h"

namespace pith {
namespace {

// --- what the file holds ------------------------------------------------------------------------

void check(const Shape& s) {
  const auto in_range = [](const char* what, std::int64_t value, std::int64_t low, std::int64_t high) {
    if (value < low || value > high)
      fail_usage("synth: {}: expected {} to {}, found {}", what, low, high, value);
  };
  in_range("vocabulary", s.vocab, 512, 1 << 24);
  in_range("width", s.width, 1, 1 << 20);
  in_range("layers", s.layers, 1, 4096);
  in_range("heads", s.heads, 1, 4096);
  in_range("KV heads", s.kv_heads, 1, s.heads);
  in_range("head size", s.head_dim, 2, 4096);
  in_range("FFN width", s.ffn, 1, 1 << 20);
  in_range("experts", s.experts, 0, 4096);
  in_range("active experts", s.active, s.experts > 0 ? 1 : 0, s.experts);
  in_range("context", s.context, 1, 1 << 24);
  if (s.heads % s.kv_heads != 0 || s.head_dim % 2 != 0) {
    fail_usage(
        "synth: expected an even head size and heads that divide over the KV heads, found {}, {} and {}",
        s.head_dim, s.heads, s.kv_heads);
  }
}

/// Every tensor as F32, without data.
TensorTable tensors_of(const Shape& s) {
  const Arch& arch = *find_arch(s.arch);
  TensorTable table;
  const auto add = [&](std::string name, std::array<std::int64_t, 3> ne) {
    table.add(std::move(name), {DType::F32, {ne[0], ne[1], ne[2], 1}});
  };
  const auto linear = [&](const std::string& name, std::int64_t k, std::int64_t rows,
                          std::int64_t stack = 1) {
    add(name + ".weight", {k, rows, stack});
    if (s.biases) add(name + ".bias", {rows, stack, 1});
  };
  add("token_embd.weight", {s.width, s.vocab, 1});
  for (std::int64_t i = 0; i < s.layers; ++i) {
    const std::string layer = fmt::format("blk.{}.", i);
    const auto norm = [&](std::string_view name, std::int64_t n) {
      add(fmt::format("{}{}.weight", layer, name), {n, 1, 1});
    };
    const std::int64_t q = s.heads * s.head_dim, kv = s.kv_heads * s.head_dim;
    if (arch.pre_norm) norm("attn_norm", s.width), norm(s.ffn_norm, s.width);
    if (arch.post_norm) norm("post_attention_norm", s.width), norm("post_ffw_norm", s.width);
    linear(layer + "attn_q", s.width, q);
    linear(layer + "attn_k", s.width, kv);
    linear(layer + "attn_v", s.width, kv);
    linear(layer + "attn_output", q, s.width);
    if (arch.qk_norm != QkNorm::None) {
      const bool full = arch.qk_norm == QkNorm::FullWidth;
      norm("attn_q_norm", full ? q : s.head_dim);
      norm("attn_k_norm", full ? kv : s.head_dim);
    }
    if (arch.sinks) norm("attn_sinks", s.heads);
    const std::string suffix = s.experts > 0 ? "_exps" : "";
    const std::int64_t stack = std::max<std::int64_t>(s.experts, 1);
    if (s.experts > 0) linear(layer + "ffn_gate_inp", s.width, s.experts);
    if (arch.gated) linear(layer + "ffn_gate" + suffix, s.width, s.ffn, stack);
    linear(layer + "ffn_up" + suffix, s.width, s.ffn, stack);
    linear(layer + "ffn_down" + suffix, s.ffn, s.width, stack);
  }
  add("output_norm.weight", {s.width, 1, 1});
  if (!s.tied) add("output.weight", {s.width, s.vocab, 1});
  return table;
}

std::vector<TensorPlan> plan_of(const Shape& shape, const QuantRecipe& recipe) {
  check(shape);
  const TensorTable table = tensors_of(shape);
  const TypePlanner planner(recipe, table, {});
  std::vector<TensorPlan> plan;
  for (const NamedTensor& t : table.all()) plan.push_back({t.name, {planner.type_for(t), t.tensor.ne}});
  return plan;
}

// --- random weights -------------------------------------------------------------------------------

constexpr std::uint64_t kCells = 4096;  // of a pool

/// Nearly normal, of mean 0 and deviation 1: the sum of four uniform numbers, in integers, so that every
/// machine draws the same.
float normal(std::uint64_t key) {
  const std::uint64_t bits = mix(key);
  std::int64_t sum = -2 * 0xffff;
  for (int part = 0; part < 4; ++part) sum += static_cast<std::int64_t>(bits >> (16 * part) & 0xffff);
  return static_cast<float>(sum) * (1.7320508f / 65536.0f);  // the sum's deviation is 65536 sqrt(4 / 12)
}

/// Quantising costs far more than writing, so a tensor is put together from cells that were quantised once:
/// a few thousand short pieces of rows of one type and distribution.
struct Pool {
  std::size_t cell_bytes = 0;
  std::vector<std::byte> bytes;

  Pool(DType type, std::int64_t elements, float mean, float deviation, std::uint64_t seed) {
    const TypeInfo& info = type_info(type);
    cell_bytes = static_cast<std::size_t>(elements / info.block * info.bytes);
    bytes.resize(kCells * cell_bytes);
    std::vector<float> cell(static_cast<std::size_t>(elements));
    for (std::uint64_t c = 0; c < kCells; ++c) {
      for (std::size_t i = 0; i < cell.size(); ++i)
        cell[i] = mean + deviation * normal(seed + c * cell.size() + i);
      quantize_row(type, cell.data(), bytes.data() + c * cell_bytes, elements);
    }
  }
};

class Filler {
 public:
  explicit Filler(std::uint64_t seed) : seed_(mix(seed)) {}

  void fill(const TensorPlan& plan, const ByteSink& sink) {
    const Pool& pool = pool_for(plan);
    const auto cells = static_cast<std::uint64_t>(plan.tensor.bytes()) / pool.cell_bytes;
    constexpr std::uint64_t kPiece = 1 << 20;
    const std::uint64_t at_once = std::max<std::uint64_t>(1, kPiece / pool.cell_bytes);
    for (std::uint64_t begin = 0; begin < cells; begin += at_once) {
      const std::uint64_t n = std::min(at_once, cells - begin);
      buffer_.resize(n * pool.cell_bytes);
      for (std::uint64_t i = 0; i < n; ++i) {
        const std::uint64_t cell = mix(seed_ + ++drawn_) % kCells;
        std::memcpy(&buffer_[i * pool.cell_bytes], &pool.bytes[cell * pool.cell_bytes], pool.cell_bytes);
      }
      sink(buffer_);
    }
  }

 private:
  const Pool& pool_for(const TensorPlan& plan) {
    const std::int64_t k = plan.tensor.cols();
    const bool norm = plan.name.ends_with("norm.weight"), matrix = !norm && plan.name.ends_with("weight");
    const float mean = norm ? 1.0f : 0.0f;
    const float deviation = matrix ? 1 / std::sqrt(static_cast<float>(k)) : 0.1f;
    // Short enough to end with every row, and a multiple of every block that divides a row.
    const std::int64_t elements = std::gcd(k, kSuper);
    const auto key = std::tuple(plan.tensor.type, elements, mean, deviation);
    const auto found = pools_.find(key);
    if (found != pools_.end()) return found->second;
    return pools_.try_emplace(key, plan.tensor.type, elements, mean, deviation, mix(seed_ ^ pools_.size()))
        .first->second;
  }

  std::uint64_t seed_, drawn_ = 0;
  std::map<std::tuple<DType, std::int64_t, float, float>, Pool> pools_;
  std::vector<std::byte> buffer_;
};

std::uint64_t bytes_of(std::span<const TensorPlan> plan) {
  double sum = 0;  // sizes are bounded one by one, not their product
  for (const TensorPlan& t : plan) sum += static_cast<double>(t.tensor.bytes());
  if (sum > 0x1p60) fail_usage("synth: {:.0f} bytes of weights are more than any disk holds", sum);
  return static_cast<std::uint64_t>(sum);
}

}  // namespace

Metadata synth_metadata(const Shape& s, const QuantRecipe& recipe) {
  Metadata metadata;
  const auto set = [&](const char* key, auto value) {
    if (value != decltype(value){}) metadata.set(fmt::format("{}.{}", s.arch, key), value);
  };
  const auto size = [&](const char* key, std::int64_t value) { set(key, static_cast<std::uint32_t>(value)); };
  metadata.set("general.architecture", s.arch);
  metadata.set("general.type", "model");
  metadata.set("general.name", fmt::format("{} with random weights", s.name));
  metadata.set("general.size_label", s.size);
  describe_weights(metadata, recipe);
  size("block_count", s.layers);
  size("context_length", s.context);
  size("embedding_length", s.width);
  size("feed_forward_length", s.ffn);
  size("attention.head_count", s.heads);
  size("attention.head_count_kv", s.kv_heads);
  size("attention.key_length", s.head_dim);
  size("attention.value_length", s.head_dim);
  size("attention.sliding_window", s.window);
  size("rope.dimension_count", s.head_dim);
  size("expert_count", s.experts);
  size("expert_used_count", s.active);
  size("expert_feed_forward_length", s.experts > 0 ? s.ffn : 0);
  size("vocab_size", s.vocab);
  set("attention.layer_norm_rms_epsilon", s.norm_eps);
  set("rope.freq_base", s.rope_base);
  if (s.yarn_factor > 0) set("rope.scaling.type", std::string_view("yarn"));
  set("rope.scaling.factor", s.yarn_factor);
  size("rope.scaling.original_context_length", s.yarn_context);
  return metadata;
}

std::uint64_t synth_bytes(const Shape& shape, const QuantRecipe& recipe) {
  return bytes_of(plan_of(shape, recipe));
}

void write_synth(const std::filesystem::path& path, const Metadata& metadata, const Shape& shape,
                 const QuantRecipe& recipe, std::uint64_t seed,
                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const std::vector<TensorPlan> plan = plan_of(shape, recipe);
  const std::uint64_t total = bytes_of(plan);
  std::uint64_t done = 0;
  Filler filler(seed);
  write_gguf(path, metadata, plan, [&](std::size_t i, const ByteSink& sink) {
    filler.fill(plan[i], [&](std::span<const std::byte> piece) {
      sink(piece);
      progress(done += piece.size(), total);
    });
  });
}

}  // namespace pith
