// Every mechanism matters: a model with one of them changed misses its reference by far. So the comparisons
// of golden_test.cpp can fail, each for its own reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "infer/reference.h"

namespace pith {
namespace {

// Both bounds of golden_test.cpp are below; the forms of GELU and the epsilons change least of all.
constexpr double kFar = 1e-6, kLittle = 1e-9;

struct Mutant {
  const char* what;
  const char* model;  ///< of tests/data/hf, or archs/NAME of ../shared/data
  void (*change)(Model&);
  double least = kFar;  ///< NMSE
};

// --- what rows of the table are made of ----------------------------------------------------------
using Attention = AttentionSpec;

template <auto kMember, auto kValue>
void set_attention(Model& m) {
  for (LayerSpec& l : m.spec.layers) l.attention.*kMember = kValue;
}

template <auto kMember, auto kValue>
void set_moe(Model& m) {
  for (LayerSpec& l : m.spec.layers) l.ffn.moe.*kMember = kValue;
}

template <auto kMember, auto kValue>
void set_spec(Model& m) {
  m.spec.*kMember = kValue;
}

template <class F>
void each_layer(Model& m, F&& change) {
  for (LayerWeights& l : m.weights.layers) change(l);
}

template <class F>
void each_attention(Model& m, F&& change) {
  for (LayerSpec& l : m.spec.layers) change(l.attention);
}

template <int kDelta>
void change_window(Model& m) {
  each_attention(m, [](Attention& a) {
    if (a.window > 0) a.window += kDelta;
  });
}

template <Linear AttentionWeights::*kMatrix>
void drop_attention_bias(Model& m) {
  each_layer(m, [](LayerWeights& l) { (l.attention.*kMatrix).bias = nullptr; });
}

template <Linear FfnWeights::*kMatrix>
void drop_ffn_bias(Model& m) {
  each_layer(m, [](LayerWeights& l) { (l.ffn.*kMatrix).bias = nullptr; });
}

template <Norm LayerWeights::*kNorm>
void drop_norm(Model& m) {
  each_layer(m, [](LayerWeights& l) { l.*kNorm = {}; });
}

template <Activation kActivation>
void set_activation(Model& m) {
  for (LayerSpec& l : m.spec.layers) l.ffn.activation = kActivation;
}

void flip_pairs(Model& m) {
  for (RopeSpec& r : m.spec.ropes) r.halves = !r.halves;
}

void no_rope(Model& m) { set_attention<&Attention::rope, -1>(m); }
void rope_everywhere(Model& m) { set_attention<&Attention::rope, 0>(m); }

void swap_gate_and_up(Model& m) {
  each_layer(m, [](LayerWeights& l) { std::swap(l.ffn.gate, l.ffn.up); });
}

void unscaled_frequencies(Model& m) {
  const auto base = m.file.metadata.get<double>(std::string(m.arch->name) + ".rope.freq_base");
  RopeSpec& r = m.spec.ropes[0];
  for (int i = 0; i < r.dims / 2; ++i) r.frequency[i] = std::pow(base, -2.0 * i / r.dims);
}

void no_qk_norm(Model& m) { set_attention<&Attention::qk_norm, QkNorm::None>(m); }

void serial(Model& m) {
  m.spec.parallel = false;
  each_layer(m, [](LayerWeights& l) {
    if (!l.ffn_norm) l.ffn_norm = l.attention_norm;
  });
}

// --- the table -----------------------------------------------------------------------------------
const Mutant kMutants[] = {
    {"swapped gate and up", "llama", swap_gate_and_up},
    {"swapped gate and up", "archs/llama-dense", swap_gate_and_up},
    {"swapped gate and up", "archs/mistral3-dense", swap_gate_and_up},
    {"swapped gate and up", "archs/qwen2-dense", swap_gate_and_up},
    {"swapped gate and up", "archs/qwen3-dense", swap_gate_and_up},
    {"no RoPE", "llama", no_rope},
    {"no RoPE", "archs/llama-dense", no_rope},
    {"no RoPE", "archs/mistral3-dense", no_rope},
    {"no RoPE", "archs/qwen2-dense", no_rope},
    {"no RoPE", "archs/qwen3-dense", no_rope},
    {"wrong pairing", "llama", flip_pairs},
    {"wrong pairing", "glm4", flip_pairs},
    {"wrong pairing", "archs/llama-dense", flip_pairs},
    {"wrong pairing", "archs/mistral3-dense", flip_pairs},
    {"wrong pairing", "archs/qwen2-dense", flip_pairs},
    {"wrong pairing", "archs/qwen3-dense", flip_pairs},
    {"GELU for SiLU", "llama", set_activation<Activation::GeluErf>},
    {"GELU for SiLU", "archs/llama-dense", set_activation<Activation::GeluErf>},
    {"GELU for SiLU", "archs/mistral3-dense", set_activation<Activation::GeluErf>},
    {"GELU for SiLU", "archs/qwen2-dense", set_activation<Activation::GeluErf>},
    {"GELU for SiLU", "archs/qwen3-dense", set_activation<Activation::GeluErf>},
    {"exact GELU for tanh", "gemma", set_activation<Activation::GeluErf>, kLittle},
    {"tanh GELU for exact", "gptneox", set_activation<Activation::GeluTanh>, kLittle},
    {"ReLU for its square", "arcee", set_activation<Activation::Relu>},

    {"rotation of half a head less", "phi2",
     [](Model& m) {
       m.spec.ropes[0].dims /= 2;
       m.spec.ropes[0].frequency.resize(static_cast<std::size_t>(m.spec.ropes[0].dims / 2));
     }},
    {"linear scaling dropped", "llama-rope-linear", unscaled_frequencies},
    {"Llama 3 factors dropped", "llama-rope-llama3", unscaled_frequencies},
    {"YaRN frequencies dropped", "llama-rope-yarn", unscaled_frequencies},
    {"YaRN magnitude dropped", "llama-rope-yarn", [](Model& m) { m.spec.ropes[0].magnitude = 1; }},
    {"LongRoPE's short factors for long", "phi3-longrope",
     [](Model& m) { m.spec.ropes[0].long_frequency = m.spec.ropes[0].frequency; }},
    {"global rotation in local layers", "gemma3", rope_everywhere},
    {"rotated where there are no positions", "smollm3", rope_everywhere},
    {"rotated where there is no window", "cohere2", rope_everywhere},
    {"rotated where there is no window", "exaone4", rope_everywhere},
    {"query temperature off", "ministral3", set_attention<&Attention::temperature_scale, 0.0f>},
    {"learned positions one late", "gpt2",
     [](Model& m) { m.weights.positions.data += m.weights.positions.row_bytes(); }},
    {"learned positions off", "gpt2", set_spec<&Spec::learned_positions, false>},
    {"ALiBi off", "bloom", set_attention<&Attention::alibi_max_bias, 0.0f>},
    {"ALiBi slopes of another bias", "mpt", set_attention<&Attention::alibi_max_bias, 7.0f>},
    {"ALiBi behind the score scale", "falcon-rw", set_attention<&Attention::alibi_factor, 1.0f>},

    {"window one longer", "mistral", change_window<1>},
    {"window one shorter", "mistral", change_window<-1>},
    {"window one longer", "gemma2", change_window<1>},
    {"window off", "qwen2-window", set_attention<&Attention::window, 0>},
    {"local and global layers swapped", "gemma2",
     [](Model& m) {
       for (LayerSpec& l : m.spec.layers) l.attention.window = l.attention.window > 0 ? 0 : 8;
     }},
    {"score scale", "granite", [](Model& m) { each_attention(m, [](Attention& a) { a.scale *= 1.1f; }); }},
    {"score scale of another width", "gemma2",
     [](Model& m) {
       each_attention(m, [](Attention& a) { a.scale = 1 / std::sqrt(static_cast<float>(a.head_dim)); });
     }},
    {"score cap off", "gemma2", set_attention<&Attention::softcap, 0.0f>},
    {"logit cap off", "gemma2", set_spec<&Spec::logit_softcap, 0.0f>},
    {"q and k norm off", "qwen3", no_qk_norm},
    {"q and k norm off", "olmo2", no_qk_norm},
    {"q and k norm off", "cohere-qk-norm", no_qk_norm},
    {"q and k norm of each head", "olmo2", set_attention<&Attention::qk_norm, QkNorm::PerHead>},
    {"q and k norm before the rotation", "hunyuan", set_attention<&Attention::qk_norm_after_rope, false>},
    {"clip of q, k and v off", "mpt", set_attention<&Attention::clip, 0.0f>},
    {"clip before the norm", "olmoe", set_attention<&Attention::clip_after_norm, false>},
    {"KV heads swapped", "llama",
     [](Model& m) {
       for (std::size_t i = 0; i < m.spec.layers.size(); ++i) {
         Linear& k = m.weights.layers[i].attention.k;
         const std::int64_t d = m.spec.layers[i].attention.head_dim;
         k.first = d, k.group = d, k.group_step = -d;
       }
     }},

    {"norm epsilon", "llama", [](Model& m) { m.spec.norm_eps *= 2; }},
    {"layer norm for RMS norm", "llama", set_spec<&Spec::norm, NormKind::Layer>},
    {"RMS norm for layer norm", "phi2", set_spec<&Spec::norm, NormKind::Rms>},
    {"attention norm skipped", "llama", drop_norm<&LayerWeights::attention_norm>},
    {"FFN norm skipped", "llama", drop_norm<&LayerWeights::ffn_norm>},
    {"norm behind attention skipped", "gemma2", drop_norm<&LayerWeights::attention_post_norm>},
    {"norm behind the FFN skipped", "gemma2", drop_norm<&LayerWeights::ffn_post_norm>},
    {"norm behind attention skipped", "olmo2", drop_norm<&LayerWeights::attention_post_norm>},
    {"output norm skipped", "llama", [](Model& m) { m.weights.output_norm = {}; }},
    {"embedding norm skipped", "bloom", set_spec<&Spec::embedding_norm, false>},
    {"serial for parallel", "falcon-7b", serial},
    {"serial for parallel", "gptneox", serial},
    {"parallel for serial", "gptneox-serial", set_spec<&Spec::parallel, true>},
    {"attention's norm for the FFN too", "gptneox",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.ffn_norm = l.attention_norm; }); }},

    {"embedding scale off", "gemma", set_spec<&Spec::embedding_scale, 1.0f>},
    {"embedding scale off", "granite", set_spec<&Spec::embedding_scale, 1.0f>},
    {"residual scale off", "granite", set_spec<&Spec::residual_scale, 1.0f>},
    {"logit scale off", "granite", set_spec<&Spec::logit_scale, 1.0f>},
    {"logit scale off", "cohere", set_spec<&Spec::logit_scale, 1.0f>},
    {"the embedding as the head", "llama",
     [](Model& m) {
       m.weights.output = {};
       m.weights.output.weight = m.weights.embedding;
       m.weights.output.count = m.spec.vocab;
     }},

    {"q bias dropped", "qwen2", drop_attention_bias<&AttentionWeights::q>},
    {"k bias dropped", "qwen2", drop_attention_bias<&AttentionWeights::k>},
    {"v bias dropped", "qwen2", drop_attention_bias<&AttentionWeights::v>},
    {"output bias dropped", "llama-bias", drop_attention_bias<&AttentionWeights::o>},
    {"gate bias dropped", "llama-bias", drop_ffn_bias<&FfnWeights::gate>},
    {"up bias dropped", "llama-bias", drop_ffn_bias<&FfnWeights::up>},
    {"down bias dropped", "llama-bias", drop_ffn_bias<&FfnWeights::down>},
    {"norm bias dropped", "phi2",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.attention_norm.bias = nullptr; }); }},
    {"head bias dropped", "phi2", [](Model& m) { m.weights.output.bias = nullptr; }},

    {"one expert less", "mixtral",
     [](Model& m) {
       for (LayerSpec& l : m.spec.layers) --l.ffn.moe.active;
     }},
    {"one expert more", "mixtral",
     [](Model& m) {
       for (LayerSpec& l : m.spec.layers) ++l.ffn.moe.active;
     }},
    {"softmax over all experts", "mixtral", set_moe<&MoeSpec::router, Router::SoftmaxThenTopK>},
    {"softmax over the chosen", "olmoe", set_moe<&MoeSpec::router, Router::TopKThenSoftmax>},
    {"softmax for sigmoid", "glm4moe", set_moe<&MoeSpec::router, Router::SoftmaxThenTopK>},
    {"weights renormalised", "olmoe", set_moe<&MoeSpec::renormalise, true>},
    {"weights not renormalised", "qwen3moe", set_moe<&MoeSpec::renormalise, false>},
    {"weights not renormalised", "glm4moe", set_moe<&MoeSpec::renormalise, false>},
    {"expert scale off", "glm4moe", set_moe<&MoeSpec::scale, 1.0f>},
    {"choice bias dropped", "glm4moe",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.moe.choice_bias = nullptr; }); }},
    {"router's weights on the input", "mixtral", set_moe<&MoeSpec::weigh_input, true>},
    {"shared expert off", "qwen2moe",
     [](Model& m) {
       for (LayerSpec& l : m.spec.layers) l.ffn.moe.shared_width = 0, l.ffn.moe.shared_gate = false;
     }},
    {"shared expert off", "ernie45moe", set_moe<&MoeSpec::shared_width, 0>},
    {"gate of the shared expert off", "qwen2moe", set_moe<&MoeSpec::shared_gate, false>},
    {"two experts swapped", "granitemoe",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { std::swap(l.moe.experts[0], l.moe.experts[1]); }); }},
    {"norm of the latent dropped", "deepseek-v2",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.attention.latent.kv_norm.weight = nullptr; }); }},
    {"norm of the query's latent dropped", "deepseek-v2",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.attention.latent.q_norm.weight = nullptr; }); }},
    {"the model's epsilon for the latents", "minicpm3",
     [](Model& m) { each_attention(m, [&](Attention& a) { a.latent.norm_eps = m.spec.norm_eps; }); },
     kLittle},
    {"values of another head", "deepseek-v2-lite",
     [](Model& m) {
       each_layer(m,
                  [](LayerWeights& l) { std::swap(l.attention.latent.v_b[0], l.attention.latent.v_b[1]); });
     }},
    {"wrong pairing", "deepseek-v3", flip_pairs},
    {"mscale left out of the scores", "deepseek-v2-lite",
     [](Model& m) {
       for (LayerSpec& l : m.spec.layers) {
         const LatentSpec& c = l.attention.latent;
         l.attention.scale = 1 / std::sqrt(static_cast<float>(c.nope_dim + c.rope_dim));
       }
     }},
    {"experts of all groups", "deepseek-v2",
     [](Model& m) {
       for (LayerSpec& l : m.spec.layers) l.ffn.moe.active_groups = l.ffn.moe.groups;
     }},
    {"a group's best for its two best", "deepseek-v3", set_moe<&MoeSpec::group_by_top2, false>},
    {"chunks off", "llama4", set_attention<&Attention::chunk, 0>},
    {"chunk one longer", "llama4",
     [](Model& m) {
       each_attention(m, [](Attention& a) {
         if (a.chunk > 0) ++a.chunk;
       });
     }},
    {"weightless q and k norm off", "llama4", set_attention<&Attention::qk_l2_norm, false>},
    {"query temperature off", "llama4", set_attention<&Attention::temperature_scale, 0.0f>},
    {"router's weights on the output", "llama4", set_moe<&MoeSpec::weigh_input, false>},
    {"inputs of the layers off", "gemma4", set_spec<&Spec::layer_input, 0>},
    {"inputs of another layer", "gemma4",
     [](Model& m) {
       std::swap(m.weights.layers[0].input_gate, m.weights.layers[1].input_gate);
       std::swap(m.weights.layers[0].input_down, m.weights.layers[1].input_down);
     }},
    {"norm of what the layer's input adds dropped", "gemma4", drop_norm<&LayerWeights::input_norm>},
    {"scale behind the layer dropped", "gemma4",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.output_scale = nullptr; }); }},
    {"norm of the values off", "gemma4", set_attention<&Attention::value_norm, false>},
    {"keys and values of its own input", "gemma4",
     [](Model& m) {
       for (std::size_t i = 0; i < m.spec.layers.size(); ++i) {
         int& source = m.spec.layers[i].attention.kv_layer;
         if (source < 0) continue;
         AttentionWeights& own = m.weights.layers[i].attention;
         const AttentionWeights& from = m.weights.layers[static_cast<std::size_t>(source)].attention;
         own.k = from.k, own.v = from.v, own.k_norm = from.k_norm;
         source = -1;
       }
     }},
    {"score scale of the head", "gemma4", set_attention<&Attention::scale, 0.25f>},
    {"pairs turned that should not", "gemma4", unscaled_frequencies},
    {"logit cap off", "gemma4", set_spec<&Spec::logit_softcap, 0.0f>},
    {"values of another projection", "gemma4-moe",
     [](Model& m) {
       for (std::size_t i = 0; i < m.spec.layers.size(); ++i) {
         Attention& a = m.spec.layers[i].attention;
         if (!a.values_are_keys) continue;
         a.values_are_keys = false;
         Linear& v = m.weights.layers[i].attention.v = m.weights.layers[i].attention.q;
         v.count = a.kv_heads * a.value_dim;
       }
     }},
    {"q and k norm off", "gemma4-moe", no_qk_norm},
    {"router behind the experts' norm", "gemma4-moe",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.moe.router_norm = l.moe.input_norm; }); }},
    {"experts behind the dense FFN's norm", "gemma4-moe",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.moe.input_norm = l.ffn_norm; }); }},
    {"norm behind the experts dropped", "gemma4-moe",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.moe.output_norm = {}; }); }},
    {"norm behind the dense FFN dropped", "gemma4-moe",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.moe.shared_norm = {}; }); }},
    {"scale of each expert dropped", "gemma4-moe",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.moe.expert_scale = nullptr; }); }},
    {"weights not renormalised", "gemma4-moe", set_moe<&MoeSpec::renormalise, false>},
    {"sinks off", "gpt-oss",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.attention.sinks = nullptr; }); }},
    {"clamp off", "gpt-oss",
     [](Model& m) {
       for (LayerSpec& l : m.spec.layers) l.ffn.clamp = 0;
     }},
    {"clamp at twice its limit", "gpt-oss",
     [](Model& m) {
       for (LayerSpec& l : m.spec.layers) l.ffn.clamp *= 2;
     }},
    {"router bias dropped", "gpt-oss",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.moe.router.bias = nullptr; }); }},
    {"bias of the experts dropped", "gpt-oss",
     [](Model& m) {
       each_layer(m, [](LayerWeights& l) {
         for (FfnWeights& e : l.moe.experts) e.down.bias = nullptr;
       });
     }},
    {"write and decay swapped", "qwen3next",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { std::swap(l.delta.beta, l.delta.alpha); }); }},
    {"queries and keys swapped", "qwen35",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { std::swap(l.delta.q, l.delta.k); }); }},
    {"norm of the read state without its weight", "qwen35",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.delta.norm.weight = nullptr; }); }},
    {"bias of the decay for another", "qwen35",
     [](Model& m) { each_layer(m, [](LayerWeights& l) { l.delta.dt_bias = l.delta.decay; }); }},
    {"key heads in another order", "qwen3next",
     [](Model& m) {
       for (LayerSpec& l : m.spec.layers) l.delta.tiled = !l.delta.tiled;
     }},
    {"convolution of another layer", "qwen35",
     [](Model& m) { std::swap(m.weights.layers[0].delta.conv, m.weights.layers[1].delta.conv); }},
    {"convolution of another place", "lfm2",
     [](Model& m) {
       for (std::size_t i = 0; i < m.spec.layers.size(); ++i) {
         if (m.spec.layers[i].mixer == Mixer::ShortConv) --m.spec.layers[i].short_conv;
       }
     }},
};

// The model changed, and its worst error over the prompts.
double error_of(const std::filesystem::path& path, const Mutant& mutant,
                std::span<const test::Reference> references) {
  const auto model = std::const_pointer_cast<Model>(open_model(path));  // this test's own
  mutant.change(*model);
  double worst = 0;
  for (const test::Reference& r : references)
    worst = std::max(worst, test::nmse(test::all_logits(model, r.tokens), r.logits));
  return worst;
}

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, AreFarOff) {
  const Mutant& mutant = GetParam();
  const std::string model = mutant.model;
  double error;
  if (model.starts_with("archs/")) {
    PITH_NEED_SHARED();
    const test::Reference reference = test::llamacpp_reference(model.substr(6));
    error = error_of(test::llamacpp_model(model.substr(6)), mutant, {&reference, 1});
  } else {
    error = error_of(test::transformers_model(model), mutant, test::transformers_references(model));
  }
  EXPECT_GT(error, mutant.least) << model << ", " << mutant.what << ": NMSE " << error;
}

INSTANTIATE_TEST_SUITE_P(Table, Mutants, testing::ValuesIn(kMutants), [](const auto& row) {
  return test::identifier(std::string(row.param.model) + "_" + row.param.what);
});

void PrintTo(const Mutant& m, std::ostream* out) { *out << m.model << ", " << m.what; }

}  // namespace
}  // namespace pith
