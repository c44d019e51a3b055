#include "train/next_token.h"

#include <algorithm>
#include <numeric>

#include "train/net/heads.h"

namespace pith::lab {

void TextPiece::add(std::span<const std::int32_t> tokens, std::span<const std::int32_t> next) {
  batch.add(tokens);
  targets.insert(targets.end(), next.begin(), next.end());
}

std::int64_t TextPiece::target_count() const {
  return std::ranges::count_if(targets, [](std::int32_t t) { return t >= 0; });
}

void TextPieces::add(std::span<const std::int32_t> tokens, std::span<const std::int32_t> next) {
  if (pieces_.empty() || pieces_.back().batch.rows() + std::ssize(tokens) > rows_) pieces_.emplace_back();
  pieces_.back().add(tokens, next);
}

std::int64_t TextPieces::target_count() const {
  std::int64_t sum = 0;
  for (const TextPiece& piece : pieces_) sum += piece.target_count();
  return sum;
}

std::int64_t TextPieces::rows() const {
  std::int64_t sum = 0;
  for (const TextPiece& piece : pieces_) sum += piece.batch.rows();
  return sum;
}

double TextPieces::flops(const Shape& shape) const {
  double sum = 0;
  for (const TextPiece& piece : pieces_) {
    for (std::int64_t s = 0; s < piece.batch.sequences(); ++s)
      sum += training_flops(shape, piece.batch.length(s));
  }
  return sum;
}

NextTokenResult next_token_gradient(Parallel& parallel, const float* parameters, const TextPieces& pieces,
                                    double balance) {
  const Shape& shape = parallel.shape();
  const auto weight = static_cast<float>(1.0 / static_cast<double>(pieces.target_count()));
  const auto rows = static_cast<double>(pieces.rows());
  struct PieceResult {
    double loss, imbalance;
    std::vector<std::int64_t> load;
  };
  std::vector<PieceResult> results(static_cast<std::size_t>(pieces.count()));
  parallel.gradient(pieces.count(), [&](std::int64_t i, Network<float>& network, float* gradient) {
    const TextPiece& piece = pieces[i];
    const std::vector<float> weights(piece.targets.size(), weight);
    network.forward(parameters, piece.batch);
    results[i].loss = cross_entropy(network, parameters, gradient, piece.targets, weights);
    if (shape.mixture()) {
      results[i].imbalance = network.imbalance();
      results[i].load.resize(static_cast<std::size_t>(shape.layers * shape.experts));
      network.add_load(results[i].load);
    }
    network.backward(parameters, gradient, static_cast<float>(balance / rows));
  });

  NextTokenResult out;
  if (shape.mixture()) out.load.resize(static_cast<std::size_t>(shape.layers * shape.experts));
  for (const PieceResult& r : results) {
    out.loss += r.loss;
    out.imbalance += r.imbalance / rows / static_cast<double>(shape.layers);
    for (std::size_t e = 0; e < r.load.size(); ++e) out.load[e] += r.load[e];
  }
  return out;
}

double next_token_loss(Parallel& parallel, const float* parameters, const TextPieces& pieces) {
  const auto weight = static_cast<float>(1.0 / static_cast<double>(pieces.target_count()));
  std::vector<double> losses(static_cast<std::size_t>(pieces.count()));
  parallel.evaluate(pieces.count(), [&](std::int64_t i, Network<float>& network, float*) {
    const TextPiece& piece = pieces[i];
    const std::vector<float> weights(piece.targets.size(), weight);
    network.forward(parameters, piece.batch);
    losses[i] = cross_entropy(network, parameters, nullptr, piece.targets, weights);
  });
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

}  // namespace pith::lab
