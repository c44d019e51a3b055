// Which lines of an input are this process's, where several share the work.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace pith {

struct Shard {
  std::int64_t index = 1, count = 1;  ///< shard `index` of 1..count
  /// Lines count from 1: shard 1 of 3 has 1, 4, 7, ...
  bool holds(std::int64_t line) const { return (line - 1) % count == index - 1; }
  std::string name() const;  ///< "2/8"
};

/// A variable's value; null where there is none.
using Environment = std::function<const char*(const char* name)>;

/// From "I/N"; or from "auto", which takes what a Slurm array job, Open MPI or GNU parallel put into the
/// environment. GNU parallel says only which job it is: "auto/N" tells how many there are. Throws UsageError.
Shard find_shard(std::string_view text, const Environment& environment);

/// A path with "{shard}" and "{shards}" replaced by the two numbers.
std::string shard_path(std::string path, const Shard& shard);

}  // namespace pith
