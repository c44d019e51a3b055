#include "batch/input.h"

#include "base/error.h"
#include "batch/id_set.h"

namespace pith {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::int64_t count_lines(const InputOptions& options) {
  LineReader reader(options.path);
  Line line;
  while (reader.next(line) == LineReader::Next::Line) {
  }
  return line.number;
}

// The lines before `last` that have this id.
[[noreturn]] void fail_with_duplicate(InputOptions options, const std::string& id, std::int64_t last) {
  options.shard = {};
  BatchInput input(options);
  Line line;
  while (input.next(line) == LineReader::Next::Line &&
         task_id(line.text, line.number, *input.format()) != id) {
  }
  fail("{}: lines {} and {} have the same custom_id '{}'",
       printable(options.path.string(), std::string::npos), line.number, last, printable(id, 60));
}

}  // namespace

LineReader::Next BatchInput::next(Line& line, bool wait) {
  while (true) {
    const LineReader::Next next = reader_.next(line, wait);
    if (next != LineReader::Next::Line) return next;
    lines_ = line.number;
    if (line.number == 1 && line.text.starts_with(kByteOrderMark)) line.text.erase(0, kByteOrderMark.size());
    if (!line.too_long && line.text.find_first_not_of(" \t\r\v\f") == std::string::npos) {
      ++blank_;
      continue;
    }
    if (!format_) {
      format_ = options_.text ? BatchFormat::Text : detect_format(line.text);
    }
    if (options_.shard.holds(line.number)) return next;
  }
}

Survey survey(const InputOptions& options) {
  InputOptions all = options;
  all.shard = {};
  BatchInput input(all);
  IdSet ids;
  Survey result;
  for (Line line; input.next(line) == LineReader::Next::Line;) {
    result.requests += options.shard.holds(line.number);
    if (*input.format() == BatchFormat::Text) continue;  // these are named by their numbers
    if (ids.size() == 0) ids.reserve(static_cast<std::size_t>(count_lines(options)));
    const std::string id = task_id(line.text, line.number, *input.format());
    if (!ids.insert(id)) fail_with_duplicate(options, id, line.number);
  }
  result.blank = input.blank();
  result.format = input.format();
  return result;
}

}  // namespace pith
