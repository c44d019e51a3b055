// Small networks of both kinds with parameters that other programs can make too.
#pragma once

#include <cstdint>
#include <vector>

#include "base/hash.h"
#include "train/net/heads.h"

namespace pith::lab {

inline Shape dense_shape() {
  return {.vocab = 48,
          .width = 32,
          .layers = 2,
          .heads = 4,
          .kv_heads = 2,
          .head_dim = 8,
          .ffn = 64,
          .context = 80};
}

inline Shape mixture_shape() {
  Shape shape = dense_shape();
  shape.ffn = 32, shape.experts = 4, shape.active = 2;
  return shape;
}

/// Number i of a sequence in [-0.5, 0.5): the same in tools/train/make_fixtures.py.
inline double pseudo_random(std::uint64_t i) {
  return static_cast<double>(mix(i * 0x9e3779b97f4a7c15u) >> 11) * 0x1p-53 - 0.5;
}

/// Far from symmetric and large enough that every part of the network matters: gains about 1, matrices with
/// values up to 0.25, the scalar head too.
template <class T>
std::vector<T> test_parameters(const Layout& layout) {
  std::vector<T> out;
  for (const ParameterTensor& t : layout.tensors) {
    for (std::int64_t i = t.offset; i < t.offset + t.size(); ++i) {
      const double x = pseudo_random(static_cast<std::uint64_t>(i) + 1) / 2;
      out.push_back(static_cast<T>(t.matrix ? x : 1 + x));
    }
  }
  return out;
}

/// Sequences of the given lengths with ids from the same source.
inline Batch test_batch(std::vector<std::int64_t> lengths, std::int64_t vocab) {
  Batch batch;
  std::uint64_t next = 1'000'000;
  for (const std::int64_t length : lengths) {
    std::vector<std::int32_t> tokens;
    for (std::int64_t i = 0; i < length; ++i)
      tokens.push_back(static_cast<std::int32_t>((pseudo_random(next++) + 0.5) * static_cast<double>(vocab)));
    batch.add(tokens);
  }
  return batch;
}

/// The token behind each one within its sequence; -1 behind the last.
inline std::vector<std::int32_t> next_tokens(const Batch& batch) {
  std::vector<std::int32_t> targets(batch.tokens.begin() + 1, batch.tokens.end());
  targets.push_back(-1);
  for (std::int64_t s = 0; s < batch.sequences(); ++s) targets[batch.begin[s + 1] - 1] = -1;
  return targets;
}

}  // namespace pith::lab
