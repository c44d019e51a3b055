#include "batch/shard.h"

#include <charconv>
#include <optional>
#include <vector>

#include "base/error.h"

namespace pith {
namespace {

constexpr std::int64_t kMost = 1'000'000;

bool read_number(std::string_view text, std::int64_t* value) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && stop == text.data() + text.size();
}

// A launcher's place and number of places, and the variable that tells of it.
struct Place {
  std::string variable;
  Shard shard;
};

class Launchers {
 public:
  Launchers(const Environment& environment, std::optional<std::int64_t> count)
      : environment_(environment), count_(count) {}

  std::vector<Place> find() {
    std::vector<Place> found;
    if (has("SLURM_ARRAY_TASK_ID")) found.push_back({"SLURM_ARRAY_TASK_ID", slurm_array()});
    if (has("OMPI_COMM_WORLD_RANK")) {
      found.push_back(
          {"OMPI_COMM_WORLD_RANK", {number("OMPI_COMM_WORLD_RANK") + 1, number("OMPI_COMM_WORLD_SIZE")}});
    }
    if (has("PARALLEL_SEQ")) {
      if (!count_)
        fail_usage("--shard auto: GNU parallel does not say how many jobs there are; --shard auto/N does");
      found.push_back({"PARALLEL_SEQ", {number("PARALLEL_SEQ"), *count_}});
    }
    return found;
  }

 private:
  bool has(const char* name) const { return environment_(name) != nullptr; }
  std::int64_t number(const char* name) const {
    const char* text = environment_(name);
    std::int64_t value;
    if (!text) fail_usage("--shard auto: {} is not in the environment", name);
    if (!read_number(text, &value))
      fail_usage("--shard auto: {} is '{}'; expected a number", name, printable(text, 40));
    return value;
  }

  // Ids may begin anywhere and go up in steps (--array=10-40:10); a list of any numbers says no place.
  Shard slurm_array() const {
    const std::int64_t id = number("SLURM_ARRAY_TASK_ID"), first = number("SLURM_ARRAY_TASK_MIN"),
                       last = number("SLURM_ARRAY_TASK_MAX"), count = number("SLURM_ARRAY_TASK_COUNT");
    const std::int64_t step = count > 1 ? (last - first) / (count - 1) : 1;
    if (count < 1 || step < 1 || first + step * (count - 1) != last || (id - first) % step != 0)
      fail_usage("--shard auto: the ids of this Slurm array are not evenly spaced; --shard I/N says which");
    return {(id - first) / step + 1, count};
  }

  const Environment& environment_;
  std::optional<std::int64_t> count_;
};

Shard checked(Shard shard, std::string_view text) {
  if (shard.count < 1 || shard.count > kMost)
    fail_usage("--shard {}: {} shards; expected 1 to {}", printable(text, 40), shard.count, kMost);
  if (shard.index < 1 || shard.index > shard.count)
    fail_usage("--shard {}: shard {} of {}; expected 1 to the number of shards", printable(text, 40),
               shard.index, shard.count);
  return shard;
}

}  // namespace

std::string Shard::name() const { return fmt::format("{}/{}", index, count); }

Shard find_shard(std::string_view text, const Environment& environment) {
  const std::size_t slash = text.find('/');
  const std::string_view left = text.substr(0, slash);
  std::optional<std::int64_t> count;
  bool good = true;
  if (slash != text.npos) good = read_number(text.substr(slash + 1), &count.emplace());
  if (good && left == "auto") {
    const std::vector<Place> places = Launchers(environment, count).find();
    if (places.empty())
      fail_usage(
          "--shard auto: no Slurm array job, Open MPI or GNU parallel is in the environment; --shard "
          "I/N says which");
    if (places.size() > 1)
      fail_usage("--shard auto: both {} and {} are in the environment; --shard I/N says which",
                 places[0].variable, places[1].variable);
    const Shard& shard = places.front().shard;
    if (count && *count != shard.count)
      fail_usage("--shard {}: {} says there are {}", printable(text, 40), places.front().variable,
                 shard.count);
    return checked(shard, text);
  }
  Shard shard;
  if (!good || !count || !read_number(left, &shard.index))
    fail_usage("--shard: expected I/N or auto, found '{}'", printable(text, 40));
  shard.count = *count;
  return checked(shard, text);
}

std::string shard_path(std::string path, const Shard& shard) {
  for (const auto& [name, value] : {std::pair{"{shard}", shard.index}, std::pair{"{shards}", shard.count}}) {
    const std::string_view mark = name;
    for (std::size_t at; (at = path.find(mark)) != path.npos;)
      path.replace(at, mark.size(), fmt::format("{}", value));
  }
  return path;
}

}  // namespace pith
