#include "reason/budget.h"

#include <algorithm>

namespace pith {

std::size_t affordable(const Inquiry& inquiry, std::size_t wanted) {
  if (!inquiry.settings.budget) return wanted;
  const std::int64_t left = inquiry.budget_left(), spent = *inquiry.settings.budget - left,
                     usual = spent / std::max<std::int64_t>(1, inquiry.cost.chains);
  return std::min(wanted, static_cast<std::size_t>(left / std::max<std::int64_t>(1, usual)));
}

}  // namespace pith
