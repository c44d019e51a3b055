#include "analyse/machine.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "analyse/statistics.h"
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
constexpr std::size_t kRemembered = 9;

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

std::optional<MachineLimits> limits_from(const Json& json) {
  MachineLimits limits{};
  for (const Member& m : kMembers) {
    if (!json.contains(m.name) || !json[m.name].is_number()) return std::nullopt;
    limits.*m.value = json[m.name].get<double>();
  }
  return limits.read_bytes > 0 && limits.int8_ops > 0 && limits.f32_ops > 0 ? std::optional(limits)
                                                                            : std::nullopt;
}

Json to_json(const MachineLimits& limits) {
  Json json;
  for (const Member& m : kMembers) json[m.name] = limits.*m.value;
  return json;
}

// Each limit by itself, of the values that it had.
template <class F>
MachineLimits combine(std::span<const MachineLimits> all, F&& one) {
  MachineLimits out{};
  for (const Member& m : kMembers) {
    std::vector<double> values;
    for (const MachineLimits& limits : all) values.push_back(limits.*m.value);
    out.*m.value = one(values);
  }
  return out;
}

/// What is known of one level and number of threads.
struct Known {
  std::vector<MachineLimits> best;   // at most one
  std::vector<MachineLimits> usual;  // the latest last
};

Known find(const Json& cache, const std::string& key) {
  Known known;
  if (!cache.contains(key) || !cache[key].is_object()) return known;
  const Json& found = cache[key];
  if (const auto best = limits_from(found.value("best", Json()))) known.best.push_back(*best);
  for (const Json& usual : found.value("usual", Json::array()))
    if (const auto limits = limits_from(usual)) known.usual.push_back(*limits);
  return known;
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

MachineLimits highest(std::span<const MachineLimits> all) {
  return combine(all, [](const std::vector<double>& values) { return *std::ranges::max_element(values); });
}
MachineLimits mean(std::span<const MachineLimits> all) {
  return combine(all, [](const std::vector<double>& values) { return mean(values); });
}

MachineLimits present_limits(int threads, std::string_view isa) {
  Team team(threads);
  return MachineProbe(team, isa).measure(kLaterProbe).best;
}

MachineSpeed machine_speed(int threads, std::string_view isa) {
  const fs::path path = cache_file();
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id"),
                    key = fmt::format("{}/{}", isa, threads);
  Json cache = read_cache(path, boot);
  Known known = find(cache, key);
  Team team(threads);
  const MachineSpeed now = MachineProbe(team, isa).measure(known.best.empty() ? kFirstProbe : kLaterProbe);
  known.best.push_back(now.best);
  known.usual.push_back(now.usual);
  if (known.usual.size() > kRemembered) known.usual.erase(known.usual.begin());
  const MachineSpeed speed{highest(known.best), combine(known.usual, [](const std::vector<double>& values) {
                             return percentile(values, 0.5);
                           })};
  cache["boot"] = boot;
  cache[key] = {{"best", to_json(speed.best)}, {"usual", Json::array()}};
  for (const MachineLimits& usual : known.usual) cache[key]["usual"].push_back(to_json(usual));
  if (!path.empty() && !boot.empty()) {
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);
    try {
      const std::string text = cache.dump(2) + "\n";
      write_file_atomically(path, std::as_bytes(std::span(text)));
    } catch (const Error&) {  // a read-only home: measured anew next time
    }
  }
  return speed;
}

}  // namespace pith
