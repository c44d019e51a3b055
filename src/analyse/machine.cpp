#include "analyse/machine.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/team.h"

namespace pith {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Seconds for each of the limits.
constexpr double kFirstProbe = 0.25, kLaterProbe = 0.025;

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Empty where the user has no cache folder.
fs::path cache_file() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    return fs::path(cache) / "pith/limits.json";
  if (const char* home = std::getenv("HOME"); home && *home)
    return fs::path(home) / ".cache/pith/limits.json";
  return {};
}

struct Member {
  const char* name;
  double MachineLimits::*value;
};
constexpr Member kMembers[] = {{"read_bytes", &MachineLimits::read_bytes},
                               {"int8_ops", &MachineLimits::int8_ops},
                               {"f32_ops", &MachineLimits::f32_ops},
                               {"bf16_ops", &MachineLimits::bf16_ops}};

/// What earlier runs measured since the machine was booted; empty where there is nothing of use.
Json read_cache(const fs::path& path, const std::string& boot) {
  std::error_code ignored;
  if (path.empty() || boot.empty() || !fs::exists(path, ignored)) return Json::object();
  try {
    Json cache = parse_json(read_file(path, 1 << 20), path.string());
    if (cache.is_object() && cache.value("boot", "") == boot) return cache;
  } catch (const std::exception&) {  // damaged: measured anew
  }
  return Json::object();
}

std::optional<MachineLimits> find(const Json& cache, const std::string& key) {
  if (!cache.contains(key) || !cache[key].is_object()) return std::nullopt;
  MachineLimits limits{};
  for (const Member& m : kMembers) {
    const auto found = cache[key].find(m.name);
    if (found == cache[key].end() || !found->is_number()) return std::nullopt;
    limits.*m.value = found->get<double>();
  }
  return limits.read_bytes > 0 && limits.int8_ops > 0 && limits.f32_ops > 0 ? std::optional(limits)
                                                                            : std::nullopt;
}

}  // namespace

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
    if (begin != std::string::npos) return printable(line.substr(begin), 200);
  }
  return "unknown";
}

MachineLimits higher(const MachineLimits& a, const MachineLimits& b) {
  MachineLimits out{};
  for (const Member& m : kMembers) out.*m.value = std::max(a.*m.value, b.*m.value);
  return out;
}

MachineLimits present_limits(int threads, std::string_view isa) {
  Team team(threads);
  return MachineProbe(team, isa).measure(kLaterProbe);
}

MachineLimits machine_limits(int threads, std::string_view isa) {
  const fs::path path = cache_file();
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id"),
                    key = fmt::format("{}/{}", isa, threads);
  Json cache = read_cache(path, boot);
  Team team(threads);
  MachineProbe probe(team, isa);
  const auto known = find(cache, key);
  const MachineLimits limits =
      known ? higher(*known, probe.measure(kLaterProbe)) : probe.measure(kFirstProbe);
  cache["boot"] = boot;
  for (const Member& m : kMembers) cache[key][m.name] = limits.*m.value;
  if (!path.empty() && !boot.empty()) {
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);
    try {
      const std::string text = cache.dump(2) + "\n";
      write_file_atomically(path, std::as_bytes(std::span(text)));
    } catch (const Error&) {  // a read-only home: measured anew next time
    }
  }
  return limits;
}

}  // namespace pith
