// Model files with random weights, of any size.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "format/gguf_writer.h"
#include "kernels/quantize.h"

namespace pith::test {

struct Shape {
  std::string arch = "llama";
  int vocab = 128, width = 64, layers = 2, heads = 4, kv_heads = 2, ffn = 96;
  int experts = 0, active = 0;  ///< 0: dense
  bool full_width_qk_norm = false;
  DType type = DType::F32;  ///< of the matrices; norms and routers are F32
};

/// Matrices are normal with deviation 1 / sqrt(inputs), norm weights 1 + 0.3 normal. The tokenizer, if any,
/// is that of another file's metadata.
inline void write_random_model(const std::filesystem::path& path, const Shape& s, std::uint32_t seed = 1,
                               const Metadata* tokenizer = nullptr) {
  Metadata metadata;
  const auto set = [&](const char* key, auto value) { metadata.set(s.arch + "." + key, value); };
  const auto u32 = [](int value) { return static_cast<std::uint32_t>(value); };
  metadata.set("general.architecture", s.arch);
  set("block_count", u32(s.layers));
  set("context_length", u32(4096));
  set("embedding_length", u32(s.width));
  set("feed_forward_length", u32(s.ffn));
  set("attention.head_count", u32(s.heads));
  set("attention.head_count_kv", u32(s.kv_heads));
  set("attention.layer_norm_rms_epsilon", 1e-5f);
  if (s.experts > 0) set("expert_count", u32(s.experts)), set("expert_used_count", u32(s.active));

  for (const Metadata::Entry& entry : tokenizer ? tokenizer->entries() : std::span<const Metadata::Entry>()) {
    if (entry.key.starts_with("tokenizer.")) metadata.add_raw(entry.key, entry.value);
  }

  const int kv = s.width / s.heads * s.kv_heads;
  std::vector<TensorPlan> plan;
  const auto add = [&](const std::string& name, DType type, std::vector<std::int64_t> shape) {
    Tensor t{.type = type};
    std::copy(shape.begin(), shape.end(), t.ne.begin());
    plan.push_back({name + ".weight", t});
  };
  add("token_embd", s.type, {s.width, s.vocab});
  for (int i = 0; i < s.layers; ++i) {
    const std::string layer = "blk." + std::to_string(i) + ".";
    add(layer + "attn_norm", DType::F32, {s.width});
    add(layer + "attn_q", s.type, {s.width, s.width});
    add(layer + "attn_k", s.type, {s.width, kv});
    add(layer + "attn_v", s.type, {s.width, kv});
    if (s.full_width_qk_norm) {
      add(layer + "attn_q_norm", DType::F32, {s.width});
      add(layer + "attn_k_norm", DType::F32, {kv});
    }
    add(layer + "attn_output", s.type, {s.width, s.width});
    add(layer + "ffn_norm", DType::F32, {s.width});
    if (s.experts > 0) {
      add(layer + "ffn_gate_inp", DType::F32, {s.width, s.experts});
      add(layer + "ffn_gate_exps", s.type, {s.width, s.ffn, s.experts});
      add(layer + "ffn_up_exps", s.type, {s.width, s.ffn, s.experts});
      add(layer + "ffn_down_exps", s.type, {s.ffn, s.width, s.experts});
    } else {
      add(layer + "ffn_gate", s.type, {s.width, s.ffn});
      add(layer + "ffn_up", s.type, {s.width, s.ffn});
      add(layer + "ffn_down", s.type, {s.ffn, s.width});
    }
  }
  add("output_norm", DType::F32, {s.width});
  add("output", s.type, {s.width, s.vocab});

  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  write_gguf(path, metadata, plan, [&](std::size_t i, const ByteSink& sink) {
    const Tensor& t = plan[i].tensor;
    std::vector<float> row(static_cast<std::size_t>(t.cols()));
    std::vector<std::byte> stored(static_cast<std::size_t>(t.row_bytes()));
    const float scale = 1 / std::sqrt(static_cast<float>(t.cols()));
    for (std::int64_t r = 0; r < t.rows(); ++r) {
      for (float& x : row) x = t.rows() == 1 ? 1 + 0.3f * normal(random) : scale * normal(random);
      quantize_row(t.type, row.data(), stored.data(), t.cols());
      sink(stored);
    }
  });
}

/// Token ids, each as likely as the others.
inline std::vector<std::int32_t> random_tokens(std::size_t n, int vocab, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::int32_t> tokens(n);
  for (std::int32_t& t : tokens) t = static_cast<std::int32_t>(random() % static_cast<unsigned>(vocab));
  return tokens;
}

}  // namespace pith::test
