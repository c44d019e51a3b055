// A set of request ids that costs 16 bytes an id: their 128-bit hashes. Among a billion ids two have the same
// one with a probability of 10^-21.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace pith {

class IdSet {
 public:
  /// Makes room for `ids` in all, without growing on the way.
  void reserve(std::size_t ids);
  /// False where it was there.
  bool insert(std::string_view id);
  bool contains(std::string_view id) const;
  std::size_t size() const { return size_; }

 private:
  struct Key {
    std::uint64_t high = 0, low = 0;  // both zero: a free place
    bool operator==(const Key&) const = default;
  };
  static Key key_of(std::string_view id);
  /// Where the key is, or the free place where it belongs.
  std::size_t place(const Key& key) const;
  void rehash(std::size_t places);

  std::vector<Key> table_;  // open addressing, linear probing
  std::size_t size_ = 0;
};

}  // namespace pith
