#include "model/read_spec.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"

namespace pith {
namespace {

// The metadata keys of one architecture, read with the checks that every number of a file needs.
class Keys {
 public:
  Keys(const Metadata& metadata, std::string_view arch)
      : metadata_(metadata), prefix_(std::string(arch) + ".") {}

  std::string name(std::string_view key) const { return prefix_ + std::string(key); }

  bool has(std::string_view key) const { return metadata_.has(name(key)); }

  /// A size: at least 1.
  int size(std::string_view key) const {
    if (!has(key)) metadata_.get<std::int32_t>(name(key));  // throws
    return size_or(key, 0);
  }

  /// A size that may be absent. Zero is taken for absent only where `zero` says that files write it so.
  int size_or(std::string_view key, int fallback, bool zero = false) const {
    const auto value = metadata_.find<std::int32_t>(name(key));
    if (!value || (zero && *value == 0)) return fallback;
    return check(key, *value);
  }

  std::vector<int> sizes_or(std::string_view key, std::size_t layers, int fallback) const {
    const auto values = metadata_.find_per_layer<std::int32_t>(name(key), layers);
    if (!values) return std::vector<int>(layers, fallback);
    std::vector<int> out;
    for (std::int32_t v : *values) out.push_back(check(key, v));
    return out;
  }

  /// A finite number; zero is taken for absent where files write it so.
  float number_or(std::string_view key, float fallback, bool zero = false) const {
    const auto value = metadata_.find<float>(name(key));
    if (!value || (zero && *value == 0)) return fallback;
    if (!std::isfinite(*value))
      fail("{}: metadata key '{}': expected a finite number, found {}", metadata_.source(), name(key),
           *value);
    return *value;
  }

  const Metadata& metadata() const { return metadata_; }

 private:
  int check(std::string_view key, std::int32_t value) const {
    if (value < 1)
      fail("{}: metadata key '{}': expected at least 1, found {}", metadata_.source(), name(key), value);
    return value;
  }

  const Metadata& metadata_;
  std::string prefix_;
};

// Which layers have a window: all, or those that the pattern marks.
std::vector<int> windows(const Keys& keys, std::size_t layers) {
  const int window = keys.size_or("attention.sliding_window", 0, true);
  std::vector<int> out(layers, window);
  const auto pattern =
      keys.metadata().find_per_layer<bool>(keys.name("attention.sliding_window_pattern"), layers);
  for (std::size_t i = 0; pattern && i < layers; ++i) {
    if (!(*pattern)[i]) out[i] = 0;
  }
  return out;
}

AttentionSpec read_attention(const Arch& arch, const Keys& keys, int width, int heads, int kv_heads) {
  const std::string& source = keys.metadata().source();
  AttentionSpec a;
  a.heads = heads;
  a.kv_heads = kv_heads;
  if (heads % kv_heads != 0)
    fail("{}: {} query heads do not divide into {} KV heads", source, heads, kv_heads);
  if (!keys.has("attention.key_length") && width % heads != 0) {
    fail("{}: an embedding of {} does not divide into {} heads and '{}' is missing", source, width, heads,
         keys.name("attention.key_length"));
  }
  a.head_dim = keys.size_or("attention.key_length", width / heads);
  a.value_dim = keys.size_or("attention.value_length", a.head_dim);
  a.qk_norm = arch.qk_norm;
  a.scale = keys.number_or("attention.scale",
                           static_cast<float>(1 / std::sqrt(static_cast<double>(a.head_dim))), true);
  a.clip = keys.number_or("attention.clamp_kqv", 0);
  if (arch.positions == Positions::Alibi) a.alibi_max_bias = keys.number_or("attention.max_alibi_bias", 8);
  return a;
}

MoeSpec read_moe(const Arch& arch, const Keys& keys, int dense_width) {
  MoeSpec m;
  m.experts = keys.size_or("expert_count", 0, true);
  if (m.experts == 0) return m;
  m.active = keys.size("expert_used_count");
  if (m.active > m.experts) {
    fail("{}: {} experts are active but there are only {}", keys.metadata().source(), m.active, m.experts);
  }
  m.width = keys.size_or("expert_feed_forward_length", dense_width, true);
  m.router = arch.router;
  m.renormalise = arch.renormalise;
  return m;
}

}  // namespace

RopeSpec read_rope(const Metadata& metadata, const std::string& prefix, double base, int dims, bool halves,
                   const float* factors) {
  RopeSpec rope{.dims = dims, .halves = halves};
  for (int i = 0; i < dims / 2; ++i) {
    rope.frequency.push_back(std::pow(base, -2.0 * i / dims) / (factors ? factors[i] : 1.0));
  }
  const auto number = [&](const char* key, double fallback) {
    const double value = metadata.find<double>(prefix + key).value_or(fallback);
    if (!std::isfinite(value))
      fail("{}: metadata key '{}{}': expected a finite number, found {}", metadata.source(), prefix, key,
           value);
    return value;
  };
  const auto type = metadata.get_or<std::string_view>(
      prefix + ".scaling.type", metadata.has(prefix + ".scale_linear") ? "linear" : "none");
  double factor = number(".scaling.factor", number(".scale_linear", 1));
  if (factor == 0) factor = 1;  // files write 0 for "none"
  if (factor < 0)
    fail("{}: metadata key '{}.scaling.factor': expected a positive number, found {}", metadata.source(),
         prefix, factor);
  if (type == "none" || type == "longrope") {
    rope.magnitude = number(".scaling.attn_factor", 1);
  } else if (type == "linear") {
    for (double& f : rope.frequency) f /= factor;
  } else if (type == "yarn") {
    // Fast pairs keep their frequency, slow ones are interpolated, those between are blended along a ramp.
    const double context = number(".scaling.original_context_length", 0);
    if (!(context > 0))
      fail("{}: YaRN scaling needs a positive '{}.scaling.original_context_length'", metadata.source(),
           prefix);
    const auto pair_of = [&](double turns) {  // the pair that makes so many turns over the original context
      return dims * std::log(context / (turns * 2 * std::numbers::pi)) / (2 * std::log(base));
    };
    double low = pair_of(number(".scaling.yarn_beta_fast", 32)),
           high = pair_of(number(".scaling.yarn_beta_slow", 1));
    if (metadata.get_or<bool>(prefix + ".scaling.yarn_truncate", true))
      low = std::floor(low), high = std::ceil(high);
    low = std::max(low, 0.0), high = std::min(high, dims - 1.0);
    for (int i = 0; i < dims / 2; ++i) {
      const double ramp = std::clamp((i - low) / std::max(0.001, high - low), 0.0, 1.0);
      rope.frequency[i] *= (1 - ramp) + ramp / factor;
    }
    const double log_multiplier =
        number(".scaling.yarn_log_multiplier", 0);  // already a tenth, as converters write it
    rope.magnitude = number(".scaling.attn_factor", 1) * (1 + 0.1 * std::log(factor));
    if (log_multiplier != 0) rope.magnitude /= 1 + log_multiplier * std::log(factor);
  } else {
    fail("{}: RoPE scaling '{}' is not supported (expected none, linear, yarn or longrope)",
         metadata.source(), printable(type));
  }
  return rope;
}

Spec read_spec(const Arch& arch, const ModelFile& file) {
  const Keys keys(file.metadata, arch.name);
  const std::string& source = file.metadata.source();
  Spec spec;
  spec.arch = arch.name;
  spec.width = keys.size("embedding_length");
  spec.trained_context = keys.size_or("context_length", 0, true);
  spec.norm = arch.norm;
  spec.norm_eps = keys.number_or(
      arch.norm == NormKind::Rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
      1e-5f);
  if (!(spec.norm_eps >= 0))
    fail("{}: a norm's epsilon must not be negative, found {}", source, spec.norm_eps);
  spec.pre_norm = arch.pre_norm;
  spec.post_norm = arch.post_norm;
  spec.parallel = arch.parallel;
  spec.embedding_norm = arch.embedding_norm;
  spec.learned_positions = arch.positions == Positions::Learned;

  const Tensor* embedding = file.tensors.find("token_embd.weight");
  if (!embedding) fail("{}: tensor 'token_embd.weight' is missing", source);
  if (embedding->rows() > std::numeric_limits<int>::max())
    fail("{}: a vocabulary of {} is too large", source, embedding->rows());
  spec.vocab = static_cast<int>(embedding->rows());

  const auto layers = static_cast<std::size_t>(keys.size("block_count"));
  if (layers > file.tensors.all().size()) {
    fail("{}: '{}' says {} layers but the file has only {} tensors", source, keys.name("block_count"), layers,
         file.tensors.all().size());
  }
  if (!keys.has("attention.head_count")) keys.size("attention.head_count");  // throws
  const std::vector<int> heads = keys.sizes_or("attention.head_count", layers, 0);
  const auto kv_given = file.metadata.has(keys.name("attention.head_count_kv"));
  const std::vector<int> kv_heads = kv_given ? keys.sizes_or("attention.head_count_kv", layers, 0) : heads;
  const std::vector<int> widths = keys.sizes_or("feed_forward_length", layers, 0);
  const std::vector<int> window = windows(keys, layers);

  for (std::size_t i = 0; i < layers; ++i) {
    LayerSpec layer;
    layer.attention = read_attention(arch, keys, spec.width, heads[i], kv_heads[i]);
    layer.attention.window = window[i];
    layer.ffn.width = widths[i];
    layer.ffn.gated = arch.gated;
    layer.ffn.activation = arch.activation;
    layer.ffn.moe = read_moe(arch, keys, widths[i]);
    if (layer.ffn.moe.experts == 0 && widths[i] == 0) keys.size("feed_forward_length");  // throws
    spec.layers.push_back(std::move(layer));
  }

  if (arch.positions == Positions::Rope) {
    const int head_dim = spec.layers[0].attention.head_dim;
    const int dims = keys.size_or("rope.dimension_count", head_dim);
    if (dims % 2 != 0 || dims > head_dim) {
      fail("{}: '{}': expected an even number up to the head size {}, found {}", source,
           keys.name("rope.dimension_count"), head_dim, dims);
    }
    const float base = keys.number_or("rope.freq_base", 10000);
    if (!(base > 1))
      fail("{}: '{}': expected a number above 1, found {}", source, keys.name("rope.freq_base"), base);
    const Tensor* factors = file.tensors.find("rope_freqs.weight");
    if (factors && (factors->type != DType::F32 || factors->elements() != dims / 2)) {
      fail("{}: tensor 'rope_freqs.weight': expected {} F32 values, found {} {}", source, dims / 2,
           shape_string(*factors), type_info(factors->type).name);
    }
    const bool halves = arch.halves && !(arch.gguf_permuted && file.container == Container::Gguf);
    std::vector<float> copy(factors ? dims / 2 : 0);  // the file's data may be unaligned
    if (factors)
      std::copy_n(factors->data, copy.size() * sizeof(float), reinterpret_cast<std::byte*>(copy.data()));
    for (float f : copy) {
      if (!(f > 0) || !std::isfinite(f))
        fail("{}: tensor 'rope_freqs.weight': expected positive numbers, found {}", source, f);
    }
    spec.ropes.push_back(
        read_rope(file.metadata, keys.name("rope"), base, dims, halves, factors ? copy.data() : nullptr));
    for (LayerSpec& layer : spec.layers) layer.attention.rope = 0;
  }
  if (arch.adjust) arch.adjust(file.metadata, arch.name, spec);
  return spec;
}

}  // namespace pith
