// Known models, from the config.json that each was published with. Beside archs.cpp the only file that names
// model families.
#include "model/shapes.h"

namespace pith {
namespace {

constexpr Shape kShapes[] = {
    {
        .name = "llama-3.2-1b",
        .arch = "llama",
        .size = "1B",
        .vocab = 128256,
        .width = 2048,
        .layers = 16,
        .heads = 32,
        .kv_heads = 8,
        .head_dim = 64,
        .ffn = 8192,
        .context = 131072,
        .rope_base = 500000,
        .tied = true,
    },
    {
        .name = "llama-3.1-8b",
        .arch = "llama",
        .size = "8B",
        .vocab = 128256,
        .width = 4096,
        .layers = 32,
        .heads = 32,
        .kv_heads = 8,
        .head_dim = 128,
        .ffn = 14336,
        .context = 131072,
        .rope_base = 500000,
    },
    {
        .name = "qwen3-0.6b",
        .arch = "qwen3",
        .size = "0.6B",
        .vocab = 151936,
        .width = 1024,
        .layers = 28,
        .heads = 16,
        .kv_heads = 8,
        .head_dim = 128,
        .ffn = 3072,
        .context = 40960,
        .rope_base = 1000000,
        .norm_eps = 1e-6f,
        .tied = true,
    },
    {
        .name = "qwen3-30b-a3b",
        .arch = "qwen3moe",
        .size = "30B-A3B",
        .vocab = 151936,
        .width = 2048,
        .layers = 48,
        .heads = 32,
        .kv_heads = 4,
        .head_dim = 128,
        .ffn = 768,
        .experts = 128,
        .active = 8,
        .context = 40960,
        .rope_base = 1000000,
        .norm_eps = 1e-6f,
    },
    {
        .name = "olmoe-1b-7b",
        .arch = "olmoe",
        .size = "A1B-7B",
        .vocab = 50304,
        .width = 2048,
        .layers = 16,
        .heads = 16,
        .kv_heads = 16,
        .head_dim = 128,
        .ffn = 1024,
        .experts = 64,
        .active = 8,
        .context = 4096,
    },
    {
        .name = "gemma-3-1b",
        .arch = "gemma3",
        .size = "1B",
        .vocab = 262144,
        .width = 1152,
        .layers = 26,
        .heads = 4,
        .kv_heads = 1,
        .head_dim = 256,
        .ffn = 6912,
        .context = 32768,
        .rope_base = 1000000,
        .norm_eps = 1e-6f,
        .tied = true,
        .window = 512,
    },
    {
        .name = "gpt-oss-20b",
        .arch = "gpt-oss",
        .size = "20B",
        .vocab = 201088,
        .width = 2880,
        .layers = 24,
        .heads = 64,
        .kv_heads = 8,
        .head_dim = 64,
        .ffn = 2880,
        .experts = 32,
        .active = 4,
        .context = 131072,
        .rope_base = 150000,
        .biases = true,
        .window = 128,
        .yarn_factor = 32,
        .yarn_context = 4096,
        .ffn_norm = "post_attention_norm",
    },
};

}  // namespace

std::span<const Shape> shapes() { return kShapes; }

const Shape* find_shape(std::string_view name) {
  for (const Shape& s : kShapes) {
    if (s.name == name) return &s;
  }
  return nullptr;
}

}  // namespace pith
