// Next-token loss over pieces of work: what pre-training and fine-tuning share.
#pragma once

#include <vector>

#include "train/parallel.h"

namespace pith::lab {

/// Sequences that one thread takes at once, with the token to predict at each place (-1: none) and how much
/// it counts.
struct TextPiece {
  Batch batch;
  std::vector<std::int32_t> targets;
  std::vector<float> weights;
};

/// Sequences in their order, as many a piece as fit in `rows`.
class TextPieces {
 public:
  explicit TextPieces(std::int64_t rows) : rows_(rows) {}
  void add(std::span<const std::int32_t> tokens, std::span<const std::int32_t> next, float weight = 1);

  std::int64_t count() const { return static_cast<std::int64_t>(pieces_.size()); }
  const TextPiece& operator[](std::int64_t i) const { return pieces_[i]; }
  std::int64_t rows() const;
  double total_weight() const { return total_weight_; }  ///< of all targets
  double flops(const Shape& shape) const;                ///< of training

 private:
  std::int64_t rows_;
  double total_weight_ = 0;
  std::vector<TextPiece> pieces_;
};

struct NextTokenResult {
  double loss = 0;                 ///< weighted mean over the targets, natural logarithm
  double imbalance = 0;            ///< of a mixture: 1 where all experts have the same load
  std::vector<std::int64_t> load;  ///< of a mixture: [L][E] (token, choice) pairs
};

/// A piece's part of the mean loss over the targets of `total` weight, and its gradient added to `gradient`.
double next_token_gradient(Network<float>& network, const float* parameters, float* gradient,
                           const TextPiece& piece, double total);
/// Leaves the gradient of the mean loss, plus `balance` times the imbalance, in parallel.gradient().
NextTokenResult next_token_gradient(Parallel& parallel, const float* parameters, const TextPieces& pieces,
                                    double balance);
/// The mean loss alone.
double next_token_loss(Parallel& parallel, const float* parameters, const TextPieces& pieces);

}  // namespace pith::lab
