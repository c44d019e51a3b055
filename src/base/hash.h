// A 64-bit hash of bytes as they come, for checksums and fingerprints: it finds accidents, not forgeries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pith {

/// SplitMix64's finaliser: every bit of the result depends on every bit of x (Steele, Lea and Flood 2014,
/// doi:10.1145/2660193.2660195).
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

class Hash {
 public:
  void add(std::uint64_t value) { state_ = mix(state_ + 0x9e3779b97f4a7c15u + value); }
  /// With the length, so that "ab", "c" and "a", "bc" differ.
  void add(std::span<const std::byte> bytes) {
    add(bytes.size());
    add_words(bytes);
  }
  /// Eight at a time, the last ones filled up with zeros.
  void add_words(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }

  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0;
};

}  // namespace pith
