// The gradient of a step, by several threads.
//
// A step is cut into pieces, and piece i belongs to shard i mod S. A shard is worked through by one thread,
// in order, with a gradient of its own; in the end the shards' gradients are added in order. So the result
// depends on the number of shards and not on the number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/team.h"
#include "train/net/network.h"

namespace pith::lab {

class Parallel {
 public:
  /// Pieces have at most `rows` rows. threads 0: as many as this process should compute with.
  Parallel(const Shape& shape, int threads, int shards, std::int64_t rows);

  std::int64_t rows() const { return rows_; }
  const Layout& layout() const { return networks_.front()->layout(); }
  const Shape& shape() const { return networks_.front()->shape(); }
  Team& team() { return team_; }

  /// Calls piece(i, network, gradient) for each of `count` pieces; the sum of what they add is then in
  /// gradient(). What a piece throws is thrown again.
  using Piece = std::function<void(std::int64_t i, Network<float>& network, float* gradient)>;
  void gradient(std::int64_t count, const Piece& piece) { run(count, piece, true); }
  /// The same without gradients: for losses and log-probabilities.
  void evaluate(std::int64_t count, const Piece& piece) { run(count, piece, false); }
  /// The one or the other.
  void run(std::int64_t count, const Piece& piece, bool with_gradient);

  std::span<const float> gradient() const { return shards_.front(); }

 private:
  void add_shards(std::int64_t count);

  std::int64_t rows_;
  Team team_;
  std::vector<std::unique_ptr<Network<float>>> networks_;  // of each thread
  std::vector<std::vector<float>> shards_;
};

}  // namespace pith::lab
