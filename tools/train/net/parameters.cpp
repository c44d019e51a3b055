#include "train/net/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "generate/sampler.h"

namespace pith::lab {

Layout::Layout(const Shape& s) {
  const auto add = [&](std::string name, std::int64_t rows, std::int64_t cols, bool matrix) {
    tensors.push_back({std::move(name), size, rows, cols, matrix});
    size += rows * cols;
    return tensors.back().offset;
  };
  embedding = add("token_embd.weight", s.vocab, s.width, true);
  for (std::int64_t l = 0; l < s.layers; ++l) {
    const auto name = [&](const char* part) { return fmt::format("blk.{}.{}.weight", l, part); };
    LayerLayout layer{};
    layer.attn_norm = add(name("attn_norm"), 1, s.width, false);
    layer.qkv = add(name("attn_q"), s.q_width(), s.width, true);
    add(name("attn_k"), s.kv_width(), s.width, true);
    add(name("attn_v"), s.kv_width(), s.width, true);
    layer.attn_out = add(name("attn_output"), s.width, s.q_width(), true);
    layer.ffn_norm = add(name("ffn_norm"), 1, s.width, false);
    if (s.mixture()) layer.router = add(name("ffn_gate_inp"), s.experts, s.width, true);
    layer.ffn = size;
    layer.expert_size = 3 * s.ffn * s.width;
    for (std::int64_t e = 0; e < std::max<std::int64_t>(s.experts, 1); ++e) {
      const auto expert = [&](const char* part) {
        return s.mixture() ? fmt::format("blk.{}.{}_exps.weight.{}", l, part, e) : name(part);
      };
      add(expert("ffn_gate"), s.ffn, s.width, true);
      add(expert("ffn_up"), s.ffn, s.width, true);
      add(expert("ffn_down"), s.width, s.ffn, true);
    }
    layers.push_back(layer);
  }
  output_norm = add("output_norm.weight", 1, s.width, false);
  scalar_head = add("cls.output.weight", 1, s.width, true);
}

const ParameterTensor& Layout::at(std::int64_t offset) const {
  const auto above = std::ranges::upper_bound(tensors, offset, {}, &ParameterTensor::offset);
  return *std::prev(above);
}

std::int64_t Layout::non_embedding() const {
  return output_norm - layers.front().attn_norm + tensors.back().cols;
}

std::int64_t Layout::active_non_embedding(const Shape& shape) const {
  return non_embedding() - shape.layers * (shape.experts - shape.active) * layers.front().expert_size;
}

std::vector<float> initial_parameters(const Shape& shape, double deviation, std::uint64_t seed) {
  const Layout layout(shape);
  std::vector<float> out(static_cast<std::size_t>(layout.size), 0.0f);
  const double residual = deviation / std::sqrt(2.0 * static_cast<double>(shape.layers));
  for (const ParameterTensor& t : layout.tensors) {
    if (t.offset == layout.scalar_head) continue;
    const bool into_residual =
        t.name.find("attn_output") != std::string::npos || t.name.find("ffn_down") != std::string::npos;
    for (std::int64_t i = t.offset; i < t.offset + t.size(); ++i) {
      if (!t.matrix) {
        out[i] = 1;
        continue;
      }
      // Box and Muller (1958): two uniform numbers make a normal one.
      const auto position = static_cast<std::uint64_t>(i) * 2;
      const double radius = std::sqrt(-2 * std::log(1 - uniform(seed, position)));
      const double normal = radius * std::cos(2 * std::numbers::pi * uniform(seed, position + 1));
      out[i] = static_cast<float>(normal * (into_residual ? residual : deviation));
    }
  }
  return out;
}

}  // namespace pith::lab
