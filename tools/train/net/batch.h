// Sequences that go through the network together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/net/shape.h"

namespace pith::lab {

/// One sequence behind the other, each begins at position 0 and sees itself alone: causal attention, as the
/// engine gives it to a sequence of its own.
struct Batch {
  std::vector<std::int32_t> tokens;       ///< [R]
  std::vector<std::int64_t> begin = {0};  ///< of each sequence, and R

  std::int64_t rows() const { return static_cast<std::int64_t>(tokens.size()); }
  std::int64_t sequences() const { return static_cast<std::int64_t>(begin.size()) - 1; }
  std::int64_t length(std::int64_t sequence) const { return begin[sequence + 1] - begin[sequence]; }

  void add(std::span<const std::int32_t> sequence) {
    tokens.insert(tokens.end(), sequence.begin(), sequence.end());
    begin.push_back(rows());
  }
};

/// Of all its sequences.
inline double training_flops(const Shape& shape, const Batch& batch) {
  double sum = 0;
  for (std::int64_t s = 0; s < batch.sequences(); ++s) sum += training_flops(shape, batch.length(s));
  return sum;
}

}  // namespace pith::lab
