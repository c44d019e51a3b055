// The order in which a run takes its examples: a new shuffle every epoch, computed from the seed alone.
#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "generate/sampler.h"

namespace pith::lab {

class ShuffledOrder {
 public:
  ShuffledOrder(std::int64_t examples, std::uint64_t seed)
      : order_(static_cast<std::size_t>(examples)), seed_(seed) {}

  /// Which examples the run takes from the i-th to the one before i + count; fast where i grows.
  std::vector<std::int64_t> take(std::int64_t i, std::int64_t count) {
    std::vector<std::int64_t> taken;
    for (; std::ssize(taken) < count; ++i) {
      const std::int64_t epoch = i / std::ssize(order_);
      if (epoch != epoch_) shuffle(epoch);
      taken.push_back(order_[i % std::ssize(order_)]);
    }
    return taken;
  }

 private:
  // Fisher and Yates.
  void shuffle(std::int64_t epoch) {
    epoch_ = epoch;
    std::iota(order_.begin(), order_.end(), 0);
    const std::uint64_t seed = mix(seed_ + static_cast<std::uint64_t>(epoch) * 0x9e3779b97f4a7c15u);
    for (std::size_t k = order_.size(); k > 1; --k)
      std::swap(order_[k - 1], order_[static_cast<std::size_t>(uniform(seed, k) * static_cast<double>(k))]);
  }

  std::vector<std::int64_t> order_;
  std::uint64_t seed_;
  std::int64_t epoch_ = -1;
};

}  // namespace pith::lab
