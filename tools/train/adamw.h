// AdamW with clipping by the global norm.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/team.h"
#include "train/config.h"
#include "train/net/parameters.h"

namespace pith::lab {

struct AdamSettings {
  double beta1, beta2, eps;
  double decay;             ///< of matrices; gains do not decay
  double clip;              ///< longest gradient
  std::int64_t frozen = 0;  ///< so many parameters, the first ones, stay as they are
};

/// The keys beta1, beta2, eps, decay, clip.
AdamSettings read_adam(const Config& config);

/// The first tensor of a layout with a value that is not finite; nullptr where all are.
const ParameterTensor* first_not_finite(const Layout& layout, std::span<const float> values);

class AdamW {
 public:
  AdamW(const Layout& layout, const AdamSettings& settings);

  /// One step; returns the gradient's norm before clipping. Throws Error, and changes nothing, where the
  /// gradient is not finite: the message names the first such tensor.
  double step(Team& team, std::span<float> parameters, std::span<const float> gradient, double rate);

  std::int64_t steps() const { return steps_; }
  std::span<const float> first() const { return first_; }
  std::span<const float> second() const { return second_; }
  /// As it was after `steps` steps; the spans have a parameter's size each.
  void restore(std::int64_t steps, std::span<const float> first, std::span<const float> second);

 private:
  double norm(Team& team, std::span<const float> gradient) const;

  Layout layout_;
  AdamSettings settings_;
  std::int64_t steps_ = 0;
  std::vector<float> first_, second_;  // moments
};

}  // namespace pith::lab
