// The loop of byte-pair encoding: always the best pair next, in O(n log n) for any text.
#pragma once

#include <algorithm>
#include <optional>

#include "text/token_model.h"

namespace pith {

struct Merge {
  double cost;
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
  auto& heap = scratch.heap;
  heap.clear();
  const auto later = [](const MergeCandidate& a, const MergeCandidate& b) {
    return a.cost != b.cost ? a.cost > b.cost : a.left > b.left;
  };
  const auto candidate = [&](std::int32_t left, std::int32_t right) -> bool {
    if (left < 0 || right < 0) return false;
    const MergeSymbol& l = symbols[static_cast<std::size_t>(left)];
    const MergeSymbol& r = symbols[static_cast<std::size_t>(right)];
    const std::optional<Merge> merge = merge_of(l, r);
    if (!merge) return false;
    heap.push_back({merge->cost, static_cast<std::uint32_t>(left), static_cast<std::uint32_t>(right),
                    l.length + r.length, merge->id});
    return true;
  };
  for (std::size_t i = 1; i < symbols.size(); ++i) {
    candidate(static_cast<std::int32_t>(i - 1), static_cast<std::int32_t>(i));
  }
  std::make_heap(heap.begin(), heap.end(), later);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const MergeCandidate best = heap.back();
    heap.pop_back();
    MergeSymbol& left = symbols[best.left];
    MergeSymbol& right = symbols[best.right];
    if (left.length == 0 || right.length == 0 || left.length + right.length != best.length) continue;
    left.length = best.length;
    left.id = best.id;
    left.next = right.next;
    right.length = 0;
    if (left.next >= 0)
      symbols[static_cast<std::size_t>(left.next)].previous = static_cast<std::int32_t>(best.left);
    if (candidate(left.previous, static_cast<std::int32_t>(best.left)))
      std::push_heap(heap.begin(), heap.end(), later);
    if (candidate(static_cast<std::int32_t>(best.left), left.next))
      std::push_heap(heap.begin(), heap.end(), later);
  }
}

}  // namespace pith
