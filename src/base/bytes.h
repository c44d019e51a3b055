// Untrusted bytes, checked before they are believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pith {

/// Reads little-endian values from untrusted bytes. Every read is checked; Error says what was being read and
/// where.
class ByteReader {
 public:
  /// `what` names the source in messages, for example the file's path.
  ByteReader(std::span<const std::byte> bytes, std::string_view what) : bytes_(bytes), what_(what) {}

  std::size_t position() const { return at_; }
  std::size_t remaining() const { return bytes_.size() - at_; }

  /// T is std::uint8_t, std::uint32_t or std::uint64_t; `field` names the value in messages.
  template <class T>
  T read(std::string_view field);

  /// The next `count` bytes, without copying.
  std::span<const std::byte> take(std::uint64_t count, std::string_view field);

 private:
  std::span<const std::byte> bytes_;
  std::string_view what_;  // must outlive the reader
  std::size_t at_ = 0;
};

/// A file's bytes as text, without copying.
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// a * b and a + b of untrusted numbers; false where they do not fit.
bool checked_mul(std::uint64_t a, std::uint64_t b, std::uint64_t* out);
bool checked_add(std::uint64_t a, std::uint64_t b, std::uint64_t* out);

}  // namespace pith
