// The requests of this process: an input's lines without the blank ones and those of other shards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "batch/lines.h"
#include "batch/shard.h"
#include "batch/task.h"

namespace pith {

struct InputOptions {
  std::filesystem::path path;  ///< "-": standard input
  bool text = false;           ///< lines are prompts, whatever they look like
  Shard shard;
};

class BatchInput {
 public:
  explicit BatchInput(const InputOptions& options) : options_(options), reader_(options.path) {}

  /// As LineReader::next().
  LineReader::Next next(Line& line, bool wait = true);

  /// Known from the first line on that is not blank.
  std::optional<BatchFormat> format() const { return format_; }
  bool is_file() const { return reader_.is_file(); }
  /// So far, of all shards.
  std::int64_t lines() const { return lines_; }
  std::int64_t blank() const { return blank_; }

 private:
  InputOptions options_;
  LineReader reader_;
  std::optional<BatchFormat> format_;
  std::int64_t lines_ = 0, blank_ = 0;
};

struct Survey {
  std::int64_t requests = 0;  ///< of this shard
  std::int64_t blank = 0;
  std::optional<BatchFormat> format;
};
/// Reads through a file before the work. Throws Error where two lines have the same id.
Survey survey(const InputOptions& options);

}  // namespace pith
