#include "batch/output.h"

#include "base/error.h"

namespace pith {
namespace {

std::string shown(const std::filesystem::path& path) { return printable(path.string(), std::string::npos); }

// The manifest of an output that is there, checked.
BatchManifest fitting_manifest(const OutputOptions& options) {
  const std::optional<BatchManifest> manifest = read_manifest(options.path);
  if (!manifest) {
    fail("{}: cannot be resumed, since there is no {} beside it", shown(options.path),
         shown(manifest_path(options.path).filename()));
  }
  const Shard &before = manifest->shard, &now = options.shard;
  std::string differs = difference(manifest->settings, options.settings);
  if (before.index != now.index || before.count != now.count)
    differs = fmt::format("shard was {}, now it is {}", before.name(), now.name());
  if (!differs.empty())
    fail("{}: cannot be resumed, since it was begun otherwise: {}", shown(options.path), differs);
  return *manifest;
}

}  // namespace

void refuse_to_replace(const std::filesystem::path& output) {
  std::error_code error;
  const auto size = std::filesystem::file_size(output, error);
  if (!error && size > 0)
    fail_usage("{}: exists already; --resume goes on with it, or remove it to begin anew", shown(output));
}

BatchOutput::BatchOutput(const OutputOptions& options) : path_(options.path), file_(options.path) {
  if (!options.resume && file_.size() > 0) refuse_to_replace(path_);
  if (options.resume && (file_.size() > 0 || read_manifest(path_))) {
    manifest_ = fitting_manifest(options);
    finished_ = read_finished(path_);
    if (finished_.bytes < file_.size()) file_.truncate(finished_.bytes);
    if (options.retry_errors && finished_.failed > 0) {
      drop_failed(path_);
      file_.reopen();
      finished_ = read_finished(path_);
    }
  } else {
    manifest_ = {.created = options.now, .settings = options.settings, .shard = options.shard};
  }
  manifest_.complete.reset();
  write_manifest(path_, manifest_);
}

void BatchOutput::complete(const BatchManifest::Totals& totals) {
  file_.sync();
  manifest_.complete = totals;
  write_manifest(path_, manifest_);
}

}  // namespace pith
