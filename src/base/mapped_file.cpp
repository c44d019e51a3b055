// MappedFile of base/file.h, and the SIGBUS handler that explains a file which shrank under its mapping.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "base/error.h"
#include "base/file.h"

namespace pith {
namespace {

// What is mapped now, for the signal handler: it may not lock or allocate, so this is a fixed table of
// atomics. A slot is free while `begin` is 0. More mappings than slots work too, without the explanation.
struct MappedRange {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
  std::atomic<const char*> path{nullptr};
};
std::array<MappedRange, 1024> mapped_ranges;
constexpr std::uintptr_t kClaimed = 1;  // no mapping begins there; its `end` is still 0
struct sigaction previous_action;

void say(const char* text) { [[maybe_unused]] const auto n = write(STDERR_FILENO, text, std::strlen(text)); }

void on_sigbus(int, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (const MappedRange& range : mapped_ranges) {
    if (address >= range.begin.load() && address < range.end.load()) {
      say("pith: ");
      say(range.path.load());
      say(": the file shrank while it was being read\n");
      _exit(1);
    }
  }
  sigaction(SIGBUS, &previous_action, nullptr);  // not ours: the access repeats and meets the other handler
}

void install_sigbus_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous_action);
  });
}

void remember(const std::byte* data, std::size_t size, const char* path) {
  for (MappedRange& range : mapped_ranges) {
    std::uintptr_t free = 0;
    if (!range.begin.compare_exchange_strong(free, kClaimed)) continue;
    range.path = path;
    range.begin = reinterpret_cast<std::uintptr_t>(data);
    range.end = reinterpret_cast<std::uintptr_t>(data) + size;
    return;
  }
}

void forget(const std::byte* data) {
  for (MappedRange& range : mapped_ranges) {
    if (range.begin != reinterpret_cast<std::uintptr_t>(data)) continue;
    range.end = 0;
    range.begin = 0;
    return;
  }
}

// Closes on every way out; the mapping outlives its descriptor.
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) close(value);
  }
};

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const std::string name = path.string(), shown = printable(name, name.npos);
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const Descriptor file{::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.value < 0) fail("{}: {}", shown, std::strerror(errno));
  struct stat status = {};
  if (fstat(file.value, &status) != 0) fail("{}: {}", shown, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail("{}: expected a file, found a directory", shown);
  if (!S_ISREG(status.st_mode)) fail("{}: expected a regular file, found a device or pipe", shown);
  if (status.st_size == 0) fail("{}: the file is empty", shown);

  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.value, 0);
  if (data == MAP_FAILED) fail("{}: mapping {} bytes: {}", shown, size, std::strerror(errno));
  install_sigbus_handler();
  return std::shared_ptr<const MappedFile>(new MappedFile(name, static_cast<const std::byte*>(data), size));
}

MappedFile::MappedFile(std::string path, const std::byte* data, std::size_t size)
    : path_(std::move(path)), shown_path_(printable(path_, path_.npos)), data_(data), size_(size) {
  remember(data_, size_, shown_path_.c_str());
}

MappedFile::~MappedFile() {
  forget(data_);
  munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::will_need(std::size_t offset, std::size_t length) const {
  if (offset >= size_) return;
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t begin = offset / page * page;
  madvise(const_cast<std::byte*>(data_) + begin, std::min(length, size_ - offset) + (offset - begin),
          MADV_WILLNEED);
}

}  // namespace pith
