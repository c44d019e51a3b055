#include "model/translate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "base/error.h"
#include "model/archs.h"

namespace pith {
namespace {

using Json = nlohmann::json;

// config.json's names of GGUF's numbers; the first one present counts.
struct KeyNames {
  const char* ours;
  std::array<const char*, 5> theirs;
};
constexpr KeyNames kIntegers[] = {
    {"vocab_size", {"vocab_size"}},
    {"context_length", {"max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx"}},
    {"embedding_length", {"hidden_size", "n_embd", "d_model"}},
    {"block_count", {"num_hidden_layers", "n_layer", "n_layers"}},
    {"feed_forward_length", {"intermediate_size", "n_inner", "ffn_hidden_size"}},
    {"attention.head_count", {"num_attention_heads", "n_head", "n_heads"}},
    {"attention.head_count_kv", {"num_key_value_heads"}},
    {"attention.key_length", {"head_dim"}},
    {"attention.value_length", {"head_dim"}},
    {"expert_count", {"num_local_experts", "num_experts", "n_routed_experts"}},
    {"expert_used_count", {"num_experts_per_tok"}},
    {"expert_feed_forward_length", {"moe_intermediate_size"}},
};
constexpr KeyNames kNumbers[] = {
    {"attention.layer_norm_rms_epsilon", {"rms_norm_eps"}},
    {"attention.layer_norm_epsilon", {"layer_norm_eps", "layer_norm_epsilon", "norm_eps"}},
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

  std::string key(std::string_view ours) const { return std::string(arch_->name) + "." + std::string(ours); }
  void set_text(std::string_view ours, std::string_view text) { file_.metadata.set(ours, text); }

  void numbers() {
    for (const KeyNames& k : kIntegers) {
      for (const char* theirs : k.theirs) {
        const Json* v = theirs ? value(config_, theirs) : nullptr;
        if (!v) continue;
        file_.metadata.set(key(k.ours), integer(*v, theirs));
        break;
      }
    }
    for (const KeyNames& k : kNumbers) {
      for (const char* theirs : k.theirs) {
        const Json* v = theirs ? value(config_, theirs) : nullptr;
        if (!v) continue;
        file_.metadata.set(key(k.ours), static_cast<float>(number(*v, theirs)));
        break;
      }
    }
  }

  void check_activation() {
    for (const char* name : {"hidden_act", "hidden_activation", "activation_function"}) {
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
    if (!window || (use && use->is_boolean() && !use->get<bool>())) return;
    file_.metadata.set(key("attention.sliding_window"), integer(*window, "sliding_window"));
    const auto layers = file_.metadata.get<std::int32_t>(key("block_count"));
    std::vector<bool> pattern;
    if (const Json* types = value(config_, "layer_types")) {
      for (const Json& type : *types) pattern.push_back(type == "sliding_attention");
    } else if (const Json* first = value(config_, "max_window_layers")) {
      // Files from before layer_types: the layers from this one on have the window.
      for (std::int32_t i = 0; i < std::min(layers, 1 << 16); ++i)
        pattern.push_back(i >= integer(*first, "max_window_layers"));
    }
    if (!pattern.empty()) file_.metadata.set(key("attention.sliding_window_pattern"), pattern);
  }

  // rope_parameters (transformers 5), or rope_theta beside rope_scaling.
  void rope() {
    if (arch_->positions != Positions::Rope) return;
    const Json* parameters = value(config_, "rope_parameters");
    const Json& r = parameters                       ? *parameters
                    : value(config_, "rope_scaling") ? *value(config_, "rope_scaling")
                                                     : config_;
    if (!r.is_object()) fail("{}: RoPE parameters: expected an object", file_.metadata.source());
    const Json* theta = value(r, "rope_theta") ? value(r, "rope_theta") : value(config_, "rope_theta");
    const double base = theta ? number(*theta, "rope_theta") : 10000;
    file_.metadata.set(key("rope.freq_base"), static_cast<float>(base));
    const Json* partial = value(r, "partial_rotary_factor") ? value(r, "partial_rotary_factor")
                                                            : value(config_, "partial_rotary_factor");
    const double share = partial ? number(*partial, "partial_rotary_factor") : 1;
    file_.metadata.set(key("rope.dimension_count"), static_cast<std::int32_t>(share * head_dim()));
    if (&r == &config_) return;
    const Json* type = value(r, "rope_type") ? value(r, "rope_type") : value(r, "type");
    const std::string name = type && type->is_string() ? type->get<std::string>() : "default";
    if (name == "default") return;
    if (name != "linear" && name != "llama3" && name != "yarn") {
      fail("{}: RoPE scaling '{}' is not supported (expected default, linear, llama3 or yarn)",
           file_.metadata.source(), printable(name));
    }
    const double factor = required(r, "factor");
    if (name == "llama3") return llama3_frequencies(r, base, factor);
    set_text(key("rope.scaling.type"), name);
    file_.metadata.set(key("rope.scaling.factor"), static_cast<float>(factor));
    if (name == "yarn") yarn(r, factor);
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
    // GGUF's attention factor multiplies the paper's 1 + 0.1 ln(factor); config.json's replaces it.
    const double usual = 1 + 0.1 * std::log(factor);
    if (const Json* v = value(r, "attention_factor")) {
      file_.metadata.set(key("rope.scaling.attn_factor"),
                         static_cast<float>(number(*v, "attention_factor") / usual));
    }
  }

  // The Llama 3.1 scaling: slow pairs are divided by `factor`, fast ones kept, those between blended by how
  // often they turn over the original context (Meta, "apply_scaling" of the reference code). GGUF stores the
  // divisors.
  void llama3_frequencies(const Json& r, double base, double factor) {
    const double low = required(r, "low_freq_factor"), high = required(r, "high_freq_factor");
    const double context = required(r, "original_max_position_embeddings");
    const int dims = file_.metadata.get<std::int32_t>(key("rope.dimension_count"));
    if (dims < 2 || dims > (1 << 16))
      fail("{}: a rotation of {} elements is out of range", file_.metadata.source(), dims);
    std::vector<float>& divisors = file_.owned.emplace_back();
    for (int i = 0; i < dims / 2; ++i) {
      const double turns = context * std::pow(base, -2.0 * i / dims) / (2 * std::numbers::pi);
      const double blend = std::clamp((turns - low) / (high - low), 0.0, 1.0);
      divisors.push_back(static_cast<float>(1 / ((1 - blend) / factor + blend)));
    }
    file_.tensors.add("rope_freqs.weight",
                      {DType::F32, {dims / 2, 1, 1, 1}, reinterpret_cast<const std::byte*>(divisors.data())});
  }

  void tensors() {
    const Json* tied = value(config_, "tie_word_embeddings");
    const bool drop_head = tied && tied->is_boolean() && tied->get<bool>();
    for (const NamedTensor& t : dir_.tensors.all()) {
      const std::string name = rename(t.name);
      if (drop_head && name == "output.weight") continue;  // some checkpoints store the tied matrix twice
      if (name.empty()) {
        fail("{}: tensor '{}' has no place in the '{}' architecture; refusing to run the model without it",
             file_.path, printable(t.name), arch_->name);
      }
      file_.tensors.add(name, t.tensor);
    }
  }

  // GGUF's name; empty where no pattern fits.
  std::string rename(std::string_view theirs) const {
    for (const NamePattern& p : arch_->names) {
      std::string_view rest = theirs;
      const std::size_t hole = p.theirs.find("{}");
      if (!rest.starts_with(p.theirs.substr(0, hole))) continue;
      std::string layer;
      if (hole != std::string_view::npos) {
        rest.remove_prefix(hole);
        while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') layer += rest[0], rest.remove_prefix(1);
        const std::string_view tail = p.theirs.substr(hole + 2);
        if (layer.empty() || !rest.starts_with(tail)) continue;
        rest.remove_prefix(tail.size());
      } else {
        rest.remove_prefix(p.theirs.size());
      }
      if (rest != ".weight" && rest != ".bias") continue;
      std::string ours(p.ours);
      if (const std::size_t at = ours.find("{}"); at != std::string::npos) ours.replace(at, 2, layer);
      return ours + std::string(rest);
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
