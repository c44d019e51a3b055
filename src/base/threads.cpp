#include "base/threads.h"

#include <fmt/format.h>
#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace pith {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::optional<long long> number(std::string_view text) {
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

// "0-3,8,10-11", as the kernel writes sets of processors.
bool in_cpu_list(std::string_view list, int cpu) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    const std::size_t dash = item.find('-');
    const auto first = number(item.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(item.substr(dash + 1));
    if (first && last && *first <= cpu && cpu <= *last) return true;
  }
  return false;
}

// What two hyper-threads of one core have in common.
std::string core_of(const fs::path& cpu_dir, int cpu) {
  const fs::path topology = cpu_dir / "topology";
  if (std::string siblings = first_line(topology / "thread_siblings_list"); !siblings.empty())
    return siblings;
  const std::string package = first_line(topology / "physical_package_id");
  const std::string core = first_line(topology / "core_id");
  return package.empty() || core.empty() ? fmt::format("cpu{}", cpu) : package + ":" + core;
}

// The processors of the mask that are no slower than the others. Turbo bins let equal cores differ by a few
// percent, while efficiency cores reach at most about 75 % of the fast ones: 80 % tells them apart.
std::vector<int> fast_cpus(const fs::path& root, std::span<const int> affinity) {
  std::vector<int> fast;
  const std::string named = first_line(root / "sys/devices/cpu_core/cpus");
  for (int cpu : affinity) {
    if (in_cpu_list(named, cpu)) fast.push_back(cpu);
  }
  if (!fast.empty()) return fast;
  for (const char* measure : {"cpu_capacity", "cpufreq/cpuinfo_max_freq"}) {
    std::vector<long long> speeds;
    for (int cpu : affinity) {
      const auto speed =
          number(first_line(root / fmt::format("sys/devices/system/cpu/cpu{}", cpu) / measure));
      if (speed && *speed > 0) speeds.push_back(*speed);
    }
    if (speeds.empty() || speeds.size() != affinity.size()) continue;
    const auto best = static_cast<double>(*std::ranges::max_element(speeds));
    for (std::size_t i = 0; i < speeds.size(); ++i) {
      if (static_cast<double>(speeds[i]) >= 0.8 * best) fast.push_back(affinity[i]);
    }
    return fast;
  }
  return {affinity.begin(), affinity.end()};
}

// The quota that one group sets, in cores.
std::optional<double> quota_v2(const fs::path& group) {
  const std::string line = first_line(group / "cpu.max");  // "max 100000" or "150000 100000"
  const std::size_t space = line.find(' ');
  if (space == std::string::npos) return std::nullopt;
  const auto quota = number(line);
  const auto period = number(std::string_view(line).substr(space + 1));
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<double> quota_v1(const fs::path& group) {
  const auto quota = number(first_line(group / "cpu.cfs_quota_us"));  // -1: none
  const auto period = number(first_line(group / "cpu.cfs_period_us"));
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

// The smallest quota from the group at `path` up to the hierarchy's root. In a container the path may be the
// host's, of which only the root is mounted: groups that are not there set nothing.
template <class Quota>
void lower_to_quota(std::optional<double>& least, const fs::path& mount, const fs::path& path, Quota quota) {
  for (fs::path group = path.lexically_normal().relative_path();; group = group.parent_path()) {
    if (const auto cores = quota(mount / group); cores && (!least || *cores < *least)) least = cores;
    if (group.empty()) return;
  }
}

std::optional<double> quota_of_process(const fs::path& root) {
  std::optional<double> least;
  const fs::path mount = root / "sys/fs/cgroup";
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "hierarchy:controllers:path"
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path path = line.substr(second + 1);
    if (controllers.empty()) {
      lower_to_quota(least, mount, path, quota_v2);
    } else if (("," + controllers + ",").find(",cpu,") != std::string::npos) {
      lower_to_quota(least, mount / controllers, path, quota_v1);
      if (controllers != "cpu") lower_to_quota(least, mount / "cpu", path, quota_v1);
    }
  }
  return least;
}

std::vector<int> affinity_mask() {
  std::vector<int> cpus;
#if defined(__linux__)
  // The kernel refuses a mask shorter than its own; no system has 2^20 processors.
  for (int size = 1024; size <= 1 << 20; size *= 2) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(size));
    if (!set) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(size));
    const bool known = sched_getaffinity(0, bytes, set) == 0;
    for (int cpu = 0; known && cpu < size; ++cpu) {
      if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, set)) cpus.push_back(cpu);
    }
    CPU_FREE(set);
    if (known) break;
  }
#endif
  if (cpus.empty()) {
    const unsigned count = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned cpu = 0; cpu < count; ++cpu) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

std::size_t count_cores(const fs::path& root, std::span<const int> cpus) {
  std::set<std::string> cores;
  for (int cpu : cpus) cores.insert(core_of(root / fmt::format("sys/devices/system/cpu/cpu{}", cpu), cpu));
  return cores.size();
}

}  // namespace

ThreadChoice choose_threads(const fs::path& root, std::span<const int> affinity) {
  const std::size_t all = count_cores(root, affinity);
  const std::vector<int> quick = fast_cpus(root, affinity);
  const std::size_t fast = quick.size() == affinity.size() ? all : count_cores(root, quick);
  ThreadChoice choice;
  choice.threads = static_cast<int>(std::max<std::size_t>(1, fast));
  choice.reason = fast < all ? fmt::format("{} fast of {} physical cores in the affinity mask", fast, all)
                             : fmt::format("{} physical core{} in the affinity mask", choice.threads,
                                           choice.threads == 1 ? "" : "s");
  if (const auto quota = quota_of_process(root); quota && *quota < choice.threads) {
    choice.threads = std::max(1, static_cast<int>(std::floor(*quota)));
    choice.reason = fmt::format("the control group's CPU quota of {:.2f} cores", *quota);
  }
  return choice;
}

ThreadChoice default_threads() { return choose_threads("/", affinity_mask()); }

}  // namespace pith
