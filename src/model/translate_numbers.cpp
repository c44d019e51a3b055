// The numbers of config.json as GGUF has them.
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/translation.h"

namespace pith {
namespace {

using Json = nlohmann::json;

// config.json's names of GGUF's numbers; the first one present counts.
enum class Kind : std::uint8_t { Integer, Number, Flag };
struct KeyNames {
  const char* ours;
  Kind kind;
  std::array<const char*, 5> theirs;
};
constexpr KeyNames kKeys[] = {
    {"vocab_size", Kind::Integer, {"vocab_size"}},
    {"context_length",
     Kind::Integer,
     {"max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx"}},
    {"embedding_length", Kind::Integer, {"hidden_size", "n_embd", "d_model"}},
    {"block_count", Kind::Integer, {"num_hidden_layers", "n_layer", "n_layers"}},
    {"feed_forward_length",
     Kind::Integer,
     {"intermediate_size_mlp", "intermediate_size", "n_inner", "ffn_hidden_size", "block_ff_dim"}},
    {"attention.head_count", Kind::Integer, {"num_attention_heads", "n_head", "n_heads"}},
    {"attention.head_count_kv", Kind::Integer, {"num_key_value_heads"}},
    {"attention.key_length", Kind::Integer, {"head_dim"}},
    {"attention.value_length", Kind::Integer, {"head_dim"}},
    {"expert_count",
     Kind::Integer,
     {"num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"}},
    {"expert_used_count", Kind::Integer, {"num_experts_per_tok", "moe_k", "top_k_experts"}},
    {"expert_feed_forward_length", Kind::Integer, {"moe_intermediate_size"}},
    {"expert_shared_feed_forward_length", Kind::Integer, {"shared_expert_intermediate_size"}},
    {"expert_shared_count", Kind::Integer, {"n_shared_experts", "moe_num_shared_experts"}},
    {"expert_group_count", Kind::Integer, {"n_group"}},
    {"expert_group_used_count", Kind::Integer, {"topk_group"}},
    {"leading_dense_block_count", Kind::Integer, {"first_k_dense_replace"}},
    {"attention.shared_kv_layers", Kind::Integer, {"num_kv_shared_layers"}},
    {"embedding_length_per_layer_input", Kind::Integer, {"hidden_size_per_layer_input"}},
    {"interleave_moe_layer_step", Kind::Integer, {"interleave_moe_layer_step", "moe_layer_interval"}},
    {"attention.q_lora_rank", Kind::Integer, {"q_lora_rank"}},
    {"attention.kv_lora_rank", Kind::Integer, {"kv_lora_rank"}},
    {"attention.value_length_mla", Kind::Integer, {"v_head_dim"}},
    {"attention.chunk_size", Kind::Integer, {"attention_chunk_size"}},
    {"attention.temperature_length", Kind::Integer, {"floor_scale"}},
    {"attention.temperature_scale", Kind::Number, {"attn_scale"}},
    {"ssm.group_count", Kind::Integer, {"linear_num_key_heads"}},
    {"ssm.time_step_rank", Kind::Integer, {"linear_num_value_heads"}},
    {"ssm.state_size", Kind::Integer, {"linear_key_head_dim"}},
    {"ssm.conv_kernel", Kind::Integer, {"linear_conv_kernel_dim"}},
    {"shortconv.l_cache", Kind::Integer, {"conv_L_cache"}},
    {"swiglu_limit", Kind::Number, {"swiglu_limit"}},
    {"expert_weights_norm", Kind::Flag, {"norm_topk_prob"}},
    {"expert_weights_scale", Kind::Number, {"routed_scaling_factor"}},
    {"use_parallel_residual", Kind::Flag, {"use_parallel_residual", "parallel_attn"}},
    {"attention.layer_norm_rms_epsilon", Kind::Number, {"rms_norm_eps"}},
    {"attention.layer_norm_epsilon",
     Kind::Number,
     {"layer_norm_eps", "layer_norm_epsilon", "norm_eps", "norm_epsilon"}},
    {"attention.scale", Kind::Number, {"attention_multiplier"}},
    {"attention.clamp_kqv", Kind::Number, {"clip_qkv"}},
    {"attn_logit_softcapping", Kind::Number, {"attn_logit_softcapping"}},
    {"final_logit_softcapping", Kind::Number, {"final_logit_softcapping"}},
    {"embedding_scale", Kind::Number, {"embedding_multiplier", "scale_emb"}},
    {"residual_scale", Kind::Number, {"residual_multiplier"}},
    {"logit_scale", Kind::Number, {"logit_scale", "logits_scaling"}},
};

// More than any model has; a list that config.json implies is not made longer.
constexpr std::int32_t kMostLayers = 1 << 16;

void copy_numbers(Translation& t) {
  for (const KeyNames& k : kKeys) {
    const char* theirs = t.config.first_of(k.theirs);
    if (!theirs) continue;
    switch (k.kind) {
      case Kind::Integer: t.set(k.ours, t.config.integer(theirs)); break;
      case Kind::Number: t.set_float(k.ours, t.config.number(theirs)); break;
      case Kind::Flag: t.set(k.ours, t.config.flag(theirs)); break;
    }
  }
}

// What is computed from numbers of the file, as an integer of GGUF.
std::int32_t in_range(const ConfigJson& config, std::string_view what, double value) {
  if (!(value >= 0 && value <= INT32_MAX)) fail("{}: {}: {} is out of range", config.source(), what, value);
  return static_cast<std::int32_t>(value);
}

void attention_numbers(Translation& t) {
  const ConfigJson& config = t.config;
  if (const auto attention = config.object("attn_config")) {
    t.set_float("attention.clamp_kqv", attention->number("clip_qkv"));
    t.set_float("attention.max_alibi_bias", attention->number("alibi_bias_max"));
  }
  if (config.flag("alibi")) t.set("attention.max_alibi_bias", 8.0f);
  if (const auto scalar = config.number("query_pre_attn_scalar"))
    t.set_float("attention.scale", 1 / std::sqrt(*scalar));
  if (const Json* tuning = config.find("attn_temperature_tuning"); tuning && *tuning == false)
    t.set("attention.temperature_scale", 0.0f);
  // Every class of checkpoints norms its latents with this epsilon, whatever rms_norm_eps says. GGUF has no
  // key of its own for it and its other readers take the model's, so files that do not say it mean that one.
  if (t.arch.latent) t.set("attention.latent_layer_norm_rms_epsilon", 1e-6f);
  if (const auto nope = config.integer("qk_nope_head_dim")) {
    const auto rope = config.integer("qk_rope_head_dim");
    if (!rope) fail("{}: 'qk_rope_head_dim' is missing", config.source());
    t.set("attention.key_length_mla",
          in_range(config, "'qk_nope_head_dim' plus 'qk_rope_head_dim'", static_cast<double>(*nope) + *rope));
  }
  // Older files count KV heads by saying that there is one, or that each query has its own.
  if (!config.find("multi_query")) return;
  const auto grouped = config.integer("num_kv_heads");
  if (grouped && config.flag("new_decoder_architecture")) {
    t.set("attention.head_count_kv", grouped);
  } else if (config.flag("multi_query")) {
    t.set("attention.head_count_kv", std::int32_t{1});
  }
}

void expert_numbers(Translation& t) {
  // Where dense layers have a width of their own, the usual name is that of the experts'.
  if (t.config.find("intermediate_size_mlp"))
    t.set("expert_feed_forward_length", t.config.integer("intermediate_size"));
  if (!t.has("expert_count")) return;
  // GGUF says how the router works where a class has it built in.
  t.set("expert_gating_func", static_cast<std::uint32_t>(t.arch.router) + 1);
  if (!t.has("expert_weights_norm")) t.set("expert_weights_norm", t.arch.renormalise);
  if (!t.has("expert_feed_forward_length"))
    t.set("expert_feed_forward_length", t.get<std::int32_t>("feed_forward_length"));
}

// The FFN's width as some checkpoints mean it: two thirds of what they say, rounded up.
void adjust_ffn_width(Translation& t) {
  const ConfigJson& config = t.config;
  if (!config.flag("block_auto_adjust_ff_dim")) return;
  const std::int32_t step = config.integer("block_multiple_of").value_or(256);
  if (step < 1) fail("{}: 'block_multiple_of': expected at least 1, found {}", config.source(), step);
  const auto two_thirds = static_cast<double>(2 * t.get<std::int64_t>("feed_forward_length") / 3);
  const std::int64_t width = in_range(config, "'block_ffn_dim_multiplier' times the FFN's width",
                                      config.number("block_ffn_dim_multiplier").value_or(1) * two_thirds);
  t.set("feed_forward_length", in_range(config, "the FFN's width in multiples of 'block_multiple_of'",
                                        static_cast<double>((width + step - 1) / step * step)));
}

// The FFN of layers that read others' keys and values is twice as wide.
void widen_sharing_layers(Translation& t) {
  if (!t.config.flag("use_double_wide_mlp")) return;
  const auto layers = t.get<std::int32_t>("block_count"), width = t.get<std::int32_t>("feed_forward_length"),
             sharing = t.config.integer("num_kv_shared_layers").value_or(0);
  std::vector<std::int32_t> widths;
  for (std::int32_t i = 0; i < std::min(layers, kMostLayers); ++i)
    widths.push_back(i < std::int64_t{layers} - sharing ? width : std::min(width, INT32_MAX / 2) * 2);
  t.set("feed_forward_length", widths);
}

void ffn_numbers(Translation& t) {
  if (!t.has("feed_forward_length")) {
    const double ratio = t.config.number("expansion_ratio").value_or(4);
    t.set("feed_forward_length", in_range(t.config, "'expansion_ratio' times the width",
                                          ratio * t.get<std::int32_t>("embedding_length")));
  }
  expert_numbers(t);
  adjust_ffn_width(t);
  widen_sharing_layers(t);
}

void recurrent_numbers(Translation& t) {
  const auto heads = t.config.integer("linear_num_value_heads"),
             head_dim = t.config.integer("linear_value_head_dim");
  if (!heads || !head_dim) return;
  t.set("ssm.inner_size", in_range(t.config, "'linear_num_value_heads' times 'linear_value_head_dim'",
                                   static_cast<double>(*heads) * *head_dim));
}

void norms_and_scales(Translation& t) {
  // config.json has one name for the epsilon of either kind of norm; GGUF's other readers insist on theirs.
  constexpr std::string_view kRms = "attention.layer_norm_rms_epsilon",
                             kMean = "attention.layer_norm_epsilon";
  if (t.arch.norm == NormKind::Rms && !t.has(kRms) && t.has(kMean)) t.set(kRms, t.get<float>(kMean));
  if (const auto depth = t.config.number("scale_depth"))
    t.set_float("residual_scale", *depth / std::sqrt(t.get<double>("block_count")));
  if (const auto base = t.config.number("dim_model_base"))
    t.set_float("logit_scale", *base / t.get<double>("embedding_length"));
}

// A window counts unless it is switched off; layer_types says in which layers.
void windows(Translation& t) {
  const ConfigJson& config = t.config;
  const std::int32_t window = config.integer("sliding_window").value_or(0);
  if (window == 0 || !config.flag("use_sliding_window", true)) return;
  t.set("attention.sliding_window", window);
  std::vector<bool> pattern;
  if (const Json* types = config.find("layer_types")) {
    for (const Json& type : *types) pattern.push_back(type == "sliding_attention");
  } else if (const char* period = config.first_of({"sliding_window_pattern", "_sliding_window_pattern"})) {
    t.set("attention.sliding_window_pattern", config.integer(period));
  } else if (const auto first = config.integer("max_window_layers")) {
    // Files from before layer_types: the layers from this one on have the window.
    const std::int32_t layers = std::min(t.get<std::int32_t>("block_count"), kMostLayers);
    for (std::int32_t i = 0; i < layers; ++i) pattern.push_back(i >= *first);
  }
  if (!pattern.empty()) t.set("attention.sliding_window_pattern", pattern);
}

// Layers without a window may have heads of another size and number: config.json says so by keys of their
// own, or for each of these layers. GGUF's keys for the others end in _swa.
void global_layers(Translation& t) {
  const ConfigJson& config = t.config;
  std::optional<std::int32_t> head_dim, kv_heads;
  const auto take = [&](const ConfigJson& from, const char* key, std::optional<std::int32_t>& to) {
    const auto found = from.integer(key);
    if (!found) return;
    if (to && *to != *found) {
      fail("{}: 'per_layer_config': '{}' is {} in one layer and {} in another", config.source(), key, *to,
           *found);
    }
    to = found;
  };
  take(config, "global_head_dim", head_dim);
  if (config.flag("attention_k_eq_v")) take(config, "num_global_key_value_heads", kv_heads);
  if (config.object("per_layer_config")) {
    for (const Json& settings : *config.find("per_layer_config")) {
      if (!settings.is_object()) fail("{}: 'per_layer_config': expected an object a layer", config.source());
      const ConfigJson layer(settings, config.source());
      take(layer, "head_dim", head_dim);
      take(layer, "num_key_value_heads", kv_heads);
    }
  }
  if (head_dim) {
    for (const std::string length : {"attention.key_length", "attention.value_length"}) {
      t.set(length + "_swa", t.get<std::int32_t>(length));
      t.set(length, *head_dim);
    }
  }
  if (kv_heads) {
    const auto local = t.get<std::vector<bool>>("attention.sliding_window_pattern");
    std::vector<std::int32_t> counts(local.size(), t.get<std::int32_t>("attention.head_count_kv"));
    for (std::size_t i = 0; i < local.size(); ++i) {
      if (!local[i]) counts[i] = *kv_heads;
    }
    t.set("attention.head_count_kv", counts);
  }
}

}  // namespace

void translate_numbers(Translation& t) {
  copy_numbers(t);
  attention_numbers(t);
  ffn_numbers(t);
  recurrent_numbers(t);
  norms_and_scales(t);
  windows(t);
  global_layers(t);
}

}  // namespace pith
