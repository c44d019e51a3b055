#include "base/bytes.h"

#include <bit>
#include <cstring>

#include "base/error.h"

namespace pith {

static_assert(std::endian::native == std::endian::little, "values are read in place, little-endian");

std::span<const std::byte> ByteReader::take(std::uint64_t count, std::string_view field) {
  if (count > remaining()) {
    fail("{}: {} at byte {}: expected {} bytes, found {} before the end of the file", what_, field, at_,
         count, remaining());
  }
  const auto taken = bytes_.subspan(at_, count);
  at_ += count;
  return taken;
}

template <class T>
T ByteReader::read(std::string_view field) {
  T value;
  std::memcpy(&value, take(sizeof value, field).data(), sizeof value);
  return value;
}

template std::uint8_t ByteReader::read<std::uint8_t>(std::string_view);
template std::uint32_t ByteReader::read<std::uint32_t>(std::string_view);
template std::uint64_t ByteReader::read<std::uint64_t>(std::string_view);

bool checked_mul(std::uint64_t a, std::uint64_t b, std::uint64_t* out) {
  return !__builtin_mul_overflow(a, b, out);
}

bool checked_add(std::uint64_t a, std::uint64_t b, std::uint64_t* out) {
  return !__builtin_add_overflow(a, b, out);
}

}  // namespace pith
