// What an output has already, so that the work goes on where it ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "batch/id_set.h"
#include "batch/task.h"

namespace pith {

/// A request that came again on a stream has its error line beside the answer of the first: the two must not
/// stand for each other.
inline constexpr std::string_view kDuplicateCode = "duplicate_id";

struct Finished {
  IdSet ids;                ///< of the lines there are
  IdSet requests;           ///< keys of their names
  std::int64_t lines = 0;   ///< whole ones
  std::int64_t failed = 0;  ///< of them, with an error
  std::int64_t bytes = 0;   ///< of the whole lines: what comes behind was cut off

  void add(const RequestName& name, bool duplicate = false);
  /// Throws Error where the line that is there answers another request of this id.
  bool has(const RequestName& name, bool duplicate = false) const;
};

/// Reads an output; a last line that is cut off or damaged does not count. Throws Error where another one is
/// damaged.
Finished read_finished(const std::filesystem::path& output);

/// Takes the lines with an error out of an output, completely or not at all. Throws Error.
void drop_failed(const std::filesystem::path& output);

}  // namespace pith
