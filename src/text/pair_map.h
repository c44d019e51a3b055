// A flat hash table from a pair of 32-bit numbers to a value: merges (left, right), trie edges (node, byte).
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace pith {

template <class T>
class PairMap {
 public:
  PairMap() = default;
  explicit PairMap(std::size_t entries) : slots_(std::bit_ceil(entries * 2 + 1)) {}

  /// False if the pair is there already; grows as needed.
  bool insert(std::uint32_t a, std::uint32_t b, const T& value) {
    if (slots_.size() < (size_ + 1) * 2) grow();
    Slot& slot = slots_[probe(key_of(a, b))];
    if (slot.key != kEmpty) return false;
    slot = {key_of(a, b), value};
    ++size_;
    return true;
  }

  const T* find(std::uint32_t a, std::uint32_t b) const {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[probe(key_of(a, b))];
    return slot.key == kEmpty ? nullptr : &slot.value;
  }

  std::size_t size() const { return size_; }

  template <class F>
  void for_each(const F& f) const {
    for (const Slot& slot : slots_) {
      if (slot.key != kEmpty)
        f(static_cast<std::uint32_t>(slot.key >> 32), static_cast<std::uint32_t>(slot.key), slot.value);
    }
  }

 private:
  static constexpr std::uint64_t kEmpty =
      ~std::uint64_t{0};  // the pair (2^32-1, 2^32-1) is no token and no node
  struct Slot {
    std::uint64_t key = kEmpty;
    T value{};
  };

  static std::uint64_t key_of(std::uint32_t a, std::uint32_t b) { return std::uint64_t{a} << 32 | b; }

  std::size_t probe(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    // Fibonacci hashing; the high bits are the well-mixed ones.
    std::size_t at = static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> 32) & mask;
    while (slots_[at].key != kEmpty && slots_[at].key != key) at = (at + 1) & mask;
    return at;
  }

  void grow() {
    PairMap bigger(slots_.empty() ? 16 : slots_.size());
    for (const Slot& slot : slots_) {
      if (slot.key != kEmpty) bigger.slots_[bigger.probe(slot.key)] = slot;
    }
    slots_ = std::move(bigger.slots_);
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace pith
