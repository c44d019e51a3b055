// The architectures. This is the only file that names one.
#include "model/archs.h"

#include <string>

namespace pith {
namespace {

using Names = std::string_view;

// The names that most checkpoints share, in the order of the forward pass.
constexpr NamePattern kCommonNames[] = {
    {"model.embed_tokens", "token_embd"},
    {"model.layers.{}.input_layernorm", "blk.{}.attn_norm"},
    {"model.layers.{}.self_attn.q_proj", "blk.{}.attn_q"},
    {"model.layers.{}.self_attn.k_proj", "blk.{}.attn_k"},
    {"model.layers.{}.self_attn.v_proj", "blk.{}.attn_v"},
    {"model.layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm"},
    {"model.layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm"},
    {"model.layers.{}.self_attn.o_proj", "blk.{}.attn_output"},
    {"model.layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"model.layers.{}.mlp.gate_proj", "blk.{}.ffn_gate"},
    {"model.layers.{}.mlp.up_proj", "blk.{}.ffn_up"},
    {"model.layers.{}.mlp.down_proj", "blk.{}.ffn_down"},
    {"model.norm", "output_norm"},
    {"lm_head", "output"},
};

// Frequencies that a checkpoint stores but every implementation computes.
constexpr Names kStoredFrequencies[] = {"blk.{}.attn_rot_embd", "blk.{}.self_attn.rotary_emb.inv_freq"};

constexpr Names kLlamaClasses[] = {"LlamaForCausalLM", "MistralForCausalLM"};
constexpr Names kMistral3Classes[] = {"Ministral3ForCausalLM", "Mistral3ForCausalLM"};
constexpr Names kQwen2Classes[] = {"Qwen2ForCausalLM"};
constexpr Names kQwen3Classes[] = {"Qwen3ForCausalLM"};

// A reward or embedding head; text generation does not use it.
constexpr Names kClassifierHead[] = {"cls.output"};

constexpr Arch kArchs[] = {
    {
        .name = "llama",
        .classes = kLlamaClasses,
        .names = kCommonNames,
        .ignored = kStoredFrequencies,
        .gguf_permuted = true,
        .router = Router::TopKThenSoftmax,
    },
    {
        .name = "mistral3",
        .classes = kMistral3Classes,
        .names = kCommonNames,
        .gguf_permuted = true,
        .router = Router::TopKThenSoftmax,
    },
    {
        .name = "qwen2",
        .classes = kQwen2Classes,
        .names = kCommonNames,
        .qkv_bias = Has::Maybe,
        .out_bias = Has::No,
        .ffn_bias = Has::No,
    },
    {
        .name = "qwen3",
        .classes = kQwen3Classes,
        .names = kCommonNames,
        .ignored = kClassifierHead,
        .qk_norm = QkNorm::PerHead,
    },
};

}  // namespace

std::span<const Arch> archs() { return kArchs; }

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
