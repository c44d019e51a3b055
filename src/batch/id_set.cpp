#include "batch/id_set.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace pith {
namespace {

// At most nine tenths of the table are taken: a look-up then probes 50 places in the worst case that is
// likely, and 5 on average.
std::size_t places_for(std::size_t ids) { return ids + ids / 9 + 8; }

}  // namespace

IdSet::Key IdSet::key_of(std::string_view id) {
  Hash high, low;
  high.add(std::uint64_t{1}), low.add(std::uint64_t{2});
  high.add(id), low.add(id);
  return {high.value() | 1, low.value()};
}

std::size_t IdSet::place(const Key& key) const {
  // Scaled instead of reduced modulo a power of two, so that the table may have any size.
  auto at = static_cast<std::size_t>((static_cast<unsigned __int128>(key.low) * table_.size()) >> 64);
  while (table_[at] != Key{} && table_[at] != key) at = at + 1 < table_.size() ? at + 1 : 0;
  return at;
}

void IdSet::rehash(std::size_t places) {
  std::vector<Key> old = std::exchange(table_, std::vector<Key>(places));
  for (const Key& key : old) {
    if (key != Key{}) table_[place(key)] = key;
  }
}

void IdSet::reserve(std::size_t ids) {
  if (places_for(ids) > table_.size()) rehash(places_for(ids));
}

bool IdSet::insert(std::string_view id) {
  if (places_for(size_ + 1) > table_.size()) reserve(std::max<std::size_t>(64, 2 * size_));
  const Key key = key_of(id);
  const std::size_t at = place(key);
  if (table_[at] == key) return false;
  table_[at] = key;
  ++size_;
  return true;
}

bool IdSet::contains(std::string_view id) const {
  if (table_.empty()) return false;
  const Key key = key_of(id);
  return table_[place(key)] == key;
}

}  // namespace pith
