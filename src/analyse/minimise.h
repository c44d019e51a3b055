// Minimisation of a smooth function: L-BFGS (Liu and Nocedal 1989, doi:10.1007/BF01589116), as NLopt has it.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace pith {

/// The value at x; writes the gradient there.
using Objective = std::function<double(std::span<const double> x, std::span<double> gradient)>;

struct Minimum {
  std::vector<double> x;
  double value = 0;
  bool converged = false;  ///< else `evaluations` were used up, or the function has no minimum that way
};

/// From `start` downhill until the value changes by less than `tolerance` of itself. Values should be about
/// 1: the gradient is held against an absolute bound, too.
Minimum minimise(const Objective& objective, std::span<const double> start, double tolerance,
                 int evaluations);

}  // namespace pith
