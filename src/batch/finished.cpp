#include "batch/finished.h"

#include <limits>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "batch/lines.h"
#include "batch/output_line.h"

namespace pith {
namespace {

// Lines with log-probabilities are long.
constexpr std::size_t kLongestOutput = std::numeric_limits<std::size_t>::max();

// Calls body(line, what it says) for every whole line.
template <class Body>
void each_line(const std::filesystem::path& output, Body body) {
  const std::string shown = printable(output.string(), std::string::npos);
  LineReader reader(output, kLongestOutput);
  std::optional<std::string> damaged;  // fatal unless it was the last line
  for (Line line; reader.next(line) == LineReader::Next::Line && line.complete;) {
    if (damaged) fail("{}", *damaged);
    OutputLine says;
    try {
      says = read_output_line(line.text, fmt::format("{}: line {}", shown, line.number));
    } catch (const Error& e) {
      damaged = e.what();
      continue;
    }
    body(line, says);
  }
}

std::string duplicate_key(const RequestName& name) { return fmt::format("{}\n{}", name.line, name.id); }

}  // namespace

void Finished::add(const RequestName& name, bool duplicate) {
  ids.insert(duplicate ? duplicate_key(name) : name.id);
  requests.insert(name.key);
}

bool Finished::has(const RequestName& name, bool duplicate) const {
  if (!ids.contains(duplicate ? duplicate_key(name) : name.id)) return false;
  if (!requests.contains(name.key)) {
    fail("line {}: the output has an answer to another '{}'; lines that are finished have to be as they were",
         name.line, printable(name.id));
  }
  return true;
}

Finished read_finished(const std::filesystem::path& output) {
  Finished finished;
  each_line(output, [&](const Line& line, const OutputLine& says) {
    finished.add(says.name, says.error_code == kDuplicateCode);
    ++finished.lines;
    finished.failed += says.failed();
    finished.bytes = line.offset + static_cast<std::int64_t>(line.text.size()) + 1;
  });
  return finished;
}

void drop_failed(const std::filesystem::path& output) {
  AtomicFile file(output);
  each_line(output, [&](const Line& line, const OutputLine& says) {
    if (says.failed()) return;
    file.write(std::as_bytes(std::span(line.text)));
    file.write(std::as_bytes(std::span("\n", 1)));
  });
  file.commit();
}

}  // namespace pith
