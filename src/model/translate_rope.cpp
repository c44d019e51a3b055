// Rotary positions of config.json as GGUF has them.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "model/translation.h"

namespace pith {
namespace {

double required(const ConfigJson& r, const char* key) {
  const auto value = r.number(key);
  if (!value) fail("{}: RoPE scaling needs '{}'", r.source(), key);
  return *value;
}

// A tensor that config.json implies.
void add_vector(Translation& t, const char* name, std::vector<float>&& values) {
  const std::vector<float>& kept = t.file.owned.emplace_back(std::move(values));
  t.file.tensors.add(
      name, {DType::F32, {std::ssize(kept), 1, 1, 1}, reinterpret_cast<const std::byte*>(kept.data())});
}

int head_dim(const Translation& t) {
  if (t.has("attention.key_length")) return t.get<std::int32_t>("attention.key_length");
  const auto heads = t.get<std::int32_t>("attention.head_count");
  if (heads < 1) fail("{}: the number of heads must be at least 1, found {}", t.config.source(), heads);
  return t.get<std::int32_t>("embedding_length") / heads;
}

int pairs(const Translation& t, int dims) {
  if (dims < 2 || dims > (1 << 16))
    fail("{}: a rotation of {} elements is out of range", t.config.source(), dims);
  return dims / 2;
}

// The context that the model had before its positions were stretched.
std::int32_t original_context(const Translation& t, const ConfigJson& r) {
  const auto given = r.integer("original_max_position_embeddings");
  return given ? *given : t.get<std::int32_t>("context_length");
}

// Llama 3.1's scaling: slow pairs are divided by `factor`, fast ones kept, those between blended by how often
// they turn over the original context (Meta, "apply_scaling" of the reference code). GGUF stores the divisors.
void llama3(Translation& t, const ConfigJson& r, double base, int dims) {
  const double factor = required(r, "factor"), low = required(r, "low_freq_factor"),
               high = required(r, "high_freq_factor"),
               context = required(r, "original_max_position_embeddings");
  std::vector<float> divisors;
  for (int i = 0; i < pairs(t, dims); ++i) {
    const double turns = context * std::pow(base, -2.0 * i / dims) / (2 * std::numbers::pi);
    const double blend = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    divisors.push_back(static_cast<float>(1 / ((1 - blend) / factor + blend)));
  }
  add_vector(t, "rope_freqs.weight", std::move(divisors));
}

// The first share of the pairs turns as if all did, the others stay: GGUF divides their frequency by so much
// that they do.
void proportional(Translation& t, double share, int dims) {
  const int count = pairs(t, dims), turning = static_cast<int>(share * dims / 2);
  std::vector<float> divisors(static_cast<std::size_t>(turning), 1.0f);
  divisors.resize(static_cast<std::size_t>(count), 1e30f);
  add_vector(t, "rope_freqs.weight", std::move(divisors));
}

void add_factors(Translation& t, const ConfigJson& r, const char* theirs, const char* ours) {
  const auto list = r.numbers(theirs);
  if (!list || list->empty()) fail("{}: LongRoPE needs the list '{}'", r.source(), theirs);
  add_vector(t, ours, {list->begin(), list->end()});
}

// Divisors for short and for long contexts, and a factor on cos and sin that config.json may leave to the
// formula of the paper.
void longrope(Translation& t, const ConfigJson& r) {
  const std::int32_t context = original_context(t, r.find("original_max_position_embeddings") ? r : t.config);
  const double scale = r.number("factor").value_or(t.get<double>("context_length") / context);
  const double paper = scale <= 1 ? 1 : std::sqrt(1 + std::log(scale) / std::log(context));
  t.set("rope.scaling.type", "longrope");
  t.set("rope.scaling.original_context_length", context);
  t.set_float("rope.scaling.attn_factor", r.number("attention_factor").value_or(paper));
  add_factors(t, r, "short_factor", "rope_factors_short.weight");
  add_factors(t, r, "long_factor", "rope_factors_long.weight");
}

void yarn(Translation& t, const ConfigJson& r) {
  const double factor = required(r, "factor");
  const std::int32_t context = original_context(t, r);
  t.set("rope.scaling.original_context_length", context);
  t.set_float("rope.scaling.yarn_beta_fast", r.number("beta_fast"));
  t.set_float("rope.scaling.yarn_beta_slow", r.number("beta_slow"));
  if (r.find("truncate")) t.set("rope.scaling.yarn_truncate", r.flag("truncate"));
  // GGUF's attention factor multiplies the paper's 1 + 0.1 ln(factor); config.json's, given or made of two,
  // replaces it.
  const auto magnitude = [&](double mscale) {
    return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1;
  };
  const auto mscale = r.number("mscale"), mscale_all = r.number("mscale_all_dim");
  const double made = mscale && mscale_all ? magnitude(*mscale) / magnitude(*mscale_all) : magnitude(1);
  const double attention = r.number("attention_factor").value_or(made);
  t.set_float("rope.scaling.attn_factor", attention / magnitude(1));
  // With latent attention the same factor, squared, is in the scale of the scores too.
  if (mscale_all && t.arch.latent) {
    const double all = magnitude(*mscale_all);
    t.set_float("attention.scale", all * all / std::sqrt(t.get<double>("attention.key_length_mla")));
  }
  if (const auto beta = r.number("llama_4_scaling_beta")) {
    t.set_float("attention.temperature_scale", beta);
    t.set("attention.temperature_length", context);
  }
}

// Which part of a head turns, in which layers.
void rotated_parts(Translation& t, const ConfigJson& r, int dims) {
  t.set("rope.dimension_count", std::int32_t{dims});
  if (t.has("attention.key_length_swa"))
    t.set("rope.dimension_count_swa", t.get<std::int32_t>("attention.key_length_swa"));
  if (auto sections = r.integers("mrope_section")) {
    sections->resize(4);  // as GGUF has them
    t.set("rope.dimension_sections", sections);
  }
  if (const auto layers = t.config.integers("no_rope_layers"); layers && !layers->empty()) {
    std::vector<bool> rotated;
    for (const std::int32_t v : *layers) rotated.push_back(v != 0);
    t.set("rope.layers", rotated);
  }
}

}  // namespace

void translate_rope(Translation& t) {
  if (t.arch.positions != Positions::Rope) return;
  const ConfigJson& config = t.config;
  // rope_parameters (transformers 5), or rope_theta beside rope_scaling. Parameters may differ for layers
  // with a window.
  auto parameters = config.object("rope_parameters");
  if (!parameters) parameters = config.object("rope_scaling");
  const auto local = parameters ? parameters->object("sliding_attention") : std::nullopt;
  t.set_float("rope.freq_base_swa",
              local ? local->number("rope_theta") : config.number("rope_local_base_freq"));
  const auto global = parameters ? parameters->object("full_attention") : std::nullopt;
  const ConfigJson r = global ? *global : parameters ? *parameters : config;

  const auto number = [&](const char* key, const char* older, double otherwise) {
    for (const auto& found : {r.number(key), config.number(key), config.number(older)})
      if (found) return *found;
    return otherwise;
  };
  double base = number("rope_theta", "rotary_emb_base", 10000);
  const double share = number("partial_rotary_factor", "rotary_pct", 1);
  if (!(share > 0 && share <= 1))
    fail("{}: 'partial_rotary_factor': expected 0 to 1, found {}", config.source(), share);
  const char* type = r.first_of({"rope_type", "type"});
  const std::string name = type ? *r.text(type) : "default";
  const auto latent = config.integer("qk_rope_head_dim");
  const int dims = latent                   ? *latent
                   : name == "proportional" ? head_dim(t)
                                            : static_cast<int>(share * head_dim(t));
  rotated_parts(t, r, dims);

  if (name == "dynamic" && r.find("alpha")) {
    // A fixed factor on the base, not one that grows with the prompt.
    base *= std::pow(required(r, "alpha"), dims / (dims - 2.0));
  } else if (name == "llama3") {
    llama3(t, r, base, dims);
  } else if (name == "proportional") {
    proportional(t, share, dims);
  } else if (name == "longrope" || name == "su") {
    longrope(t, r);
  } else if (name == "linear" || name == "yarn") {
    t.set("rope.scaling.type", name);
    t.set_float("rope.scaling.factor", required(r, "factor"));
    if (name == "yarn") yarn(t, r);
  } else if (name != "default") {
    fail(
        "{}: RoPE scaling '{}' is not supported (expected default, linear, llama3, yarn, longrope or "
        "proportional)",
        config.source(), printable(name));
  }
  t.set_float("rope.freq_base", base);
}

}  // namespace pith
