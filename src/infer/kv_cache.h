// The KV cache: pages of kTile positions with reference counts. A sequence is a list of pages; forking it
// shares them, and who writes into a shared page gets a copy first (paging after vLLM, Kwon et al. 2023,
// arXiv:2309.06180).
//
// Layers that see the same positions share page lists: one group for all layers without a window, one for
// each window. A group with a window lets go of the pages behind it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/memory.h"
#include "model/spec.h"

namespace pith {

struct KvTypes {
  DType k = DType::F16, v = DType::F16;  ///< F32, F16, BF16 or Q8_0
};

class Sequence;

class KvCache {
 public:
  /// Room for `positions` positions in all sequences together (rounded up to pages), where every sequence is
  /// extended by at most `step` positions at a time and at most `sequences` are alive. Memory is used as it
  /// is written. Throws Error for a type that does not fit the head sizes.
  KvCache(const Spec& spec, KvTypes types, std::int64_t positions, int sequences, std::int64_t step);
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  /// What it will use when it is full, in bytes, without making one.
  static std::uint64_t bytes(const Spec& spec, KvTypes types, std::int64_t positions, int sequences,
                             std::int64_t step);

  /// Where a layer's keys and values are in its group's pages: [kv_heads][kTile] rows each. Latent
  /// attention's values are the beginnings of its keys. A recurrent layer has no pages but a place in every
  /// sequence's state.
  struct Layer {
    int group = -1;
    std::size_t k_offset, v_offset;  ///< in a page
    std::size_t k_row, v_row;        ///< bytes of a row
    DType k_type, v_type;
    std::size_t state = 0;  ///< first float in the state
  };
  const Layer& layer(std::size_t i) const { return layers_[i]; }
  std::byte* page(int group, std::int32_t index) const {
    return pools_[group].memory.data() + index * pools_[group].page_bytes;
  }

  KvTypes types() const { return types_; }
  int groups() const { return static_cast<int>(pools_.size()); }
  std::size_t page_bytes(int group) const { return pools_[group].page_bytes; }
  /// Of what the recurrent layers of a sequence remember; 0: the model has none.
  std::size_t state_floats() const { return state_floats_; }
  /// The first page of a group that a sequence of this length still needs: what lies before, no query sees.
  std::int64_t first_page(int group, std::int64_t length) const;
  /// Whether a sequence of `held` positions could grow to `length`, `spare` pages being left for others.
  bool has_room(std::int64_t held, std::int64_t length, std::int64_t spare) const;
  /// Pages that no sequence holds, of the group that has fewest.
  std::int64_t free_pages() const;
  std::int64_t pages() const {
    return pools_.empty() ? 0 : static_cast<std::int64_t>(pools_[0].references.size());
  }

 private:
  friend class Sequence;
  struct Pool {
    int window = 0;
    std::size_t page_bytes = 0;
    LazyMemory memory;
    std::vector<std::int32_t> references;  // of each page
    std::vector<std::int32_t> free;
  };
  struct Layout;

  std::int32_t take(int group);
  void drop(int group, std::int32_t page);

  KvTypes types_;
  std::int64_t step_;
  std::size_t state_floats_ = 0;  // of a sequence
  std::vector<Layer> layers_;
  std::vector<Pool> pools_;
};

/// One token sequence's place in the cache. Movable; fork() is the copy. Must not outlive the cache.
class Sequence {
 public:
  explicit Sequence(KvCache& cache)
      : cache_(&cache), pages_(cache.pools_.size()), state_(cache.state_floats_) {}
  Sequence(Sequence&& other) noexcept;
  Sequence& operator=(Sequence&& other) noexcept;
  ~Sequence();

  /// Positions that hold keys and values.
  std::int64_t length() const { return length_; }

  /// Another sequence with the same content, at the cost of a list.
  Sequence fork() const;
  /// One with the first `length` positions; can_truncate(length) must hold.
  Sequence fork_prefix(std::int64_t length) const;

  /// Makes the next `n` positions writable: takes pages and copies shared ones. False, and nothing changed,
  /// where there are not enough free pages.
  bool reserve(std::int64_t n);
  /// Appends a page of positions for keys and values that come from elsewhere, to a sequence of whole pages:
  /// in each group where page length() / kTile is not before first[group]. False, and nothing changed, where
  /// there are not enough free pages.
  bool append_page(std::span<const std::int64_t> first);
  /// The `n` reserved positions now hold keys and values.
  void advance(std::int64_t n) { length_ += n; }

  /// Forgets all positions from `length` on. False, and nothing changed, where a window has already let go of
  /// positions that the next token would see; it never has of what the last kTile positions would.
  bool truncate(std::int64_t length);
  bool can_truncate(std::int64_t length) const;
  void clear();

  /// Page of each kTile positions of a group; -1 where a window has let go of it.
  std::span<const std::int32_t> pages(int group) const { return pages_[group]; }
  /// What the recurrent layers remember of all positions so far; zero at the start. Truncating to anything
  /// but nothing would need a state that is gone: keep a fork of the moment instead.
  float* state() { return state_.data(); }
  const float* state() const { return state_.data(); }

 private:
  KvCache* cache_;
  std::int64_t length_ = 0;
  std::vector<std::vector<std::int32_t>> pages_;  // by group
  std::vector<float> state_;
};

}  // namespace pith
