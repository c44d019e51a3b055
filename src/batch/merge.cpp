#include "batch/merge.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "batch/lines.h"
#include "batch/manifest.h"
#include "batch/output_line.h"

namespace pith {
namespace {

namespace fs = std::filesystem;

constexpr int kOffsetBits = 44;  // outputs of up to 16 TiB, a million of them

std::string shown(const fs::path& path) { return printable(path.string(), std::string::npos); }

// Where a line of the input has its answer.
struct Place {
  std::int64_t line;
  std::uint64_t at;  // the output's index, and the offset in it
  std::size_t output() const { return static_cast<std::size_t>(at >> kOffsetBits); }
  std::uint64_t offset() const { return at & ((std::uint64_t{1} << kOffsetBits) - 1); }
};

// Every shard is there once, finished, and made like the others.
void check_manifests(const std::vector<fs::path>& outputs, const std::vector<BatchManifest>& all) {
  const std::int64_t count = all.front().shard.count;
  std::vector<const fs::path*> holders(outputs.size(), nullptr);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const BatchManifest& m = all[i];
    const std::string name = shown(outputs[i]);
    if (const std::string differs = difference(all.front().settings, m.settings); !differs.empty())
      fail("{} and {} do not belong together: {}", shown(outputs.front()), name, differs);
    if (!m.complete) fail("{}: not finished; pith batch --resume finishes it", name);
    if (m.shard.count != count || m.complete->input_lines != all.front().complete->input_lines)
      fail("{} and {} do not belong together: {} lines in {} shards, and {} in {}", shown(outputs.front()),
           name, all.front().complete->input_lines, count, m.complete->input_lines, m.shard.count);
    if (m.shard.index < 1 || m.shard.index > count) fail("{}: shard {}", name, m.shard.name());
    if (m.shard.index > std::ssize(holders)) continue;  // then another one is missing
    const fs::path*& holder = holders[static_cast<std::size_t>(m.shard.index - 1)];
    if (holder) fail("{} and {} are both shard {}", shown(*holder), name, m.shard.name());
    holder = &outputs[i];
  }
  for (std::int64_t i = 0; i < count; ++i) {
    if (i >= std::ssize(holders) || !holders[static_cast<std::size_t>(i)])
      fail("shard {}/{} is missing", i + 1, count);
  }
}

// The lines of one output; true for each that failed.
std::int64_t read_places(const fs::path& output, std::size_t index, const BatchManifest& manifest,
                         std::vector<Place>& places) {
  LineReader reader(output, std::numeric_limits<std::size_t>::max());
  std::int64_t lines = 0, failed = 0;
  for (Line line; reader.next(line) == LineReader::Next::Line;) {
    const std::string what = fmt::format("{}: line {}", shown(output), line.number);
    if (!line.complete) fail("{}: cut off", what);
    const OutputLine says = read_output_line(line.text, what);
    if (!manifest.shard.holds(says.name.line))
      fail("{}: answers line {} of the input, which is not in shard {}", what, says.name.line,
           manifest.shard.name());
    places.push_back({says.name.line, index << kOffsetBits | static_cast<std::uint64_t>(line.offset)});
    failed += says.failed();
    ++lines;
  }
  if (lines != manifest.complete->requests)
    fail("{}: {} lines, and its manifest says {}", shown(output), lines, manifest.complete->requests);
  return failed;
}

// Lines at any place of a file.
class LineFile {
 public:
  explicit LineFile(const fs::path& path)
      : name_(shown(path)), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail("{}: {}", name_, std::strerror(errno));
  }
  ~LineFile() { close(descriptor_); }
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  /// With its "\n".
  void read(std::uint64_t offset, std::string& line) const {
    line.clear();
    while (true) {
      char buffer[1 << 14];
      const ssize_t n = pread(descriptor_, buffer, sizeof buffer, static_cast<off_t>(offset + line.size()));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail("{}: has changed while it was read", name_);
      const std::string_view bytes(buffer, static_cast<std::size_t>(n));
      const std::size_t end = bytes.find('\n');
      line += bytes.substr(0, end == bytes.npos ? end : end + 1);
      if (end != bytes.npos) return;
    }
  }

 private:
  std::string name_;
  int descriptor_;
};

}  // namespace

Merged merge_outputs(const std::vector<fs::path>& outputs,
                     const std::function<void(std::string_view line)>& write) {
  std::vector<BatchManifest> manifests;
  for (const fs::path& output : outputs) {
    const std::optional<BatchManifest> manifest = read_manifest(output);
    if (!manifest) fail("{}: no {} beside it", shown(output), shown(manifest_path(output).filename()));
    manifests.push_back(*manifest);
  }
  check_manifests(outputs, manifests);

  std::vector<Place> places;
  Merged merged;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    merged.failed += read_places(outputs[i], i, manifests[i], places);
  std::ranges::sort(places, {}, &Place::line);
  const auto twice = std::ranges::adjacent_find(places, {}, &Place::line);
  if (twice != places.end()) fail("line {} of the input has two answers", twice->line);

  std::vector<std::unique_ptr<LineFile>> files;
  for (const fs::path& output : outputs) files.push_back(std::make_unique<LineFile>(output));
  std::string line;
  for (const Place& place : places) {
    files[place.output()]->read(place.offset(), line);
    write(line);
  }
  merged.lines = std::ssize(places);
  return merged;
}

}  // namespace pith
