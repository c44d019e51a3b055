#include "batch/output_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace pith {
namespace {

[[noreturn]] void fail_with_errno(const std::string& path, const char* doing) {
  const int error = errno;
  fail("{}: {}: {}", printable(path, path.npos), doing, std::strerror(error));
}

}  // namespace

OutputFile::OutputFile(const std::filesystem::path& path) : path_(path.string()) {
  try {
    open();
  } catch (...) {
    close();
    throw;
  }
}

OutputFile::~OutputFile() { close(); }

void OutputFile::open() {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  struct stat status = {};
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) fail_with_errno(path_, "cannot be written");
  if (!S_ISREG(status.st_mode))
    fail("{}: expected a regular file to write; -o - writes to standard output",
         printable(path_, path_.npos));
  // File systems without locks go without.
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    fail("{}: another process is writing it", printable(path_, path_.npos));
  size_ = status.st_size;
}

void OutputFile::close() {
  if (descriptor_ < 0) return;
  if (unsynced_) fdatasync(descriptor_);
  ::close(std::exchange(descriptor_, -1));
  unsynced_ = false;
}

void OutputFile::reopen() {
  close();
  open();
}

void OutputFile::truncate(std::int64_t size) {
  if (ftruncate(descriptor_, size) != 0) fail_with_errno(path_, "cannot be shortened");
  size_ = size;
  unsynced_ = true;
}

void OutputFile::append(std::string_view line) {
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t n = ::write(descriptor_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      if (ftruncate(descriptor_, size_) != 0) {
        // Then --resume drops the line that is cut off.
      }
      errno = error;
      fail_with_errno(path_, "writing");
    }
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  size_ += static_cast<std::int64_t>(line.size());
  unsynced_ = true;
}

void OutputFile::sync(bool if_due) {
  const auto now = Clock::now();
  if (!unsynced_ || (if_due && now - synced_at_ < std::chrono::seconds(1))) return;
  if (fdatasync(descriptor_) != 0) fail_with_errno(path_, "writing");
  unsynced_ = false;
  synced_at_ = now;
}

}  // namespace pith
