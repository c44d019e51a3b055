#include "base/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"

namespace pith {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
// More than any machine has: version 1 groups without a limit say about 2^63.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;

std::uint64_t read_number(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t value;
  return file >> value ? value : kUnlimited;  // "max", or no such file
}

// The value of "name value" (memory.stat) in bytes; 0 if it is not there.
std::uint64_t read_field(const std::string& path, std::string_view field) {
  std::ifstream file(path);
  std::string name;
  for (std::uint64_t value; file >> name >> value;) {
    if (name == field) return value;
  }
  return 0;
}

// The value of "name: value kB" in bytes; `absent` if it is not there.
std::uint64_t read_kib(const char* path, std::string_view name, std::uint64_t absent) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) return std::strtoull(line.c_str() + name.size(), nullptr, 10) * 1024;
  }
  return absent;
}

// What the control group at `dir` and each one above it leave; cached file pages can be reclaimed.
std::uint64_t group_available(std::string root, std::string dir, const char* limit, const char* usage,
                              const char* cache) {
  std::uint64_t least = kUnlimited;
  for (;; dir.resize(dir.find_last_of('/'))) {
    const std::string group = root + dir;
    const std::uint64_t max = read_number(group + "/" + limit);
    if (max < kNoLimit) {
      const std::uint64_t used = read_number(group + "/" + usage);
      const std::uint64_t held =
          used == kUnlimited ? 0 : used - std::min(used, read_field(group + "/memory.stat", cache));
      least = std::min(least, max - std::min(max, held));
    }
    if (dir.empty() || dir == "/") return least;
  }
}

}  // namespace

LazyMemory::LazyMemory(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) fail("cannot reserve {} MiB of memory", bytes >> 20);
  data_ = static_cast<std::byte*>(p);
}

LazyMemory::LazyMemory(LazyMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

LazyMemory& LazyMemory::operator=(LazyMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

LazyMemory::~LazyMemory() {
  if (data_) munmap(data_, size_);
}

std::uint64_t available_memory() {
  std::uint64_t least = read_kib("/proc/meminfo", "MemAvailable:", kUnlimited);
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), dir = line.substr(second + 1);
    if (controllers.empty()) {
      least = std::min(least, group_available("/sys/fs/cgroup", dir, "memory.max", "memory.current", "file"));
    } else if (controllers.find("memory") != std::string::npos) {
      least = std::min(least, group_available("/sys/fs/cgroup/memory", dir, "memory.limit_in_bytes",
                                              "memory.usage_in_bytes", "total_cache"));
    }
  }
  return least;
}

std::uint64_t peak_memory() { return read_kib("/proc/self/status", "VmHWM:", 0); }

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace pith
