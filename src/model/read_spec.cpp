#include "model/read_spec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <tuple>

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

  /// One for each layer; 0 for layers that have none.
  std::vector<int> sizes_or(std::string_view key, std::size_t layers, int fallback) const {
    const auto values = metadata_.find_per_layer<std::int32_t>(name(key), layers);
    if (!values) return std::vector<int>(layers, fallback);
    std::vector<int> out;
    for (std::int32_t v : *values) out.push_back(v == 0 ? 0 : check(key, v));
    return out;
  }

  /// A number of things, which may be none.
  int count_or(std::string_view key, int fallback) const {
    const auto value = metadata_.find<std::int32_t>(name(key));
    if (!value) return fallback;
    return *value == 0 ? 0 : check(key, *value);
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

// The window of each layer: of all, or of those that the key or the row's pattern marks.
std::vector<int> windows(const Arch& arch, const Keys& keys, std::size_t layers) {
  const int window = keys.size_or("attention.sliding_window", 0, true);
  std::vector<int> out(layers, window);
  const std::string name = keys.name("attention.sliding_window_pattern");
  const MetaValue* marks = keys.metadata().find_raw(name);
  LayerPattern pattern = arch.windows;
  if (marks && !marks->array) pattern.period = keys.size("attention.sliding_window_pattern");
  std::vector<bool> local(layers);
  if (marks && marks->array) {
    local = *keys.metadata().find_per_layer<bool>(name, layers);
  } else {
    for (std::size_t i = 0; i < layers; ++i) local[i] = !pattern.global(static_cast<int>(i));
  }
  for (std::size_t i = 0; i < layers; ++i) {
    if (!local[i]) out[i] = 0;
  }
  return out;
}

AttentionSpec read_attention(const Arch& arch, const Keys& keys, const ModelFile& file, int width, int heads,
                             int kv_heads, int window) {
  const std::string& source = keys.metadata().source();
  AttentionSpec a;
  a.heads = heads;
  a.kv_heads = kv_heads;
  a.window = window;
  if (heads % kv_heads != 0)
    fail("{}: {} query heads do not divide into {} KV heads", source, heads, kv_heads);
  if (heads / kv_heads > kMaxQueryGroup) {
    fail("{}: {} query heads share a KV head, at most {} are supported", source, heads / kv_heads,
         kMaxQueryGroup);
  }
  if (!keys.has("attention.key_length") && width % heads != 0) {
    fail("{}: an embedding of {} does not divide into {} heads and '{}' is missing", source, width, heads,
         keys.name("attention.key_length"));
  }
  a.head_dim = keys.size_or("attention.key_length", width / heads);
  a.value_dim = keys.size_or("attention.value_length", a.head_dim);
  if (window > 0) {
    a.head_dim = keys.size_or("attention.key_length_swa", a.head_dim);
    a.value_dim = keys.size_or("attention.value_length_swa", a.value_dim);
  }
  a.value_norm = arch.value_norm;
  a.qk_norm = arch.qk_norm;
  if (arch.has_qk_norm == Has::Maybe && !file.tensors.find("blk.0.attn_q_norm.weight") &&
      !file.tensors.find("blk.0.attn_q_norm.0.weight")) {
    a.qk_norm = QkNorm::None;
  }
  a.qk_norm_after_rope = arch.qk_norm_after_rope;
  a.clip_after_norm = arch.clip_after_norm;
  a.sinks = arch.sinks;
  a.gated = arch.gated_attention;
  const auto usual = static_cast<float>(1 / std::sqrt(static_cast<double>(a.head_dim)));
  a.scale = keys.number_or("attention.scale", arch.score_scale > 0 ? arch.score_scale : usual, true);
  a.softcap = keys.number_or("attn_logit_softcapping", 0);
  a.clip = keys.number_or("attention.clamp_kqv", 0);
  a.alibi_max_bias = keys.number_or("attention.max_alibi_bias", arch.positions == Positions::Alibi ? 8 : 0);
  a.temperature_scale = keys.number_or("attention.temperature_scale", 0);
  a.temperature_period = keys.size_or("attention.temperature_length", 1, true);
  return a;
}

// Latent attention, seen from the cache: one KV head as wide as the latent and the rotated key.
void read_latent(const Keys& keys, const ModelFile& file, float norm_eps, AttentionSpec& a) {
  LatentSpec& c = a.latent;
  c.norm_eps = keys.number_or("attention.latent_layer_norm_rms_epsilon", norm_eps);
  const char* key =
      keys.has("attention.key_length_mla") ? "attention.key_length_mla" : "attention.key_length";
  const char* value =
      keys.has("attention.value_length_mla") ? "attention.value_length_mla" : "attention.value_length";
  c.kv_rank = keys.size("attention.kv_lora_rank");
  c.q_rank = keys.size_or("attention.q_lora_rank", 0, true);
  c.rope_dim = keys.size("rope.dimension_count");
  c.nope_dim = keys.size(key) - c.rope_dim;
  c.value_dim = keys.size(value);
  if (c.nope_dim < 1)
    fail("{}: '{}' leaves nothing beside the {} rotated elements", file.path, keys.name(key), c.rope_dim);
  a.kv_heads = 1;
  a.head_dim = c.kv_rank + c.rope_dim;
  a.value_dim = c.kv_rank;
  if (a.heads > kMaxQueryGroup)
    fail("{}: {} query heads share the latent, at most {} are supported", file.path, a.heads, kMaxQueryGroup);
  // YaRN's attention factor enters the scores squared (as in the reference code of arXiv:2405.04434);
  // the converter writes a tenth of mscale_all_dim.
  const double factor = keys.number_or("rope.scaling.factor", 1, true),
               log_multiplier = keys.number_or("rope.scaling.yarn_log_multiplier", 0);
  const double magnitude = factor > 1 ? 1 + log_multiplier * std::log(factor) : 1;
  const auto usual =
      static_cast<float>(magnitude * magnitude / std::sqrt(static_cast<double>(c.nope_dim + c.rope_dim)));
  a.scale = keys.number_or("attention.scale", usual, true);
}

// Layers that have no keys or no values of their own: the last ones read what the last layer of their kind
// before them has stored; others take their keys for values.
void share_keys(const Arch& arch, const Keys& keys, const ModelFile& file, Spec& spec) {
  const int layers = static_cast<int>(spec.layers.size()),
            own = layers - keys.count_or("attention.shared_kv_layers", 0);
  for (int i = 0; i < layers; ++i) {
    AttentionSpec& a = spec.layers[i].attention;
    a.values_are_keys = arch.values_may_be_keys && a.value_dim == a.head_dim &&
                        !file.tensors.find(fmt::format("blk.{}.attn_v.weight", i)) &&
                        !file.tensors.find(fmt::format("blk.{}.attn_qkv.weight", i));
    if (i < own || spec.layers[i].mixer != Mixer::Attention) continue;
    const auto kind = [](const AttentionSpec& l) {
      return std::tuple(l.window, l.chunk, l.kv_heads, l.head_dim, l.value_dim);
    };
    a.kv_layer = own - 1;
    while (a.kv_layer >= 0 && kind(spec.layers[a.kv_layer].attention) != kind(a)) --a.kv_layer;
    if (a.kv_layer < 0)
      fail("{}: '{}': layer {} has no layer before it whose keys it could read", file.path,
           keys.name("attention.shared_kv_layers"), i);
  }
}

DeltaSpec read_delta(const Arch& arch, const Keys& keys, const ModelFile& file) {
  DeltaSpec d;
  d.key_heads = keys.size("ssm.group_count");
  d.value_heads = keys.size("ssm.time_step_rank");
  d.key_dim = keys.size("ssm.state_size");
  const int inner = keys.size("ssm.inner_size");
  d.taps = keys.size("ssm.conv_kernel");
  d.value_dim = inner / d.value_heads;
  d.tiled = arch.tiled_heads && file.container == Container::Gguf;
  if (inner % d.value_heads != 0 || d.value_heads % d.key_heads != 0) {
    fail("{}: {} value heads of {} elements in all do not divide over {} key heads", file.path, d.value_heads,
         inner, d.key_heads);
  }
  return d;
}

// What mixes the tokens of layer i: told by the tensors that the layer has.
Mixer mixer_of(const ModelFile& file, std::size_t i) {
  if (file.tensors.find(fmt::format("blk.{}.ssm_a", i))) return Mixer::Delta;
  if (file.tensors.find(fmt::format("blk.{}.shortconv.conv.weight", i))) return Mixer::ShortConv;
  return Mixer::Attention;
}

constexpr int kMaxExperts = 1 << 16;

MoeSpec read_moe(const Arch& arch, const Keys& keys, int dense_width) {
  const Metadata& metadata = keys.metadata();
  MoeSpec m;
  m.experts = keys.size_or("expert_count", 0, true);
  if (m.experts == 0) return m;
  if (m.experts > kMaxExperts)
    fail("{}: {} experts are more than the {} that are supported", metadata.source(), m.experts, kMaxExperts);
  m.active = keys.size("expert_used_count");
  if (m.active > m.experts)
    fail("{}: {} experts are active but there are only {}", metadata.source(), m.active, m.experts);
  m.width = keys.size_or("expert_feed_forward_length", dense_width, true);
  m.router = arch.router;
  if (const int function = keys.size_or("expert_gating_func", 0, true)) {
    if (function > 3)
      fail("{}: metadata key '{}': expected 1 to 3, found {}", metadata.source(),
           keys.name("expert_gating_func"), function);
    m.router = static_cast<Router>(function - 1);
  }
  m.renormalise = metadata.get_or<bool>(keys.name("expert_weights_norm"), arch.renormalise);
  m.scale = keys.number_or("expert_weights_scale", 1, true);
  m.groups = keys.size_or("expert_group_count", 1, true);
  m.active_groups = keys.size_or("expert_group_used_count", m.groups, true);
  if (m.experts % m.groups != 0 || m.active_groups > m.groups ||
      m.active > m.experts / m.groups * m.active_groups) {
    fail("{}: {} of {} experts cannot be chosen from {} of {} groups", metadata.source(), m.active, m.experts,
         m.active_groups, m.groups);
  }
  m.group_by_top2 = m.router == Router::Sigmoid;
  m.weigh_input = arch.weigh_input;
  const std::int64_t shared = std::int64_t{keys.size_or("expert_shared_count", 0, true)} * m.width;
  m.shared_width = keys.size_or("expert_shared_feed_forward_length",
                                static_cast<int>(std::min<std::int64_t>(shared, INT32_MAX)), true);
  if (m.shared_width == 0 && arch.shared_expert) m.shared_width = m.width;
  m.own_norms = arch.dense_beside_experts;
  if (m.own_norms) m.shared_width = dense_width > 0 ? dense_width : keys.size("feed_forward_length");
  m.shared_gate = arch.shared_gate && m.shared_width > 0;
  return m;
}

// Whether layer i is a mixture: behind the leading dense layers, every step-th one, as long as it has a
// router.
bool is_mixture(const Keys& keys, const ModelFile& file, int i) {
  if (i < keys.count_or("leading_dense_block_count", 0)) return false;
  return file.tensors.find(fmt::format("blk.{}.ffn_gate_inp.weight", i)) != nullptr;
}

}  // namespace

RopeSpec read_rope(const Metadata& metadata, const std::string& prefix, double base, int dims, bool halves,
                   const float* factors, bool truncate) {
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
    const double attention = number(".scaling.attn_factor", 1);
    rope.magnitude = attention == 0 ? 1 : attention;
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
    if (metadata.get_or<bool>(prefix + ".scaling.yarn_truncate", truncate))
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

namespace {

// A tensor of frequency divisors; empty where there is none.
std::vector<float> read_factors(const ModelFile& file, const char* name, int pairs) {
  const Tensor* t = file.tensors.find(name);
  if (!t) return {};
  if (t->type != DType::F32 || t->elements() != pairs) {
    fail("{}: tensor '{}': expected {} F32 values, found {} {}", file.path, name, pairs, shape_string(*t),
         type_info(t->type).name);
  }
  std::vector<float> factors(static_cast<std::size_t>(pairs));
  std::memcpy(factors.data(), t->data, factors.size() * sizeof(float));  // the file's data may be unaligned
  for (float f : factors) {
    if (!(f > 0) || !std::isfinite(f))
      fail("{}: tensor '{}': expected positive numbers, found {}", file.path, name, f);
  }
  return factors;
}

float read_base(const Keys& keys, const char* key, float fallback) {
  const float base = keys.number_or(key, fallback, true);
  if (!(base > 1))
    fail("{}: '{}': expected a number above 1, found {}", keys.metadata().source(), keys.name(key), base);
  return base;
}

constexpr int kMaxRotation = 1 << 16;

// How many elements of a head are rotated.
int read_rotation(const Keys& keys, const char* key, int head_dim, int fallback) {
  const int dims = keys.size_or(key, fallback, true);
  if (dims % 2 != 0 || dims > std::min(head_dim, kMaxRotation)) {
    fail("{}: '{}': expected an even number up to the head size {}, found {}", keys.metadata().source(),
         keys.name(key), head_dim, dims);
  }
  return dims;
}

// The rotations, and which layer has which: index 0 is the usual one, 1 that of layers with a window.
void read_ropes(const Arch& arch, const Keys& keys, const ModelFile& file, Spec& spec) {
  const bool local = arch.local_rope_base > 0;
  int head_dim[2] = {0, 0};  // of the first layer with this rotation
  for (const LayerSpec& l : spec.layers) {
    int& first = head_dim[local && l.attention.window > 0];
    if (l.mixer == Mixer::Attention && first == 0) first = l.attention.head_dim;
  }
  if (head_dim[0] == 0) head_dim[0] = head_dim[1];
  if (head_dim[0] == 0) return;
  const int dims = read_rotation(keys, "rope.dimension_count", head_dim[0], head_dim[0]);
  // Files with rotations in sections (for images) pair halves, whatever the family's text models do.
  const auto sections = keys.metadata().find<std::vector<std::int32_t>>(keys.name("rope.dimension_sections"));
  const bool sectioned = sections && sections->size() > 1 && (*sections)[0] > 0 && (*sections)[1] > 0;
  const bool halves =
      sectioned || (arch.halves && !(arch.gguf_permuted && file.container == Container::Gguf));
  const std::string prefix = keys.name("rope");
  const float base = read_base(keys, "rope.freq_base", 10000);
  const std::vector<float> factors = read_factors(file, "rope_freqs.weight", dims / 2),
                           shorter = read_factors(file, "rope_factors_short.weight", dims / 2),
                           longer = read_factors(file, "rope_factors_long.weight", dims / 2);
  const std::vector<float>& usual = shorter.empty() ? factors : shorter;
  spec.ropes.push_back(read_rope(keys.metadata(), prefix, base, dims, halves,
                                 usual.empty() ? nullptr : usual.data(), arch.yarn_truncate));
  if (!longer.empty()) {
    spec.ropes[0].long_frequency =
        read_rope(keys.metadata(), prefix, base, dims, halves, longer.data()).frequency;
    spec.ropes[0].original_context =
        keys.size_or("rope.scaling.original_context_length", spec.trained_context, true);
  }
  if (local) {
    const Metadata unscaled;
    const int local_head = head_dim[1] > 0 ? head_dim[1] : head_dim[0];
    const int local_dims =
        read_rotation(keys, "rope.dimension_count_swa", local_head, std::min(dims, local_head));
    spec.ropes.push_back(read_rope(unscaled, prefix,
                                   read_base(keys, "rope.freq_base_swa", arch.local_rope_base), local_dims,
                                   halves, nullptr));
  }
  const bool any_window =
      std::ranges::any_of(spec.layers, [](const LayerSpec& l) { return l.attention.window > 0; });
  const auto rotated = keys.metadata().find_per_layer<bool>(keys.name("rope.layers"), spec.layers.size());
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    AttentionSpec& a = spec.layers[i].attention;
    a.rope = local && a.window > 0 ? 1 : 0;
    const bool none = rotated ? !(*rotated)[i]
                              : arch.no_rope.global(static_cast<int>(i)) ||
                                    (arch.rope_needs_window && any_window && a.window == 0);
    if (none) a.rope = -1;
    if (spec.layers[i].mixer != Mixer::Attention || none) continue;
    if (const int turned = spec.ropes[a.rope].dims; turned > a.head_dim)
      fail("{}: layer {} has heads of {} elements, {} of which would be rotated", keys.metadata().source(), i,
           a.head_dim, turned);
  }
}

}  // namespace

Spec read_spec(const Arch& arch, const ModelFile& file) {
  const Keys keys(file.metadata, arch.name);
  const std::string& source = file.metadata.source();
  Spec spec;
  spec.arch = arch.name;
  spec.width = keys.size("embedding_length");
  spec.trained_context = keys.size_or("context_length", 0, true);
  spec.norm = arch.norm;
  const char* eps[] = {"attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"};
  const int own =
      arch.norm == NormKind::Rms ? 0 : 1;  // files of one kind sometimes have the other's key alone
  spec.norm_eps = keys.number_or(eps[own], keys.number_or(eps[1 - own], 1e-5f));
  if (!(spec.norm_eps >= 0))
    fail("{}: a norm's epsilon must not be negative, found {}", source, spec.norm_eps);
  spec.pre_norm = arch.pre_norm;
  spec.post_norm = arch.post_norm;
  spec.parallel = arch.parallel == Has::Yes;
  if (arch.parallel == Has::Maybe) {
    spec.parallel = file.metadata.get_or<bool>(keys.name("use_parallel_residual"),
                                               !file.tensors.find("blk.0.ffn_norm.weight"));
  }
  spec.embedding_norm = arch.embedding_norm;
  spec.learned_positions = arch.positions == Positions::Learned ||
                           (arch.positions == Positions::Alibi && file.tensors.find("position_embd.weight"));
  if (arch.scale_embedding) spec.embedding_scale = std::sqrt(static_cast<float>(spec.width));
  spec.embedding_scale = keys.number_or("embedding_scale", spec.embedding_scale, true);
  spec.residual_scale = keys.number_or("residual_scale", 1, true);
  spec.logit_scale = keys.number_or("logit_scale", 1, true);
  if (arch.divide_logits) spec.logit_scale = 1 / spec.logit_scale;
  spec.logit_softcap = keys.number_or("final_logit_softcapping", 0);
  spec.layer_input = keys.size_or("embedding_length_per_layer_input", 0, true);

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
  const bool kv_given = file.metadata.has(keys.name("attention.head_count_kv"));
  const std::vector<int> kv_heads = kv_given ? keys.sizes_or("attention.head_count_kv", layers, 0) : heads;
  const std::vector<int> widths = keys.sizes_or("feed_forward_length", layers, 0);
  const std::vector<int> window = windows(arch, keys, layers);

  for (std::size_t i = 0; i < layers; ++i) {
    LayerSpec layer;
    layer.mixer = mixer_of(file, i);
    if (layer.mixer == Mixer::Attention) {
      if (heads[i] == 0 || kv_heads[i] == 0) fail("{}: layer {} has attention but no heads", source, i);
      layer.attention =
          read_attention(arch, keys, file, spec.width, heads[i], arch.latent ? 1 : kv_heads[i], window[i]);
      if (arch.latent) read_latent(keys, file, spec.norm_eps, layer.attention);
    } else if (layer.mixer == Mixer::Delta) {
      layer.delta = read_delta(arch, keys, file);
    } else {
      layer.short_conv = keys.size("shortconv.l_cache");
    }
    layer.ffn.width = widths[i];
    layer.ffn.gated = arch.gated;
    layer.ffn.activation = arch.activation;
    layer.ffn.clamp = arch.clamp == 0 ? 0 : keys.number_or("swiglu_limit", arch.clamp);
    if (is_mixture(keys, file, static_cast<int>(i))) layer.ffn.moe = read_moe(arch, keys, widths[i]);
    if (layer.ffn.moe.experts == 0 && widths[i] == 0) keys.size("feed_forward_length");  // throws
    spec.layers.push_back(std::move(layer));
  }
  if (arch.positions == Positions::Rope && spec.layers[0].attention.alibi_max_bias == 0)
    read_ropes(arch, keys, file, spec);
  if (arch.adjust) arch.adjust(file, spec);
  share_keys(arch, keys, file, spec);
  return spec;
}

}  // namespace pith
