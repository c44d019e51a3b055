#include "train/next_token.h"

#include <algorithm>
#include <numeric>

#include "train/net/heads.h"

namespace pith::lab {

void TextPieces::add(std::span<const std::int32_t> tokens, std::span<const std::int32_t> next, float weight) {
  if (pieces_.empty() || pieces_.back().batch.rows() + std::ssize(tokens) > rows_) pieces_.emplace_back();
  TextPiece& piece = pieces_.back();
  piece.batch.add(tokens);
  piece.targets.insert(piece.targets.end(), next.begin(), next.end());
  piece.weights.insert(piece.weights.end(), next.size(), weight);
  total_weight_ += weight * static_cast<double>(std::ranges::count_if(next, [](auto t) { return t >= 0; }));
}

std::int64_t TextPieces::rows() const {
  std::int64_t sum = 0;
  for (const TextPiece& piece : pieces_) sum += piece.batch.rows();
  return sum;
}

double TextPieces::flops(const Shape& shape) const {
  double sum = 0;
  for (const TextPiece& piece : pieces_) sum += training_flops(shape, piece.batch);
  return sum;
}

namespace {

std::vector<float> shares(const TextPiece& piece, double total) {
  std::vector<float> out;
  for (const float weight : piece.weights) out.push_back(static_cast<float>(weight / total));
  return out;
}

}  // namespace

double next_token_gradient(Network<float>& network, const float* parameters, float* gradient,
                           const TextPiece& piece, double total) {
  network.forward(parameters, piece.batch);
  const double loss = cross_entropy(network, parameters, gradient, piece.targets, shares(piece, total));
  network.backward(parameters, gradient);
  return loss;
}

NextTokenResult next_token_gradient(Parallel& parallel, const float* parameters, const TextPieces& pieces,
                                    double balance) {
  const Shape& shape = parallel.shape();
  const auto rows = static_cast<double>(pieces.rows());
  struct PieceResult {
    double loss, imbalance;
    std::vector<std::int64_t> load;
  };
  std::vector<PieceResult> results(static_cast<std::size_t>(pieces.count()));
  parallel.gradient(pieces.count(), [&](std::int64_t i, Network<float>& network, float* gradient) {
    const TextPiece& piece = pieces[i];
    const std::vector<float> weights = shares(piece, pieces.total_weight());
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
  std::vector<double> losses(static_cast<std::size_t>(pieces.count()));
  parallel.evaluate(pieces.count(), [&](std::int64_t i, Network<float>& network, float*) {
    const TextPiece& piece = pieces[i];
    const std::vector<float> weights = shares(piece, pieces.total_weight());
    network.forward(parameters, piece.batch);
    losses[i] = cross_entropy(network, parameters, nullptr, piece.targets, weights);
  });
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

}  // namespace pith::lab
