// Files: mapped as memory, read as a string, written completely or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

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
  std::string shown_path_;  // printable: what the signal handler writes
  const std::byte* data_;
  std::size_t size_;
};

/// A small file (configuration, template, tokenizer) as a string. Throws Error, also above `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 30);

/// A file that appears under its name only when it is complete: what is written goes to a temporary beside it
/// (PATH.PID.tmp), which commit() renames. A device or pipe that is there already (/dev/null) is written in
/// place.
class AtomicFile {
 public:
  /// Throws Error: a directory, no such folder, not writable.
  explicit AtomicFile(const std::filesystem::path& path);
  /// Removes the temporary unless it was committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends. Throws Error, for example on a full disk.
  void write(std::span<const std::byte> bytes);
  /// Flushes to the disk and renames. Throws Error; nothing may be written afterwards.
  void commit();

 private:
  void flush();
  void write_out(std::span<const std::byte> bytes);

  std::string path_;
  std::string temporary_;  ///< empty when writing in place, and once it is renamed
  int descriptor_ = -1;
  std::vector<std::byte> buffer_;
};

/// An AtomicFile in one go. Throws Error.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace pith
