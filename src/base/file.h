// Files as memory, and bytes that are checked before they are believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace pith {

/// A whole file mapped read-only; the mapping lives as long as the object.
///
/// If the file shrinks while it is mapped, reading the lost pages raises SIGBUS: the first mapping installs
/// a handler that writes one line naming the file to stderr and ends the process with status 1.
class MappedFile {
 public:
  /// Throws Error: no such file, a directory, not readable, empty.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

  /// Asks the kernel to read [offset, offset + length) ahead; a hint that never fails.
  void will_need(std::size_t offset, std::size_t length) const;

 private:
  MappedFile(std::string path, const std::byte* data, std::size_t size);
  std::string path_;
  const std::byte* data_;
  std::size_t size_;
};

/// A small file (configuration, template, tokenizer) as a string. Throws Error, also above `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 30);

/// Writes a file completely or not at all: to a temporary beside it, flushed, then renamed. Throws Error.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Reads little-endian values from untrusted bytes. Every read is checked; Error says what was being read and
/// where.
class ByteReader {
 public:
  /// `what` names the source in messages, for example the file's path.
  ByteReader(std::span<const std::byte> bytes, std::string_view what) : bytes_(bytes), what_(what) {}

  std::size_t position() const { return at_; }
  std::size_t remaining() const { return bytes_.size() - at_; }

  /// An integer or floating-point value; `field` names it in messages.
  template <class T>
  T read(std::string_view field);

  /// The next `count` bytes, without copying.
  std::span<const std::byte> take(std::uint64_t count, std::string_view field);

 private:
  std::span<const std::byte> bytes_;
  std::string_view what_;
  std::size_t at_ = 0;
};

/// a * b and a + b of untrusted numbers; false where they do not fit.
bool checked_mul(std::uint64_t a, std::uint64_t b, std::uint64_t* out);
bool checked_add(std::uint64_t a, std::uint64_t b, std::uint64_t* out);

}  // namespace pith
