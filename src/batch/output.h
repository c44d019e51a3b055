// An output with what belongs to it: the manifest beside it, and what it has already from an earlier run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "batch/finished.h"
#include "batch/manifest.h"
#include "batch/output_file.h"

namespace pith {

struct OutputOptions {
  std::filesystem::path path;
  BatchSettings settings;
  Shard shard;
  bool resume = false;        ///< goes on with what is there; without, nothing may be there
  bool retry_errors = false;  ///< lines with an error count as not there
  std::int64_t now = 0;       ///< seconds since 1970: when an output that begins was created
};

class BatchOutput {
 public:
  /// Makes the output and its manifest, or checks that they fit and drops a last line that was cut off.
  /// Throws Error.
  explicit BatchOutput(const OutputOptions& options);

  const Finished& finished() const { return finished_; }
  std::int64_t created() const { return manifest_.created; }

  void append(std::string_view line) { file_.append(line); }
  void sync(bool if_due = false) { file_.sync(if_due); }
  /// All lines have their answer: says so in the manifest.
  void complete(const BatchManifest::Totals& totals);

 private:
  std::filesystem::path path_;
  OutputFile file_;
  BatchManifest manifest_;
  Finished finished_;
};

/// Throws Error where something is there that would be lost without --resume.
void refuse_to_replace(const std::filesystem::path& output);

}  // namespace pith
