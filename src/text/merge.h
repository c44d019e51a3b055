// The loop of byte-pair encoding: always the best pair next, in O(n log n) for any text.
#pragma once

#include <optional>

#include "text/token_model.h"

namespace pith {

struct Merge {
  std::uint32_t cost;  ///< lower first
  TokenId id;
};

/// Appends a symbol to scratch.symbols, linked to the last one.
inline void append_symbol(ModelScratch& scratch, std::uint32_t begin, std::uint32_t length, TokenId id) {
  const auto at = static_cast<std::int32_t>(scratch.symbols.size());
  if (at > 0) scratch.symbols.back().next = at;
  scratch.symbols.push_back({begin, length, at - 1, -1, id});
}

/// Merges scratch.symbols until no pair of neighbours has a merge. `merge_of(left, right)` gives an
/// std::optional<Merge> for two MergeSymbols. What is left are the symbols with a length, in order.
template <class MergeOf>
void merge_symbols(ModelScratch& scratch, const MergeOf& merge_of) {
  auto& symbols = scratch.symbols;
  MergeQueue& queue = scratch.queue;
  const auto at = [&](auto i) -> MergeSymbol& { return symbols[static_cast<std::size_t>(i)]; };
  const auto offer = [&](std::int32_t left, const auto& put) {
    if (left < 0 || at(left).next < 0) return;
    const MergeSymbol& l = at(left);
    const MergeSymbol& r = at(l.next);
    const std::optional<Merge> merge = merge_of(l, r);
    if (merge)
      put(MergeCandidate{merge->cost, static_cast<std::uint32_t>(left), l.length + r.length, merge->id});
  };
  queue.clear();
  for (std::int32_t i = 0; i + 1 < static_cast<std::int32_t>(symbols.size()); ++i) {
    offer(i, [&](const MergeCandidate& c) { queue.initial().push_back(c); });
  }
  queue.sort_initial();
  for (MergeCandidate best; queue.pop(best);) {
    MergeSymbol& left = at(best.left);
    // Out of date where one of the two was merged since: then left is gone, or the two are longer.
    if (left.length == 0 || left.next < 0 || left.length + at(left.next).length != best.length) continue;
    MergeSymbol& right = at(left.next);
    left.length = best.length;
    left.id = best.id;
    left.next = right.next;
    right.length = 0;
    const auto place = static_cast<std::int32_t>(best.left);
    if (left.next >= 0) at(left.next).previous = place;
    const auto push = [&](const MergeCandidate& c) { queue.push(c); };
    offer(left.previous, push);
    offer(place, push);
  }
}

}  // namespace pith
