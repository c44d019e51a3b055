// Prefixes found again: sequences that were computed once stay in the KV cache as long as nobody needs their
// pages, under chained hashes of their tokens, a hash for each page (after vLLM's automatic prefix caching,
// Kwon et al. 2023, arXiv:2309.06180).
#pragma once

#include <cstdint>
#include <limits>
#include <list>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "infer/kv_cache.h"
#include "text/tokenizer.h"

namespace pith {

class PrefixCache {
 public:
  /// At most `entries` sequences at a time.
  explicit PrefixCache(std::size_t entries = std::numeric_limits<std::size_t>::max()) : most_(entries) {}

  struct Hit {
    std::optional<Sequence> sequence;  ///< a fork that holds the first `length` tokens
    std::int64_t length = 0;           ///< at least a whole page; 0: nothing was found
    /// Whole pages that were seen before, if more than `length`: what a fork there needs is gone (pages
    /// behind a window, a recurrent layer's state). Worth a fork when a sequence gets there again.
    std::int64_t seen = 0;
  };
  /// The longest known beginning of `tokens`, at most all but one of them: somebody wants logits.
  Hit find(std::span<const TokenId> tokens);

  /// Keeps a sequence that holds `tokens`, at least a page of them. Does nothing where all of them are known,
  /// or where the sequence cannot be forked at its last whole page.
  void insert(std::span<const TokenId> tokens, Sequence sequence);

  /// Lets go of the sequence that was least recently inserted or found. False where there is none.
  bool evict();
  void clear();

  struct Entry {
    std::vector<TokenId> tokens;  ///< as many as the sequence holds
    Sequence sequence;
    std::vector<std::uint64_t> hashes;  ///< of the first page, the first two, ...
    std::int64_t reused = 0;            ///< the longest beginning that was found again
  };
  /// Most recently used first.
  const std::list<Entry>& entries() const { return entries_; }

 private:
  struct Place {
    std::list<Entry>::iterator entry;
    bool forkable;
  };
  void index(std::list<Entry>::iterator entry);

  std::size_t most_;
  std::list<Entry> entries_;
  std::unordered_map<std::uint64_t, Place> index_;  // to the entry that was used last, of forkable ones
};

/// Length of what two token lists begin with in common; and the same in whole pages.
std::int64_t common_tokens(std::span<const TokenId> a, std::span<const TokenId> b);
std::int64_t common_pages(std::span<const TokenId> a, std::span<const TokenId> b);

}  // namespace pith
