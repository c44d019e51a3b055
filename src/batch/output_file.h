// The output of a batch: a file that grows by whole lines, on the disk within a second, and is nobody
// else's meanwhile.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace pith {

class OutputFile {
 public:
  /// Opens or makes it; what is there stays. Throws Error: not writable, no regular file, or another process
  /// has it.
  explicit OutputFile(const std::filesystem::path& path);
  /// Synchronises what is not yet, without a word where that fails.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::int64_t size() const { return size_; }
  /// Everything behind `size` bytes goes: a line that was cut off.
  void truncate(std::int64_t size);

  /// Appends a line that ends with "\n", whole: where that fails (a full disk) nothing of it stays. Throws
  /// Error.
  void append(std::string_view line);
  /// Makes what was appended last through a power cut; `if_due`: only where the last time was a second ago.
  /// Throws Error.
  void sync(bool if_due = false);

  /// Begins again with what now has this path. Throws Error.
  void reopen();

 private:
  using Clock = std::chrono::steady_clock;
  void open();
  void close();

  std::string path_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;
  bool unsynced_ = false;
  Clock::time_point synced_at_ = Clock::now();
};

}  // namespace pith
