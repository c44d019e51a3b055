// The priority queue of byte-pair encoding.
//
// Candidates mostly come in order: a pass over a long word finds the pairs of one rank from left to right,
// and what their merges make possible is again found from left to right. So the queue is a few sorted runs to
// which candidates are appended while they fit, and a heap for those that fit nowhere. A megabyte of one
// letter, where a heap alone takes a second, passes through the runs.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "text/tokenizer.h"

namespace pith {

/// Two neighbouring symbols that may be merged.
struct MergeCandidate {
  std::uint32_t cost;    ///< the lowest is merged first, of equal ones the leftmost
  std::uint32_t left;    ///< the left symbol's place
  std::uint32_t length;  ///< of both together; differs from the symbols' when the candidate is out of date
  TokenId id;            ///< of the merged token

  std::uint64_t key() const { return std::uint64_t{cost} << 32 | left; }
};

class MergeQueue {
 public:
  void clear() {
    for (Run& run : runs_) run.clear();
    heap_.clear();
  }

  /// The candidates to begin with, in any order: fill the vector, then call sort_initial().
  std::vector<MergeCandidate>& initial() { return runs_[0].items; }
  void sort_initial() {
    std::vector<MergeCandidate>& items = runs_[0].items;
    const auto before = [](const MergeCandidate& a, const MergeCandidate& b) { return a.key() < b.key(); };
    if (!std::is_sorted(items.begin(), items.end(), before)) std::sort(items.begin(), items.end(), before);
  }

  void push(const MergeCandidate& candidate) {
    for (Run& run : runs_) {
      if (!run.empty() && run.items.back().key() > candidate.key()) continue;
      if (run.empty()) run.clear();
      run.items.push_back(candidate);
      return;
    }
    heap_.push_back(candidate);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  /// Takes the best; false if there is none.
  bool pop(MergeCandidate& best) {
    Run* from = nullptr;
    for (Run& run : runs_) {
      if (!run.empty() && (!from || run.front().key() < from->front().key())) from = &run;
    }
    if (!heap_.empty() && (!from || heap_.front().key() < from->front().key())) {
      best = heap_.front();
      std::pop_heap(heap_.begin(), heap_.end(), later);
      heap_.pop_back();
      return true;
    }
    if (!from) return false;
    best = from->front();
    ++from->head;
    return true;
  }

 private:
  struct Run {
    std::vector<MergeCandidate> items;
    std::size_t head = 0;
    bool empty() const { return head == items.size(); }
    const MergeCandidate& front() const { return items[head]; }
    void clear() {
      items.clear();
      head = 0;
    }
  };

  static bool later(const MergeCandidate& a, const MergeCandidate& b) { return a.key() > b.key(); }

  // Eight are enough for texts that repeat themselves; more would cost ordinary words time.
  std::array<Run, 8> runs_;
  std::vector<MergeCandidate> heap_;
};

}  // namespace pith
