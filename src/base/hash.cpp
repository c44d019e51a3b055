#include "base/hash.h"

#include <cstring>

namespace pith {

void Hash::add_words(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t n = bytes.size() < sizeof word ? bytes.size() : sizeof word;
    std::memcpy(&word, bytes.data(), n);
    add(word);
    bytes = bytes.subspan(n);
  }
}

}  // namespace pith
