// Who wants to know which experts the tokens of a mixture take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pith {

class ExpertObserver {
 public:
  virtual ~ExpertObserver() = default;
  /// A layer's choice for the tokens of one step: `tokens` [T] ids, `expert` and `weight` [T][active], best
  /// first. Called after each step on the thread that called it, for all mixture layers in their order.
  virtual void routed(std::size_t layer, std::span<const std::int32_t> tokens,
                      std::span<const std::int32_t> expert, std::span<const float> weight) = 0;
};

}  // namespace pith
