// The row of a checkpoint's class, and its tensors under GGUF's names.
#include "model/translate.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "kernels/kernels.h"
#include "model/name_pattern.h"
#include "model/translation.h"

namespace pith {
namespace {

using Json = nlohmann::json;

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

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// The row of a file from before "architectures": every row's classes begin with its type in some spelling.
const Arch* find_arch_by_type(const std::string& type) {
  if (const Arch* arch = find_arch(type)) return arch;
  for (const Arch& arch : archs()) {
    for (const std::string_view c : arch.classes) {
      if (lower(c) == lower(type) + "forcausallm") return &arch;
    }
  }
  return nullptr;
}

const Arch& arch_of(const Json& config, const ConfigJson& text_model) {
  const std::string& source = text_model.source();
  const Arch* arch;
  std::string name;
  if (const auto classes = config.find("architectures");
      classes != config.end() && classes->is_array() && !classes->empty() && (*classes)[0].is_string()) {
    name = (*classes)[0].get<std::string>();
    arch = find_arch_by_class(name);
  } else if (const auto type = text_model.text("model_type")) {
    name = *type;
    arch = find_arch_by_type(name);
  } else {
    fail("{}: neither 'architectures' nor 'model_type' says what the model is", source);
  }
  if (!arch) fail("{}: model class '{}' is not supported", source, printable(name));
  return *arch;
}

void check_activation(const Translation& t) {
  const char* key =
      t.config.first_of({"hidden_activation", "hidden_act", "activation_function", "activation"});
  if (!key) return;
  const Json& value = *t.config.find(key);
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  for (const ActivationName& a : kActivationNames) {
    if (text == a.name && a.activation == t.arch.activation) return;
  }
  fail("{}: '{}': activation '{}' is not the one of the '{}' architecture", t.config.source(), key,
       printable(text), t.arch.name);
}

// What published checkpoints hold that generating text does without.
bool is_beside_the_text_model(const Translation& t, bool has_other_senses, std::string_view name) {
  // Masks and frequencies that implementations compute.
  constexpr std::string_view kBuffers[] = {".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias",
                                           ".attention.bias", ".attention.masked_bias"};
  const auto is_end = [&](std::string_view end) { return name.ends_with(end); };
  if (std::ranges::any_of(kBuffers, is_end)) return true;
  // Layers that predict further tokens: apart, or behind the last one.
  if (name.starts_with("mtp.") || name.starts_with("model.mtp_")) return true;
  const auto further = t.config.integer("num_nextn_predict_layers");
  const auto layer = match_name("model.layers.{}.", name);
  if (further && layer && layer->layer.size() < 7) {
    const auto behind = std::stoi(layer->layer) - t.get<std::int32_t>("block_count");
    if (behind >= 0 && behind < *further) return true;
  }
  // Images and sound.
  constexpr std::string_view kOtherSenses[] = {"vision",       "visual",     "audio", "multi_modal_projector",
                                               "embed_vision", "embed_audio"};
  if (!has_other_senses) return false;
  if (name.starts_with("model.")) name.remove_prefix(6);
  return std::ranges::any_of(kOtherSenses, [&](std::string_view sense) { return name.starts_with(sense); });
}

std::string rename_usual(const Arch& arch, std::string_view theirs) {
  for (const std::span<const NamePattern> patterns : {arch.names, common_names()}) {
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

// GGUF's name; empty where no pattern fits. Models of several senses have another prefix before the text
// model's names, checkpoints of a model without its head none.
std::string rename(const Arch& arch, std::string_view theirs) {
  constexpr std::pair<std::string_view, std::string_view> kPrefixes[] = {{"", ""},
                                                                         {"model.language_model.", "model."},
                                                                         {"language_model.model.", "model."},
                                                                         {"language_model.", ""},
                                                                         {"", "transformer."}};
  for (const auto& [longer, usual] : kPrefixes) {
    if (!theirs.starts_with(longer)) continue;
    std::string name = rename_usual(arch, std::string(usual) + std::string(theirs.substr(longer.size())));
    if (!name.empty()) return name;
  }
  return {};
}

// A small tensor with f applied to each element.
template <class F>
Tensor mapped(ModelFile& file, const Tensor& t, const std::string& name, F&& f) {
  const auto decode = kernels().decode[static_cast<std::size_t>(t.type)];
  if (!decode || type_info(t.type).block != 1)
    fail("{}: tensor '{}': type {} cannot be rewritten", file.path, printable(name), type_info(t.type).name);
  std::vector<float>& values = file.owned.emplace_back(static_cast<std::size_t>(t.elements()));
  decode(values.data(), t.data, t.elements());
  for (float& v : values) v = f(v);
  return {DType::F32, t.ne, reinterpret_cast<const std::byte*>(values.data())};
}

void translate_tensors(Translation& t, const TensorTable& theirs, bool has_other_senses) {
  ModelFile& file = t.file;
  const bool tied = t.config.flag("tie_word_embeddings");
  for (const auto& [their_name, tensor] : theirs.all()) {
    if (is_beside_the_text_model(t, has_other_senses, their_name)) continue;
    const std::string name = rename(t.arch, their_name);
    if (tied && name == "output.weight") continue;  // some checkpoints store the tied matrix twice
    if (name.empty()) {
      fail("{}: tensor '{}' has no place in the '{}' architecture; refusing to run the model without it",
           file.path, printable(their_name), t.arch.name);
    }
    const bool norm =
        t.arch.norm_plus_one && name.ends_with("norm.weight") && !name.ends_with("ssm_norm.weight");
    const bool log = name.ends_with(".ssm_a");  // of the decay
    file.tensors.add(name, norm  ? mapped(file, tensor, name, [](float w) { return 1 + w; })
                           : log ? mapped(file, tensor, name, [](float a) { return -std::exp(a); })
                                 : tensor);
  }
}

}  // namespace

ModelFile from_huggingface(HuggingFaceDir&& directory) {
  ModelFile file;
  file.path = directory.path.string();
  file.container = Container::HuggingFace;
  file.files = std::move(directory.files);
  file.metadata = Metadata((directory.path / "config.json").string());
  // A model of several senses keeps the language model's settings one level down.
  const Json& config = *directory.config;
  const auto inner = config.find("text_config");
  const bool has_other_senses = inner != config.end() && inner->is_object();
  const ConfigJson text_model(has_other_senses ? *inner : config, file.metadata.source());

  Translation t{arch_of(config, text_model), text_model, file};
  file.metadata.set("general.architecture", t.arch.name);
  translate_numbers(t);
  check_activation(t);
  translate_rope(t);
  translate_tensors(t, directory.tensors, has_other_senses);
  return file;
}

}  // namespace pith
