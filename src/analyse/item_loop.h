// Items through the scheduler, as many at a time as it takes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "generate/scheduler.h"

namespace pith {

struct ItemLoop {
  /// What to ask for an item; may be nothing.
  std::function<std::vector<Request>(std::int64_t item)> requests;
  /// All results of an item, in the order of its requests.
  std::function<void(std::int64_t item, std::vector<Result> results)> done;
  /// Asked between steps: whether to stop.
  std::function<bool()> stop;
};

/// False where it was stopped. Throws Error: what submit() throws, or what made a request fail, naming the
/// item (from 1).
bool run_items(Scheduler& scheduler, std::span<const std::int64_t> items, const ItemLoop& loop);

}  // namespace pith
