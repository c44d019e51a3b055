#include "analyse/item_loop.h"

#include <memory>

#include "base/error.h"

namespace pith {
namespace {

struct Item {
  std::int64_t number;
  std::vector<Result> results;
  std::size_t missing;
};

void check(const Item& item) {
  for (const Result& r : item.results) {
    for (const Choice& c : r.choices) {
      if (c.finish == FinishReason::Failed) fail("item {}: {}", item.number + 1, c.error);
    }
  }
}

}  // namespace

bool run_items(Scheduler& scheduler, std::span<const std::int64_t> items, const ItemLoop& loop) {
  std::int64_t in_flight = 0;
  const auto begin = [&](std::int64_t number) {
    std::vector<Request> requests = loop.requests(number);
    auto item = std::make_shared<Item>(Item{number, std::vector<Result>(requests.size()), requests.size()});
    in_flight += std::ssize(requests);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto take = [&, item, i](Result result) {
        item->results[i] = std::move(result);
        --in_flight;
        if (--item->missing > 0) return;
        check(*item);
        loop.done(item->number, std::move(item->results));
      };
      try {
        scheduler.submit(std::move(requests[i]), take);
      } catch (const Error& e) {
        fail("item {}: {}", number + 1, e.what());
      }
    }
    if (requests.empty()) loop.done(number, {});
  };
  // Enough that a sequence which leaves is followed by the next at once.
  const std::int64_t enough = 2 * scheduler.options().parallel;
  for (std::size_t next = 0;;) {
    while (next < items.size() && in_flight < enough) begin(items[next++]);
    if (loop.stop()) return false;
    if (!scheduler.step() && next == items.size()) return true;
  }
}

}  // namespace pith
