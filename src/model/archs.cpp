// The architectures. This is the only file that names one.
#include "model/archs.h"

#include <algorithm>
#include <cmath>

namespace pith {
namespace {

using Text = std::string_view;

// Names of Hugging Face checkpoints, in the order of the forward pass.
constexpr NamePattern kCommonNames[] = {
    {"model.embed_tokens", "token_embd"},
    {"model.layers.{}.input_layernorm", "blk.{}.attn_norm"},
    {"model.layers.{}.self_attn.q_proj", "blk.{}.attn_q"},
    {"model.layers.{}.self_attn.k_proj", "blk.{}.attn_k"},
    {"model.layers.{}.self_attn.v_proj", "blk.{}.attn_v"},
    {"model.layers.{}.self_attn.qkv_proj", "blk.{}.attn_qkv"},
    {"model.layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm"},
    {"model.layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm"},
    {"model.layers.{}.self_attn.q_layernorm.norms.{e}", "blk.{}.attn_q_norm.{e}"},
    {"model.layers.{}.self_attn.k_layernorm.norms.{e}", "blk.{}.attn_k_norm.{e}"},
    {"model.layers.{}.self_attn.query_layernorm", "blk.{}.attn_q_norm"},
    {"model.layers.{}.self_attn.key_layernorm", "blk.{}.attn_k_norm"},
    {"model.layers.{}.self_attn.sinks", "blk.{}.attn_sinks.weight"},
    {"model.layers.{}.self_attn.q_a_proj", "blk.{}.attn_q_a"},
    {"model.layers.{}.self_attn.q_a_layernorm", "blk.{}.attn_q_a_norm"},
    {"model.layers.{}.self_attn.q_b_proj", "blk.{}.attn_q_b"},
    {"model.layers.{}.self_attn.kv_a_proj_with_mqa", "blk.{}.attn_kv_a_mqa"},
    {"model.layers.{}.self_attn.kv_a_layernorm", "blk.{}.attn_kv_a_norm"},
    {"model.layers.{}.self_attn.kv_b_proj", "blk.{}.attn_kv_b"},
    {"model.layers.{}.self_attn.o_proj", "blk.{}.attn_output"},
    {"model.layers.{}.self_attn.dense", "blk.{}.attn_output"},
    {"model.layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"model.layers.{}.mlp.gate_proj", "blk.{}.ffn_gate"},
    {"model.layers.{}.mlp.up_proj", "blk.{}.ffn_up"},
    {"model.layers.{}.mlp.gate_up_proj", "blk.{}.ffn_up"},
    {"model.layers.{}.mlp.fc1", "blk.{}.ffn_up"},
    {"model.layers.{}.mlp.c_fc", "blk.{}.ffn_up"},
    {"model.layers.{}.mlp.down_proj", "blk.{}.ffn_down"},
    {"model.layers.{}.mlp.fc2", "blk.{}.ffn_down"},
    {"model.layers.{}.mlp.c_proj", "blk.{}.ffn_down"},
    {"model.layers.{}.mlp.router", "blk.{}.ffn_gate_inp"},
    {"model.layers.{}.mlp.experts.gate_up_proj_bias", "blk.{}.ffn_gate_up_exps.bias"},
    {"model.layers.{}.mlp.experts.gate_up_proj_blocks", "blk.{}.ffn_gate_up_exps.blocks"},
    {"model.layers.{}.mlp.experts.gate_up_proj_scales", "blk.{}.ffn_gate_up_exps.scales"},
    {"model.layers.{}.mlp.experts.gate_up_proj", "blk.{}.ffn_gate_up_exps.weight"},
    {"model.layers.{}.mlp.experts.down_proj_bias", "blk.{}.ffn_down_exps.bias"},
    {"model.layers.{}.mlp.experts.down_proj_blocks", "blk.{}.ffn_down_exps.blocks"},
    {"model.layers.{}.mlp.experts.down_proj_scales", "blk.{}.ffn_down_exps.scales"},
    {"model.layers.{}.mlp.experts.down_proj", "blk.{}.ffn_down_exps.weight"},
    {"model.layers.{}.mlp.gate.e_score_correction_bias", "blk.{}.exp_probs_b.bias"},
    {"model.layers.{}.mlp.moe_statics.e_score_correction_bias", "blk.{}.exp_probs_b.bias"},
    {"model.layers.{}.mlp.gate", "blk.{}.ffn_gate_inp"},
    {"model.layers.{}.mlp.experts.{e}.gate_proj", "blk.{}.ffn_gate.{e}"},
    {"model.layers.{}.mlp.experts.{e}.up_proj", "blk.{}.ffn_up.{e}"},
    {"model.layers.{}.mlp.experts.{e}.down_proj", "blk.{}.ffn_down.{e}"},
    {"model.layers.{}.mlp.shared_expert.gate_proj", "blk.{}.ffn_gate_shexp"},
    {"model.layers.{}.mlp.shared_expert.up_proj", "blk.{}.ffn_up_shexp"},
    {"model.layers.{}.mlp.shared_expert.down_proj", "blk.{}.ffn_down_shexp"},
    {"model.layers.{}.mlp.shared_experts.gate_proj", "blk.{}.ffn_gate_shexp"},
    {"model.layers.{}.mlp.shared_experts.up_proj", "blk.{}.ffn_up_shexp"},
    {"model.layers.{}.mlp.shared_experts.down_proj", "blk.{}.ffn_down_shexp"},
    {"model.layers.{}.mlp.shared_expert_gate", "blk.{}.ffn_gate_inp_shexp"},
    {"model.layers.{}.linear_attn.in_proj_qkvz", "blk.{}.ssm_in"},
    {"model.layers.{}.linear_attn.in_proj_qkv", "blk.{}.attn_qkv"},
    {"model.layers.{}.linear_attn.in_proj_z", "blk.{}.attn_gate"},
    {"model.layers.{}.linear_attn.in_proj_ba", "blk.{}.ssm_ba"},
    {"model.layers.{}.linear_attn.in_proj_b", "blk.{}.ssm_beta"},
    {"model.layers.{}.linear_attn.in_proj_a", "blk.{}.ssm_alpha"},
    {"model.layers.{}.linear_attn.conv1d", "blk.{}.ssm_conv1d"},
    {"model.layers.{}.linear_attn.A_log", "blk.{}.ssm_a"},
    {"model.layers.{}.linear_attn.dt_bias", "blk.{}.ssm_dt.bias"},
    {"model.layers.{}.linear_attn.norm", "blk.{}.ssm_norm"},
    {"model.layers.{}.linear_attn.out_proj", "blk.{}.ssm_out"},
    {"model.norm", "output_norm"},
    {"model.final_layernorm", "output_norm"},
    {"lm_head", "output"},
};

// Experts of Mixtral and Granite.
constexpr NamePattern kSparseNames[] = {
    {"model.layers.{}.block_sparse_moe.gate", "blk.{}.ffn_gate_inp"},
    {"model.layers.{}.block_sparse_moe.experts.{e}.w1", "blk.{}.ffn_gate.{e}"},
    {"model.layers.{}.block_sparse_moe.experts.{e}.w3", "blk.{}.ffn_up.{e}"},
    {"model.layers.{}.block_sparse_moe.experts.{e}.w2", "blk.{}.ffn_down.{e}"},
    {"model.layers.{}.block_sparse_moe.router.layer", "blk.{}.ffn_gate_inp"},
    {"model.layers.{}.block_sparse_moe.input_linear", "blk.{}.ffn_gate_up_exps"},
    {"model.layers.{}.block_sparse_moe.output_linear", "blk.{}.ffn_down_exps"},
};

// Norms before and after each sub-layer; post_attention_layernorm is then attention's own.
constexpr NamePattern kSandwichNames[] = {
    {"model.layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm"},
    {"model.layers.{}.pre_feedforward_layernorm", "blk.{}.ffn_norm"},
    {"model.layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm"},
};

// The same, with a second input of each layer, and experts beside the dense FFN.
constexpr NamePattern kGemma4Names[] = {
    {"model.embed_tokens_per_layer", "per_layer_token_embd"},
    {"model.per_layer_model_projection", "per_layer_model_proj"},
    {"model.per_layer_projection_norm", "per_layer_proj_norm"},
    {"model.layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm"},
    {"model.layers.{}.pre_feedforward_layernorm", "blk.{}.ffn_norm"},
    {"model.layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm"},
    {"model.layers.{}.post_feedforward_layernorm_1", "blk.{}.post_ffw_norm_1"},
    {"model.layers.{}.router.scale", "blk.{}.ffn_gate_inp.scale"},
    {"model.layers.{}.router.proj", "blk.{}.ffn_gate_inp"},
    {"model.layers.{}.router.per_expert_scale", "blk.{}.ffn_down_exps.scale"},
    {"model.layers.{}.pre_feedforward_layernorm_2", "blk.{}.pre_ffw_norm_2"},
    {"model.layers.{}.experts.gate_up_proj", "blk.{}.ffn_gate_up_exps.weight"},
    {"model.layers.{}.experts.down_proj", "blk.{}.ffn_down_exps.weight"},
    {"model.layers.{}.post_feedforward_layernorm_2", "blk.{}.post_ffw_norm_2"},
    {"model.layers.{}.per_layer_input_gate", "blk.{}.inp_gate"},
    {"model.layers.{}.per_layer_projection", "blk.{}.proj"},
    {"model.layers.{}.post_per_layer_input_norm", "blk.{}.post_norm"},
    {"model.layers.{}.layer_scalar", "blk.{}.layer_output_scale.weight"},
};

// The norm before the FFN by its place, not by its use: GGUF has both names.
constexpr NamePattern kNamedByPlace[] = {
    {"model.layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm"},
};

constexpr NamePattern kGlm4Names[] = {
    {"model.layers.{}.post_self_attn_layernorm", "blk.{}.post_attention_norm"},
    {"model.layers.{}.post_mlp_layernorm", "blk.{}.post_ffw_norm"},
};

constexpr NamePattern kGpt2Names[] = {
    {"transformer.wte", "token_embd"},
    {"transformer.wpe", "position_embd"},
    {"transformer.h.{}.ln_1", "blk.{}.attn_norm"},
    {"transformer.h.{}.attn.c_attn", "blk.{}.attn_qkv"},
    {"transformer.h.{}.attn.c_proj", "blk.{}.attn_output"},
    {"transformer.h.{}.ln_2", "blk.{}.ffn_norm"},
    {"transformer.h.{}.mlp.c_fc", "blk.{}.ffn_up"},
    {"transformer.h.{}.mlp.c_proj", "blk.{}.ffn_down"},
    {"transformer.ln_f", "output_norm"},
};

constexpr NamePattern kGptNeoXNames[] = {
    {"gpt_neox.embed_in", "token_embd"},
    {"gpt_neox.layers.{}.input_layernorm", "blk.{}.attn_norm"},
    {"gpt_neox.layers.{}.attention.query_key_value", "blk.{}.attn_qkv"},
    {"gpt_neox.layers.{}.attention.dense", "blk.{}.attn_output"},
    {"gpt_neox.layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"gpt_neox.layers.{}.mlp.dense_h_to_4h", "blk.{}.ffn_up"},
    {"gpt_neox.layers.{}.mlp.dense_4h_to_h", "blk.{}.ffn_down"},
    {"gpt_neox.final_layer_norm", "output_norm"},
    {"embed_out", "output"},
};

// Falcon and Bloom.
constexpr NamePattern kTransformerNames[] = {
    {"transformer.word_embeddings", "token_embd"},
    {"transformer.word_embeddings_layernorm", "token_embd_norm"},
    {"transformer.h.{}.input_layernorm", "blk.{}.attn_norm"},
    {"transformer.h.{}.ln_attn", "blk.{}.attn_norm_2"},
    {"transformer.h.{}.ln_mlp", "blk.{}.attn_norm"},
    {"transformer.h.{}.self_attention.query_key_value", "blk.{}.attn_qkv"},
    {"transformer.h.{}.self_attention.dense", "blk.{}.attn_output"},
    {"transformer.h.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"transformer.h.{}.mlp.dense_h_to_4h", "blk.{}.ffn_up"},
    {"transformer.h.{}.mlp.dense_4h_to_h", "blk.{}.ffn_down"},
    {"transformer.ln_f", "output_norm"},
};

constexpr NamePattern kMptNames[] = {
    {"transformer.wte", "token_embd"},
    {"transformer.blocks.{}.norm_1", "blk.{}.attn_norm"},
    {"transformer.blocks.{}.attn.Wqkv", "blk.{}.attn_qkv"},
    {"transformer.blocks.{}.attn.out_proj", "blk.{}.attn_output"},
    {"transformer.blocks.{}.norm_2", "blk.{}.ffn_norm"},
    {"transformer.blocks.{}.ffn.up_proj", "blk.{}.ffn_up"},
    {"transformer.blocks.{}.ffn.down_proj", "blk.{}.ffn_down"},
    {"transformer.norm_f", "output_norm"},
};

constexpr NamePattern kLlama4Names[] = {
    {"model.layers.{}.feed_forward.gate_proj", "blk.{}.ffn_gate"},
    {"model.layers.{}.feed_forward.up_proj", "blk.{}.ffn_up"},
    {"model.layers.{}.feed_forward.down_proj", "blk.{}.ffn_down"},
    {"model.layers.{}.feed_forward.router", "blk.{}.ffn_gate_inp"},
    {"model.layers.{}.feed_forward.experts.gate_up_proj", "blk.{}.ffn_gate_up_exps.weight"},
    {"model.layers.{}.feed_forward.experts.down_proj", "blk.{}.ffn_down_exps.weight"},
    {"model.layers.{}.feed_forward.shared_expert.gate_proj", "blk.{}.ffn_gate_shexp"},
    {"model.layers.{}.feed_forward.shared_expert.up_proj", "blk.{}.ffn_up_shexp"},
    {"model.layers.{}.feed_forward.shared_expert.down_proj", "blk.{}.ffn_down_shexp"},
};

constexpr NamePattern kLfm2Names[] = {
    {"model.layers.{}.operator_norm", "blk.{}.attn_norm"},
    {"model.layers.{}.self_attn.q_layernorm", "blk.{}.attn_q_norm"},
    {"model.layers.{}.self_attn.k_layernorm", "blk.{}.attn_k_norm"},
    {"model.layers.{}.self_attn.out_proj", "blk.{}.attn_output"},
    {"model.layers.{}.conv.in_proj", "blk.{}.shortconv.in_proj"},
    {"model.layers.{}.conv.conv", "blk.{}.shortconv.conv"},
    {"model.layers.{}.conv.out_proj", "blk.{}.shortconv.out_proj"},
    {"model.layers.{}.ffn_norm", "blk.{}.ffn_norm"},
    {"model.layers.{}.feed_forward.w1", "blk.{}.ffn_gate"},
    {"model.layers.{}.feed_forward.w3", "blk.{}.ffn_up"},
    {"model.layers.{}.feed_forward.w2", "blk.{}.ffn_down"},
    {"model.embedding_norm", "token_embd_norm"},
};

// Tensors that inference does not need. Here: frequencies that a checkpoint stores but every implementation
// computes.
constexpr Text kStoredFrequencies = "blk.{}.attn_rot_embd";

// A key norm counts only beside a query norm.
constexpr Text kLoneKeyNorm = "blk.{}.attn_k_norm";
// The recurrent layers' input projection in a second, older form.
constexpr Text kLegacyProjection = "blk.{}.ssm_in";

// Files may leave out the caps. And GGUF does not say that the 27B model scales scores by the width of a head
// of the residual, not by its own heads'.
void adjust_gemma2(const ModelFile& file, Spec& spec) {
  if (file.container != Container::Gguf) return;
  if (!file.metadata.has(spec.arch + ".final_logit_softcapping")) spec.logit_softcap = 30;
  for (LayerSpec& l : spec.layers) {
    if (!file.metadata.has(spec.arch + ".attn_logit_softcapping")) l.attention.softcap = 50;
    const float residual_head = static_cast<float>(spec.width) / static_cast<float>(l.attention.heads);
    if (spec.layers.size() == 46) l.attention.scale = 1 / std::sqrt(residual_head);
  }
}

// The variant with ALiBi adds it before the scores are scaled.
void adjust_falcon(const ModelFile&, Spec& spec) {
  for (LayerSpec& l : spec.layers) l.attention.alibi_factor = l.attention.scale;
}

// Chunked layers are rotated and their heads normalised; the others see everything, with a temperature that
// grows with the position.
void adjust_llama4(const ModelFile& file, Spec& spec) {
  const std::string arch = std::string(spec.arch) + ".attention.";
  for (LayerSpec& l : spec.layers) {
    AttentionSpec& a = l.attention;
    const bool local = a.rope >= 0;
    a.chunk = local ? file.metadata.get_or<std::int32_t>(arch + "chunk_size", 8192) : 0;
    if (a.chunk < 0) a.chunk = 0;
    a.qk_l2_norm = local && l.ffn.moe.experts != 128;  // the largest model of the family goes without
    a.qk_norm_after_rope = true;
    a.temperature_scale = local ? 0 : file.metadata.get_or<float>(arch + "temperature_scale", 0.1f);
    a.temperature_period =
        local ? 1 : std::max(1, file.metadata.get_or<std::int32_t>(arch + "temperature_length", 8192));
    a.temperature_offset = 1;
  }
}

// GGUF has no keys for the scales of this family; these are its published model's.
void adjust_minicpm3(const ModelFile& file, Spec& spec) {
  if (file.metadata.has(spec.arch + ".embedding_scale")) return;
  spec.embedding_scale = 12;
  spec.residual_scale = 1.4f / std::sqrt(static_cast<float>(spec.layers.size()));
  spec.logit_scale = 256.0f / static_cast<float>(spec.width);
}

// In alphabetical order of GGUF's names.
constexpr Arch kArchs[] = {
    {
        .name = "arcee",
        .classes = {"ArceeForCausalLM"},
        .gguf_permuted = true,
        .activation = Activation::ReluSquared,
        .gated = false,
    },
    {
        .name = "bloom",
        .classes = {"BloomForCausalLM"},
        .names = kTransformerNames,
        .norm = NormKind::Layer,
        .norm_bias = Has::Maybe,
        .embedding_norm = true,
        .positions = Positions::Alibi,
        .qkv_by_group = true,
        .activation = Activation::GeluTanh,
        .gated = false,
    },
    {
        .name = "cohere2",
        .classes = {"Cohere2ForCausalLM"},
        .norm = NormKind::Layer,
        .parallel = Has::Yes,
        .halves = false,
        .windows = {.period = 4},
        .rope_needs_window = true,
    },
    {
        .name = "command-r",
        .classes = {"CohereForCausalLM"},
        .norm = NormKind::Layer,
        .parallel = Has::Yes,
        .halves = false,
        .qk_norm = QkNorm::PerHead,
        .has_qk_norm = Has::Maybe,
    },
    {
        .name = "deepseek2",
        .classes = {"DeepseekV2ForCausalLM"},
        .halves = false,
        .latent = true,
    },
    {
        // GGUF has one name for both versions and keys for what differs.
        .name = "deepseek2",
        .classes = {"DeepseekV3ForCausalLM"},
        .halves = false,
        .latent = true,
        .router = Router::Sigmoid,
        .renormalise = true,
    },
    {
        .name = "ernie4_5",
        .classes = {"Ernie4_5ForCausalLM", "Ernie4_5_ForCausalLM"},
        .halves = false,
    },
    {
        .name = "ernie4_5-moe",
        .classes = {"Ernie4_5_MoeForCausalLM"},
        .halves = false,
        .renormalise = true,
    },
    {
        .name = "exaone4",
        .classes = {"Exaone4ForCausalLM"},
        .names = kSandwichNames,
        .pre_norm = false,
        .post_norm = true,
        .windows = {.period = 4},
        .rope_needs_window = true,
        .qk_norm = QkNorm::PerHead,
    },
    {
        .name = "falcon",
        .classes = {"FalconForCausalLM", "RWForCausalLM"},
        .names = kTransformerNames,
        .norm = NormKind::Layer,
        .norm_bias = Has::Maybe,
        .parallel = Has::Maybe,
        .qkv_by_group = true,
        .activation = Activation::GeluErf,
        .gated = false,
        .adjust = adjust_falcon,
    },
    {
        .name = "gemma",
        .classes = {"GemmaForCausalLM"},
        .activation = Activation::GeluTanh,
        .scale_embedding = true,
        .norm_plus_one = true,
    },
    {
        .name = "gemma2",
        .classes = {"Gemma2ForCausalLM"},
        .names = kSandwichNames,
        .post_norm = true,
        .windows = {.period = 2},
        .activation = Activation::GeluTanh,
        .scale_embedding = true,
        .norm_plus_one = true,
        .adjust = adjust_gemma2,
    },
    {
        .name = "gemma3",
        .classes = {"Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"},
        .names = kSandwichNames,
        .post_norm = true,
        .windows = {.period = 6},
        .local_rope_base = 10000,
        .qk_norm = QkNorm::PerHead,
        .activation = Activation::GeluTanh,
        .scale_embedding = true,
        .norm_plus_one = true,
    },
    {
        .name = "gemma4",
        .classes = {"Gemma4ForCausalLM", "Gemma4ForConditionalGeneration"},
        .names = kGemma4Names,
        .post_norm = true,
        .windows = {.period = 6},
        .local_rope_base = 10000,
        .score_scale = 1,
        .value_norm = true,
        .values_may_be_keys = true,
        .qk_norm = QkNorm::PerHead,
        .activation = Activation::GeluTanh,
        .renormalise = true,
        .dense_beside_experts = true,
        .scale_embedding = true,
    },
    {
        .name = "glm4",
        .classes = {"Glm4ForCausalLM"},
        .names = kGlm4Names,
        .post_norm = true,
        .halves = false,
    },
    {
        .name = "glm4moe",
        .classes = {"Glm4MoeForCausalLM"},
        .names = kNamedByPlace,
        .qk_norm = QkNorm::PerHead,
        .has_qk_norm = Has::Maybe,
        .router = Router::Sigmoid,
        .renormalise = true,
    },
    {
        .name = "gpt-oss",
        .classes = {"GptOssForCausalLM"},
        .names = kNamedByPlace,
        .windows = {.period = 2},
        .yarn_truncate = false,
        .sinks = true,
        .clamp = 7,
        .alternating_gate = true,
        .router = Router::TopKThenSoftmax,
        .transposed = Transposed::Experts,
    },
    {
        .name = "gpt2",
        .classes = {"GPT2LMHeadModel"},
        .names = kGpt2Names,
        .norm = NormKind::Layer,
        .norm_bias = Has::Maybe,
        .positions = Positions::Learned,
        .activation = Activation::GeluTanh,
        .gated = false,
        .transposed = Transposed::Layers,
    },
    {
        .name = "gptneox",
        .classes = {"GPTNeoXForCausalLM"},
        .names = kGptNeoXNames,
        .norm = NormKind::Layer,
        .norm_bias = Has::Maybe,
        .parallel = Has::Maybe,
        .qkv_by_group = true,
        .activation = Activation::GeluErf,
        .gated = false,
    },
    {
        .name = "granite",
        .classes = {"GraniteForCausalLM"},
        .gguf_permuted = true,
        .divide_logits = true,
    },
    {
        .name = "granitemoe",
        .classes = {"GraniteMoeForCausalLM"},
        .names = kSparseNames,
        .gguf_permuted = true,
        .router = Router::TopKThenSoftmax,
        .divide_logits = true,
    },
    {
        .name = "hunyuan-dense",
        .classes = {"HunYuanDenseV1ForCausalLM"},
        .qk_norm = QkNorm::PerHead,
        .qk_norm_after_rope = true,
    },
    {
        .name = "lfm2",
        .classes = {"Lfm2ForCausalLM"},
        .names = kLfm2Names,
        .qk_norm = QkNorm::PerHead,
    },
    {
        .name = "llama",
        .classes = {"LlamaForCausalLM", "MistralForCausalLM", "MixtralForCausalLM"},
        .names = kSparseNames,
        .ignored = kStoredFrequencies,
        .gguf_permuted = true,
        .router = Router::TopKThenSoftmax,
    },
    {
        .name = "llama4",
        .classes = {"Llama4ForCausalLM", "Llama4ForConditionalGeneration"},
        .names = kLlama4Names,
        .halves = false,
        .no_rope = {.period = 4},
        .router = Router::Sigmoid,
        .weigh_input = true,
        .shared_expert = true,
        .transposed = Transposed::Experts,
        .adjust = adjust_llama4,
    },
    {
        .name = "minicpm3",
        .classes = {"MiniCPM3ForCausalLM"},
        .latent = true,
        .adjust = adjust_minicpm3,
    },
    {
        .name = "mistral3",
        .classes = {"Ministral3ForCausalLM", "Mistral3ForConditionalGeneration"},
        .gguf_permuted = true,
        .router = Router::TopKThenSoftmax,
    },
    {
        .name = "mpt",
        .classes = {"MptForCausalLM", "MPTForCausalLM"},
        .names = kMptNames,
        .ignored = kLoneKeyNorm,
        .norm = NormKind::Layer,
        .norm_bias = Has::Maybe,
        .positions = Positions::Alibi,
        .qk_norm = QkNorm::FullWidth,
        .has_qk_norm = Has::Maybe,
        .activation = Activation::GeluErf,
        .gated = false,
    },
    {
        .name = "nemotron",
        .classes = {"NemotronForCausalLM"},
        .norm = NormKind::Layer,
        .norm_bias = Has::Yes,
        .activation = Activation::ReluSquared,
        .gated = false,
        .norm_plus_one = true,
    },
    {
        .name = "olmo2",
        .classes = {"Olmo2ForCausalLM", "Olmo3ForCausalLM"},
        .names = kSandwichNames,
        .pre_norm = false,
        .post_norm = true,
        .windows = {.period = 4},
        .qk_norm = QkNorm::FullWidth,
    },
    {
        .name = "olmoe",
        .classes = {"OlmoeForCausalLM"},
        .qk_norm = QkNorm::FullWidth,
        .clip_after_norm = true,
    },
    {
        .name = "phi2",
        .classes = {"PhiForCausalLM"},
        .norm = NormKind::Layer,
        .norm_bias = Has::Maybe,
        .parallel = Has::Yes,
        .activation = Activation::GeluTanh,
        .gated = false,
    },
    {
        .name = "phi3",
        .classes = {"Phi3ForCausalLM"},
    },
    {
        .name = "qwen2",
        .classes = {"Qwen2ForCausalLM"},
        .out_bias = Has::No,
        .ffn_bias = Has::No,
    },
    {
        .name = "qwen2moe",
        .classes = {"Qwen2MoeForCausalLM"},
        .shared_gate = true,
    },
    {
        .name = "qwen3",
        .classes = {"Qwen3ForCausalLM"},
        .qk_norm = QkNorm::PerHead,
    },
    {
        .name = "qwen35",
        .classes = {"Qwen3_5ForCausalLM", "Qwen3_5ForConditionalGeneration"},
        .names = kNamedByPlace,
        .gated_attention = true,
        .tiled_heads = true,
        .qk_norm = QkNorm::PerHead,
        .norm_plus_one = true,
    },
    {
        .name = "qwen35moe",
        .classes = {"Qwen3_5MoeForCausalLM", "Qwen3_5MoeForConditionalGeneration"},
        .names = kNamedByPlace,
        .gated_attention = true,
        .tiled_heads = true,
        .qk_norm = QkNorm::PerHead,
        .renormalise = true,
        .shared_gate = true,
        .norm_plus_one = true,
    },
    {
        .name = "qwen3moe",
        .classes = {"Qwen3MoeForCausalLM"},
        .qk_norm = QkNorm::PerHead,
        .renormalise = true,
    },
    {
        .name = "qwen3next",
        .classes = {"Qwen3NextForCausalLM"},
        .names = kNamedByPlace,
        .ignored = kLegacyProjection,
        .gated_attention = true,
        .qk_norm = QkNorm::PerHead,
        .renormalise = true,
        .shared_gate = true,
        .norm_plus_one = true,
    },
    {
        .name = "seed_oss",
        .classes = {"SeedOssForCausalLM"},
    },
    {
        .name = "smollm3",
        .classes = {"SmolLM3ForCausalLM"},
        .gguf_permuted = true,
        .no_rope = {.period = 4},
    },
    {
        .name = "stablelm",
        .classes = {"StableLmForCausalLM", "StableLMEpochForCausalLM"},
        .norm = NormKind::Layer,
        .norm_bias = Has::Maybe,
        .parallel = Has::Maybe,
        .qk_norm = QkNorm::PerHead,
        .has_qk_norm = Has::Maybe,
    },
    {
        .name = "starcoder2",
        .classes = {"Starcoder2ForCausalLM"},
        .norm = NormKind::Layer,
        .norm_bias = Has::Maybe,
        .activation = Activation::GeluTanh,
        .gated = false,
    },
};

}  // namespace

std::span<const Arch> archs() { return kArchs; }
std::span<const NamePattern> common_names() { return kCommonNames; }

const Arch* find_arch(std::string_view gguf_name) {
  for (const Arch& a : kArchs) {
    if (a.name == gguf_name) return &a;
  }
  return nullptr;
}

const Arch* find_arch_by_class(std::string_view hugging_face_class) {
  for (const Arch& a : kArchs) {
    for (std::string_view c : a.classes) {
      if (c == hugging_face_class) return &a;
    }
  }
  return nullptr;
}

std::string arch_list() {
  std::string list;
  for (const Arch& a : kArchs) {
    if (!list.empty()) list += ", ";
    list += a.name;
  }
  return list;
}

}  // namespace pith
