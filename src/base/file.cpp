#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace pith {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 20;

[[noreturn]] void fail_with_errno(const std::string& path, const char* doing) {
  const int error = errno;
  fail("{}: {}: {}", printable(path, path.npos), doing, std::strerror(error));
}

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// A new file that nobody else has: the number only matters beside a leftover of an earlier process.
int create_temporary(const std::string& path, std::string* temporary) {
  for (int i = 0;; ++i) {
    *temporary =
        i == 0 ? fmt::format("{}.{}.tmp", path, getpid()) : fmt::format("{}.{}.{}.tmp", path, getpid(), i);
    const int descriptor = open(temporary->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST) return descriptor;
  }
}

// Makes a rename last through a power cut; file systems that cannot do that for a folder are left alone.
void sync_folder(const std::filesystem::path& path) {
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
  const std::string name = path.string(), shown = printable(name, name.npos);
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(name.c_str(), "rb"));
  if (!file) fail("{}: {}", shown, std::strerror(errno));
  std::string text;
  std::size_t got = 0;
  do {
    const std::size_t step = std::clamp<std::size_t>(text.size(), 1 << 16, kBuffer);
    text.resize(got + step);
    const std::size_t n = std::fread(text.data() + got, 1, step, file.get());
    got += n;
    if (got > limit) fail("{}: the file is too large: expected at most {} bytes", shown, limit);
    text.resize(got);
    if (std::ferror(file.get())) fail_with_errno(name, "reading");
  } while (!std::feof(file.get()));
  return text;
}

AtomicFile::AtomicFile(const std::filesystem::path& path) : path_(path.string()) {
  struct stat status = {};
  const bool exists = stat(path_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    fail("{}: expected a file to write, found a directory", printable(path_, path_.npos));
  if (exists && !S_ISREG(status.st_mode)) {
    descriptor_ = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    descriptor_ = create_temporary(path_, &temporary_);
  }
  if (descriptor_ < 0) fail_with_errno(path_, "cannot be written");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (bytes.size() + buffer_.size() > kBuffer) flush();
  if (bytes.size() > kBuffer) return write_out(bytes);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void AtomicFile::flush() {
  write_out(buffer_);
  buffer_.clear();
}

void AtomicFile::write_out(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with_errno(path_, "writing");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void AtomicFile::commit() {
  flush();
  // Devices and pipes cannot be synchronised and need not be.
  if (!temporary_.empty() && fsync(descriptor_) != 0) fail_with_errno(path_, "writing");
  const int descriptor = std::exchange(descriptor_, -1);
  if (close(descriptor) != 0) fail_with_errno(path_, "writing");
  if (temporary_.empty()) return;
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0)
    fail_with_errno(path_, "renaming the finished file");
  temporary_.clear();
  sync_folder(path_);
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace pith
