#include "model/translate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "base/error.h"
#include "kernels/kernels.h"
#include "model/archs.h"
#include "model/name_pattern.h"

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

struct ActivationName {
  const char* name;
  Activation activation;
};
constexpr ActivationName kActivationNames[] = {
    {"silu", Activation::Silu},
    {"swish", Activation::Silu},
    {"gelu_new", Activation::GeluTanh},
    {"gelu_pytorch_tanh", Activation::GeluTanh},
    {"gelu_fast", Activation::GeluTanh},
    {"gelu", Activation::GeluErf},
    {"quick_gelu", Activation::GeluQuick},
    {"relu", Activation::Relu},
    {"relu2", Activation::ReluSquared},
};

// More than any model has; a list that config.json implies is not made longer.
constexpr std::int32_t kMostLayers = 1 << 16;

class Translation {
 public:
  explicit Translation(HuggingFaceDir&& dir) : dir_(std::move(dir)), config_(text_config(*dir_.config)) {
    file_.path = dir_.path.string();
    file_.container = Container::HuggingFace;
    file_.files = std::move(dir_.files);
    file_.metadata = Metadata((dir_.path / "config.json").string());
    arch_ = find();
  }

  ModelFile run() {
    set_text("general.architecture", arch_->name);
    numbers();
    check_activation();
    windows();
    global_layers();
    rope();
    tensors();
    return std::move(file_);
  }

 private:
  // A multimodal model keeps the language model's settings one level down.
  static const Json& text_config(const Json& config) {
    const auto inner = config.find("text_config");
    return inner != config.end() && inner->is_object() ? *inner : config;
  }

  const Arch* find() {
    const auto classes = dir_.config->find("architectures");
    std::string name;
    if (classes != dir_.config->end() && classes->is_array() && !classes->empty() &&
        (*classes)[0].is_string()) {
      name = (*classes)[0].get<std::string>();
    } else if (const auto type = config_.find("model_type"); type != config_.end() && type->is_string()) {
      // Older files name only the type; every row's classes begin with it in some spelling.
      const Arch* by_type = find_arch(type->get<std::string>());
      if (by_type) return by_type;
      name = type->get<std::string>();
      for (const Arch& a : archs()) {
        for (std::string_view c : a.classes) {
          if (lower(c) == lower(name) + "forcausallm") return &a;
        }
      }
    } else {
      fail("{}: neither 'architectures' nor 'model_type' says what the model is", file_.metadata.source());
    }
    const Arch* arch = find_arch_by_class(name);
    if (!arch) fail("{}: model class '{}' is not supported", file_.metadata.source(), printable(name));
    return arch;
  }

  static std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
  }

  // The value of a key, null where it is absent or null.
  const Json* value(const Json& object, const char* key) const {
    const auto it = object.find(key);
    return it == object.end() || it->is_null() ? nullptr : &*it;
  }

  double number(const Json& v, const char* key) const {
    if (!v.is_number())
      fail("{}: '{}': expected a number, found {}", file_.metadata.source(), key, v.type_name());
    return v.get<double>();
  }

  std::int32_t integer(const Json& v, const char* key) const {
    if (!v.is_number_integer())
      fail("{}: '{}': expected an integer, found {}", file_.metadata.source(), key, printable(v.dump(), 40));
    const auto wide =
        v.is_number_unsigned()
            ? static_cast<std::int64_t>(std::min<std::uint64_t>(v.get<std::uint64_t>(), INT64_MAX))
            : v.get<std::int64_t>();
    if (wide < INT32_MIN || wide > INT32_MAX)
      fail("{}: '{}': {} is out of range", file_.metadata.source(), key, wide);
    return static_cast<std::int32_t>(wide);
  }

  bool flag(const Json& v, const char* key) const {
    if (!v.is_boolean())
      fail("{}: '{}': expected true or false, found {}", file_.metadata.source(), key,
           printable(v.dump(), 40));
    return v.get<bool>();
  }

  std::string key(std::string_view ours) const { return std::string(arch_->name) + "." + std::string(ours); }
  void set_text(std::string_view ours, std::string_view text) { file_.metadata.set(ours, text); }

  void numbers() {
    for (const KeyNames& k : kKeys) {
      for (const char* theirs : k.theirs) {
        const Json* v = theirs ? value(config_, theirs) : nullptr;
        if (!v) continue;
        switch (k.kind) {
          case Kind::Integer: file_.metadata.set(key(k.ours), integer(*v, theirs)); break;
          case Kind::Number: file_.metadata.set(key(k.ours), static_cast<float>(number(*v, theirs))); break;
          case Kind::Flag: file_.metadata.set(key(k.ours), flag(*v, theirs)); break;
        }
        break;
      }
    }
    if (const Json* attention = value(config_, "attn_config"); attention && attention->is_object()) {
      if (const Json* v = value(*attention, "clip_qkv"))
        file_.metadata.set(key("attention.clamp_kqv"), static_cast<float>(number(*v, "clip_qkv")));
      if (const Json* v = value(*attention, "alibi_bias_max")) {
        file_.metadata.set(key("attention.max_alibi_bias"), static_cast<float>(number(*v, "alibi_bias_max")));
      }
    }
    if (const Json* alibi = value(config_, "alibi"); alibi && flag(*alibi, "alibi"))
      file_.metadata.set(key("attention.max_alibi_bias"), 8.0f);
    if (const Json* scalar = value(config_, "query_pre_attn_scalar")) {
      file_.metadata.set(key("attention.scale"),
                         static_cast<float>(1 / std::sqrt(number(*scalar, "query_pre_attn_scalar"))));
    }
    if (!file_.metadata.has(key("feed_forward_length"))) {
      const Json* ratio = value(config_, "expansion_ratio");
      const auto width = file_.metadata.get<std::int32_t>(key("embedding_length"));
      const double times = ratio ? number(*ratio, "expansion_ratio") : 4;
      if (!(times > 0 && times * width < INT32_MAX))
        fail("{}: 'expansion_ratio': {} is out of range", file_.metadata.source(), times);
      file_.metadata.set(key("feed_forward_length"), static_cast<std::int32_t>(times * width));
    }
    if (file_.metadata.has(key("expert_count"))) {
      // GGUF says how the router works where a class has it built in.
      file_.metadata.set(key("expert_gating_func"), static_cast<std::uint32_t>(arch_->router) + 1);
      if (!file_.metadata.has(key("expert_weights_norm")))
        file_.metadata.set(key("expert_weights_norm"), arch_->renormalise);
      if (const std::string width = key("expert_feed_forward_length"); !file_.metadata.has(width))
        file_.metadata.set(width, file_.metadata.get<std::int32_t>(key("feed_forward_length")));
    }
    // config.json has one name for the epsilon of either kind of norm; GGUF's other readers insist on theirs.
    const std::string rms = key("attention.layer_norm_rms_epsilon"),
                      mean = key("attention.layer_norm_epsilon");
    if (arch_->norm == NormKind::Rms && !file_.metadata.has(rms) && file_.metadata.has(mean))
      file_.metadata.set(rms, file_.metadata.get<float>(mean));
    derived_numbers();
    // Older files count KV heads by saying that there is one, or that each query has its own.
    if (const Json* multi = value(config_, "multi_query")) {
      const Json* grouped = value(config_, "new_decoder_architecture");
      const Json* count = value(config_, "num_kv_heads");
      if (grouped && flag(*grouped, "new_decoder_architecture") && count) {
        file_.metadata.set(key("attention.head_count_kv"), integer(*count, "num_kv_heads"));
      } else if (flag(*multi, "multi_query")) {
        file_.metadata.set(key("attention.head_count_kv"), std::int32_t{1});
      }
    }
  }

  // Numbers of GGUF that config.json gives in parts, or that its classes have built in.
  void derived_numbers() {
    Metadata& m = file_.metadata;
    // Every class of checkpoints norms its latents with this epsilon, whatever rms_norm_eps says. GGUF has no
    // key of its own for it and its other readers take the model's, so files that do not say it mean that
    // one.
    if (arch_->latent) m.set(key("attention.latent_layer_norm_rms_epsilon"), 1e-6f);
    const auto product = [&](const char* a, const char* b, const char* ours) {
      const Json *x = value(config_, a), *y = value(config_, b);
      if (!x || !y) return;
      const std::int64_t all = std::int64_t{integer(*x, a)} * integer(*y, b);
      if (all < 0 || all > INT32_MAX) fail("{}: '{}' times '{}': {} is out of range", m.source(), a, b, all);
      m.set(key(ours), static_cast<std::int32_t>(all));
    };
    product("linear_num_value_heads", "linear_value_head_dim", "ssm.inner_size");
    if (value(config_, "intermediate_size_mlp") && value(config_, "intermediate_size")) {
      m.set(key("expert_feed_forward_length"),
            integer(*value(config_, "intermediate_size"), "intermediate_size"));
    }
    if (const Json* nope = value(config_, "qk_nope_head_dim")) {
      const Json* rope = value(config_, "qk_rope_head_dim");
      if (!rope) fail("{}: 'qk_rope_head_dim' is missing", m.source());
      const double head = number(*nope, "qk_nope_head_dim") + number(*rope, "qk_rope_head_dim");
      m.set(key("attention.key_length_mla"), static_cast<std::int32_t>(head));
    }
    const Json *depth = value(config_, "scale_depth"), *base = value(config_, "dim_model_base");
    if (depth) {
      m.set(key("residual_scale"),
            static_cast<float>(number(*depth, "scale_depth") / std::sqrt(m.get<double>(key("block_count")))));
    }
    if (base)
      m.set(key("logit_scale"),
            static_cast<float>(number(*base, "dim_model_base") / m.get<double>(key("embedding_length"))));
    // The FFN's width as some checkpoints mean it: two thirds of what they say, rounded up.
    const Json* adjust = value(config_, "block_auto_adjust_ff_dim");
    if (adjust && flag(*adjust, "block_auto_adjust_ff_dim")) {
      const Json *multiplier = value(config_, "block_ffn_dim_multiplier"),
                 *multiple = value(config_, "block_multiple_of");
      const std::int32_t step = multiple ? integer(*multiple, "block_multiple_of") : 256;
      if (step < 1) fail("{}: 'block_multiple_of': expected at least 1, found {}", m.source(), step);
      std::int64_t width = 2 * m.get<std::int64_t>(key("feed_forward_length")) / 3;
      if (multiplier)
        width = static_cast<std::int64_t>(number(*multiplier, "block_ffn_dim_multiplier") *
                                          static_cast<double>(width));
      m.set(key("feed_forward_length"), static_cast<std::int32_t>((width + step - 1) / step * step));
    }
    if (const Json* wide = value(config_, "use_double_wide_mlp"); wide && flag(*wide, "use_double_wide_mlp"))
      widen_sharing_layers();
    if (const Json* tuning = value(config_, "attn_temperature_tuning"); tuning && *tuning == false)
      m.set(key("attention.temperature_scale"), 0.0f);
  }

  // The FFN of layers that read others' keys and values is twice as wide.
  void widen_sharing_layers() {
    Metadata& m = file_.metadata;
    const auto layers = m.get<std::int32_t>(key("block_count")),
               width = m.get<std::int32_t>(key("feed_forward_length")),
               sharing = m.get_or<std::int32_t>(key("attention.shared_kv_layers"), 0);
    std::vector<std::int32_t> widths;
    for (std::int32_t i = 0; i < std::min(layers, kMostLayers); ++i)
      widths.push_back(i < layers - sharing ? width : std::min(width, INT32_MAX / 2) * 2);
    m.set(key("feed_forward_length"), widths);
  }

  void check_activation() {
    for (const char* name : {"hidden_activation", "hidden_act", "activation_function", "activation"}) {
      const Json* v = value(config_, name);
      if (!v) continue;
      const std::string text = v->is_string() ? v->get<std::string>() : v->dump();
      for (const ActivationName& a : kActivationNames) {
        if (text == a.name && a.activation == arch_->activation) return;
      }
      fail("{}: '{}': activation '{}' is not the one of the '{}' architecture", file_.metadata.source(), name,
           printable(text), arch_->name);
    }
  }

  // A window counts unless it is switched off; layer_types says in which layers.
  void windows() {
    const Json* window = value(config_, "sliding_window");
    const Json* use = value(config_, "use_sliding_window");
    if (!window || *window == 0 || (use && !flag(*use, "use_sliding_window"))) return;
    file_.metadata.set(key("attention.sliding_window"), integer(*window, "sliding_window"));
    const auto layers = file_.metadata.get<std::int32_t>(key("block_count"));
    std::vector<bool> pattern;
    if (const Json* types = value(config_, "layer_types")) {
      for (const Json& type : *types) pattern.push_back(type == "sliding_attention");
    } else if (const Json* period = first_of({"sliding_window_pattern", "_sliding_window_pattern"})) {
      file_.metadata.set(key("attention.sliding_window_pattern"), integer(*period, "sliding_window_pattern"));
    } else if (const Json* first = value(config_, "max_window_layers")) {
      // Files from before layer_types: the layers from this one on have the window.
      for (std::int32_t i = 0; i < std::min(layers, kMostLayers); ++i)
        pattern.push_back(i >= integer(*first, "max_window_layers"));
    }
    if (!pattern.empty()) file_.metadata.set(key("attention.sliding_window_pattern"), pattern);
  }

  // Layers without a window may have heads of another size and number: config.json says so by keys of their
  // own, or for each of these layers. GGUF's keys for the others end in _swa.
  void global_layers() {
    Metadata& m = file_.metadata;
    std::optional<std::int32_t> head_dim, kv_heads;
    const auto take = [&](const Json& from, const char* name, std::optional<std::int32_t>& to) {
      const Json* v = value(from, name);
      if (!v) return;
      if (const std::int32_t found = integer(*v, name); to.value_or(found) == found) {
        to = found;
      } else {
        fail("{}: 'per_layer_config': '{}' is {} in one layer and {} in another", m.source(), name, *to,
             found);
      }
    };
    take(config_, "global_head_dim", head_dim);
    if (const Json* shared = value(config_, "attention_k_eq_v"); shared && flag(*shared, "attention_k_eq_v"))
      take(config_, "num_global_key_value_heads", kv_heads);
    if (const Json* layers = value(config_, "per_layer_config"); layers && layers->is_object()) {
      for (const Json& layer : *layers) {
        if (!layer.is_object()) fail("{}: 'per_layer_config': expected an object a layer", m.source());
        take(layer, "head_dim", head_dim);
        take(layer, "num_key_value_heads", kv_heads);
      }
    }
    if (head_dim) {
      for (const char* length : {"attention.key_length", "attention.value_length"}) {
        m.set(key(length) + "_swa", m.get<std::int32_t>(key(length)));
        m.set(key(length), *head_dim);
      }
    }
    if (kv_heads) {
      const auto local = m.get<std::vector<bool>>(key("attention.sliding_window_pattern"));
      std::vector<std::int32_t> counts(local.size(), m.get<std::int32_t>(key("attention.head_count_kv")));
      for (std::size_t i = 0; i < local.size(); ++i) {
        if (!local[i]) counts[i] = *kv_heads;
      }
      m.set(key("attention.head_count_kv"), counts);
    }
  }

  const Json* first_of(std::initializer_list<const char*> names) const {
    for (const char* name : names) {
      if (const Json* v = value(config_, name)) return v;
    }
    return nullptr;
  }

  // rope_parameters (transformers 5), or rope_theta beside rope_scaling. Parameters may differ for layers
  // with a window.
  void rope() {
    if (arch_->positions != Positions::Rope) return;
    const Json* parameters = first_of({"rope_parameters", "rope_scaling"});
    if (parameters && !parameters->is_object())
      fail("{}: RoPE parameters: expected an object", file_.metadata.source());
    const Json* local = parameters ? value(*parameters, "sliding_attention") : nullptr;
    const Json* local_base =
        local && local->is_object() ? value(*local, "rope_theta") : value(config_, "rope_local_base_freq");
    if (local_base)
      file_.metadata.set(key("rope.freq_base_swa"), static_cast<float>(number(*local_base, "rope_theta")));
    if (parameters && value(*parameters, "full_attention")) parameters = value(*parameters, "full_attention");
    const Json& r = parameters ? *parameters : config_;
    if (!r.is_object()) fail("{}: RoPE parameters: expected an object", file_.metadata.source());

    const Json* theta =
        value(r, "rope_theta") ? value(r, "rope_theta") : first_of({"rope_theta", "rotary_emb_base"});
    double base = theta ? number(*theta, "rope_theta") : 10000;
    const Json* partial = value(r, "partial_rotary_factor")
                              ? value(r, "partial_rotary_factor")
                              : first_of({"partial_rotary_factor", "rotary_pct"});
    const double share = partial ? number(*partial, "partial_rotary_factor") : 1;
    if (!(share > 0 && share <= 1))
      fail("{}: 'partial_rotary_factor': expected 0 to 1, found {}", file_.metadata.source(), share);
    const Json* type = value(r, "rope_type") ? value(r, "rope_type") : value(r, "type");
    const std::string name = type && type->is_string() ? type->get<std::string>() : "default";
    const Json* latent = value(config_, "qk_rope_head_dim");
    const int dims = latent                   ? integer(*latent, "qk_rope_head_dim")
                     : name == "proportional" ? head_dim()
                                              : static_cast<int>(share * head_dim());
    file_.metadata.set(key("rope.dimension_count"), static_cast<std::int32_t>(dims));
    if (const auto local_dims = file_.metadata.find<std::int32_t>(key("attention.key_length_swa")))
      file_.metadata.set(key("rope.dimension_count_swa"), *local_dims);
    if (const Json* parts = value(r, "mrope_section"); parts && parts->is_array()) {
      std::vector<std::int32_t> sections;
      for (const Json& v : *parts) sections.push_back(integer(v, "mrope_section"));
      sections.resize(4);  // as GGUF has them
      file_.metadata.set(key("rope.dimension_sections"), sections);
    }
    if (const Json* layers = value(config_, "no_rope_layers")) {
      std::vector<bool> rotated;
      for (const Json& v : *layers) rotated.push_back(v != 0);
      if (!rotated.empty()) file_.metadata.set(key("rope.layers"), rotated);
    }

    if (name == "dynamic" &&
        value(r, "alpha")) {  // a fixed factor on the base, not one that grows with the prompt
      base *= std::pow(required(r, "alpha"), dims / (dims - 2.0));
    } else if (name == "llama3") {
      llama3_frequencies(r, base, required(r, "factor"));
    } else if (name == "proportional") {
      proportional_frequencies(share, dims);
    } else if (name == "longrope" || name == "su") {
      longrope(r);
    } else if (name == "linear" || name == "yarn") {
      set_text(key("rope.scaling.type"), name);
      file_.metadata.set(key("rope.scaling.factor"), static_cast<float>(required(r, "factor")));
      if (name == "yarn") yarn(r, required(r, "factor"));
    } else if (name != "default") {
      fail(
          "{}: RoPE scaling '{}' is not supported (expected default, linear, llama3, yarn, longrope or "
          "proportional)",
          file_.metadata.source(), printable(name));
    }
    file_.metadata.set(key("rope.freq_base"), static_cast<float>(base));
  }

  // Divisors for short and for long contexts, and a factor on cos and sin that config.json may leave to the
  // formula of the paper.
  void longrope(const Json& r) {
    const Json* inner = value(r, "original_max_position_embeddings");
    const Json* original = inner ? inner : value(config_, "original_max_position_embeddings");
    const auto trained = file_.metadata.get<std::int32_t>(key("context_length"));
    const std::int32_t context = original ? integer(*original, "original_max_position_embeddings") : trained;
    const Json* factor = value(r, "factor");
    const double scale = factor ? number(*factor, "factor") : static_cast<double>(trained) / context;
    const Json* given = value(r, "attention_factor");
    const double attention = given        ? number(*given, "attention_factor")
                             : scale <= 1 ? 1
                                          : std::sqrt(1 + std::log(scale) / std::log(context));
    set_text(key("rope.scaling.type"), "longrope");
    file_.metadata.set(key("rope.scaling.original_context_length"), context);
    file_.metadata.set(key("rope.scaling.attn_factor"), static_cast<float>(attention));
    add_factors(r, "short_factor", "rope_factors_short.weight");
    add_factors(r, "long_factor", "rope_factors_long.weight");
  }

  void add_factors(const Json& r, const char* theirs, const char* ours) {
    const Json* list = value(r, theirs);
    if (!list || !list->is_array() || list->empty())
      fail("{}: LongRoPE needs the list '{}'", file_.metadata.source(), theirs);
    std::vector<float> divisors;
    for (const Json& v : *list) divisors.push_back(static_cast<float>(number(v, theirs)));
    add_vector(ours, std::move(divisors));
  }

  double required(const Json& r, const char* name) const {
    const Json* v = value(r, name);
    if (!v) fail("{}: RoPE scaling needs '{}'", file_.metadata.source(), name);
    return number(*v, name);
  }

  int head_dim() const {
    const Metadata& m = file_.metadata;
    if (const auto given = m.find<std::int32_t>(key("attention.key_length"))) return *given;
    const auto heads = m.get<std::int32_t>(key("attention.head_count"));
    if (heads < 1) fail("{}: the number of heads must be at least 1, found {}", m.source(), heads);
    return m.get<std::int32_t>(key("embedding_length")) / heads;
  }

  void yarn(const Json& r, double factor) {
    const Json* original = value(r, "original_max_position_embeddings");
    file_.metadata.set(key("rope.scaling.original_context_length"),
                       original ? integer(*original, "original_max_position_embeddings")
                                : file_.metadata.get<std::int32_t>(key("context_length")));
    const auto copy = [&](const char* theirs, const char* ours) {
      if (const Json* v = value(r, theirs))
        file_.metadata.set(key(ours), static_cast<float>(number(*v, theirs)));
    };
    copy("beta_fast", "rope.scaling.yarn_beta_fast");
    copy("beta_slow", "rope.scaling.yarn_beta_slow");
    if (const Json* v = value(r, "truncate"); v && v->is_boolean())
      file_.metadata.set(key("rope.scaling.yarn_truncate"), v->get<bool>());
    // GGUF's attention factor multiplies the paper's 1 + 0.1 ln(factor); config.json's, given or made of two,
    // replaces it.
    const auto magnitude = [&](double mscale) {
      return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1;
    };
    double attention = magnitude(1);
    if (const Json* v = value(r, "attention_factor")) {
      attention = number(*v, "attention_factor");
    } else if (value(r, "mscale") && value(r, "mscale_all_dim")) {
      attention = magnitude(required(r, "mscale")) / magnitude(required(r, "mscale_all_dim"));
    }
    file_.metadata.set(key("rope.scaling.attn_factor"), static_cast<float>(attention / magnitude(1)));
    // With latent attention the same factor, squared, is in the scale of the scores too.
    if (const Json* all = value(r, "mscale_all_dim"); all && arch_->latent) {
      const double head = file_.metadata.get<double>(key("attention.key_length_mla")),
                   mscale = magnitude(number(*all, "mscale_all_dim"));
      file_.metadata.set(key("attention.scale"), static_cast<float>(mscale * mscale / std::sqrt(head)));
    }
    if (const Json* beta = value(r, "llama_4_scaling_beta")) {
      file_.metadata.set(key("attention.temperature_scale"),
                         static_cast<float>(number(*beta, "llama_4_scaling_beta")));
      file_.metadata.set(key("attention.temperature_length"),
                         file_.metadata.get<std::int32_t>(key("rope.scaling.original_context_length")));
    }
  }

  // The Llama 3.1 scaling: slow pairs are divided by `factor`, fast ones kept, those between blended by how
  // often they turn over the original context (Meta, "apply_scaling" of the reference code). GGUF stores the
  // divisors.
  void llama3_frequencies(const Json& r, double base, double factor) {
    const double low = required(r, "low_freq_factor"), high = required(r, "high_freq_factor");
    const double context = required(r, "original_max_position_embeddings");
    const int dims = file_.metadata.get<std::int32_t>(key("rope.dimension_count"));
    std::vector<float> divisors;
    for (int i = 0; i < pairs(dims); ++i) {
      const double turns = context * std::pow(base, -2.0 * i / dims) / (2 * std::numbers::pi);
      const double blend = std::clamp((turns - low) / (high - low), 0.0, 1.0);
      divisors.push_back(static_cast<float>(1 / ((1 - blend) / factor + blend)));
    }
    add_vector("rope_freqs.weight", std::move(divisors));
  }

  // The first share of the pairs turns as if all did, the others stay: GGUF divides their frequency by so
  // much that they do.
  void proportional_frequencies(double share, int dims) {
    const int count = pairs(dims), turning = static_cast<int>(share * dims / 2);
    std::vector<float> divisors(static_cast<std::size_t>(turning), 1.0f);
    divisors.resize(static_cast<std::size_t>(count), 1e30f);
    add_vector("rope_freqs.weight", std::move(divisors));
  }

  int pairs(int dims) const {
    if (dims < 2 || dims > (1 << 16))
      fail("{}: a rotation of {} elements is out of range", file_.metadata.source(), dims);
    return dims / 2;
  }

  // A tensor that config.json implies.
  void add_vector(const char* name, std::vector<float>&& values) {
    const std::vector<float>& kept = file_.owned.emplace_back(std::move(values));
    file_.tensors.add(
        name, {DType::F32, {std::ssize(kept), 1, 1, 1}, reinterpret_cast<const std::byte*>(kept.data())});
  }

  void tensors() {
    const Json* tied = value(config_, "tie_word_embeddings");
    const bool drop_head = tied && tied->is_boolean() && tied->get<bool>();
    for (const NamedTensor& t : dir_.tensors.all()) {
      if (is_beside_the_text_model(t.name)) continue;
      const std::string name = rename(t.name);
      if (drop_head && name == "output.weight") continue;  // some checkpoints store the tied matrix twice
      if (name.empty()) {
        fail("{}: tensor '{}' has no place in the '{}' architecture; refusing to run the model without it",
             file_.path, printable(t.name), arch_->name);
      }
      const bool norm =
          arch_->norm_plus_one && name.ends_with("norm.weight") && !name.ends_with("ssm_norm.weight");
      const bool log = name.ends_with(".ssm_a");  // of the decay
      file_.tensors.add(name, norm  ? mapped(t.tensor, name, [](float w) { return 1 + w; })
                              : log ? mapped(t.tensor, name, [](float a) { return -std::exp(a); })
                                    : t.tensor);
    }
  }

  // A small tensor with f applied to each element.
  template <class F>
  Tensor mapped(const Tensor& t, const std::string& name, F&& f) {
    const auto decode = kernels().decode[static_cast<std::size_t>(t.type)];
    if (!decode || type_info(t.type).block != 1)
      fail("{}: tensor '{}': type {} cannot be rewritten", file_.path, printable(name),
           type_info(t.type).name);
    std::vector<float>& values = file_.owned.emplace_back(static_cast<std::size_t>(t.elements()));
    decode(values.data(), t.data, t.elements());
    for (float& v : values) v = f(v);
    return {DType::F32, t.ne, reinterpret_cast<const std::byte*>(values.data())};
  }

  // What published checkpoints hold that generating text does without.
  bool is_beside_the_text_model(std::string_view name) const {
    // Masks and frequencies that implementations compute.
    constexpr std::string_view kBuffers[] = {".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias",
                                             ".attention.bias", ".attention.masked_bias"};
    const auto is_end = [&](std::string_view end) { return name.ends_with(end); };
    if (std::ranges::any_of(kBuffers, is_end)) return true;
    // Layers that predict further tokens: apart, or behind the last one.
    if (name.starts_with("mtp.") || name.starts_with("model.mtp_")) return true;
    const Json* further = value(config_, "num_nextn_predict_layers");
    const auto layer = match_name("model.layers.{}.", name);
    if (further && layer && layer->layer.size() < 7) {
      const auto behind = std::stoi(layer->layer) - file_.metadata.get<std::int32_t>(key("block_count"));
      if (behind >= 0 && behind < integer(*further, "num_nextn_predict_layers")) return true;
    }
    // Images and sound.
    constexpr std::string_view kOtherSenses[] = {
        "vision", "visual", "audio", "multi_modal_projector", "embed_vision", "embed_audio"};
    if (&config_ == dir_.config.get()) return false;
    if (name.starts_with("model.")) name.remove_prefix(6);
    return std::ranges::any_of(kOtherSenses, [&](std::string_view sense) { return name.starts_with(sense); });
  }

  // GGUF's name; empty where no pattern fits. Models of several senses have another prefix before the text
  // model's names, checkpoints of a model without its head none.
  std::string rename(std::string_view theirs) const {
    constexpr std::pair<std::string_view, std::string_view> kPrefixes[] = {
        {"", ""},
        {"model.language_model.", "model."},
        {"language_model.model.", "model."},
        {"language_model.", ""},
        {"", "transformer."}};
    for (const auto& [longer, usual] : kPrefixes) {
      if (!theirs.starts_with(longer)) continue;
      std::string name = rename_usual(std::string(usual) + std::string(theirs.substr(longer.size())));
      if (!name.empty()) return name;
    }
    return {};
  }

  std::string rename_usual(std::string_view theirs) const {
    for (std::span<const NamePattern> patterns : {arch_->names, common_names()}) {
      for (const NamePattern& p : patterns) {
        const auto match = match_name(p.theirs, theirs);
        if (!match) continue;
        constexpr std::string_view kWhole[] = {".weight", ".bias", ".scale", ".blocks", ".scales", ".ssm_a"};
        const bool complete =
            std::ranges::any_of(kWhole, [&](std::string_view end) { return p.ours.ends_with(end); });
        if (complete ? match->rest.empty() : match->rest == ".weight" || match->rest == ".bias") {
          return fill_name(p.ours, *match) + match->rest;
        }
      }
    }
    return {};
  }

  HuggingFaceDir dir_;
  const Json& config_;
  const Arch* arch_ = nullptr;
  ModelFile file_;
};

}  // namespace

ModelFile from_huggingface(HuggingFaceDir&& directory) { return Translation(std::move(directory)).run(); }

}  // namespace pith
