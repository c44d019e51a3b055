#include "cli/paths.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/file.h"

namespace pith::cli {
namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::none) fail("{}: {}", printable(path.string(), 400), error.message());
  return fs::exists(status);
}

bool holds_something(const fs::path& path) {
  std::error_code none;
  return fs::is_regular_file(path, none) && !fs::is_empty(path, none);
}

void refuse_same(const fs::path& in, const fs::path& out) {
  std::error_code ignored;
  const auto plain = [](const fs::path& path) { return fs::absolute(path).lexically_normal(); };
  // By name too: neither may be there yet.
  if (fs::equivalent(in, out, ignored) || plain(in) == plain(out))
    fail_usage("{}: the output would replace the input", printable(out.string(), 400));
}

void check_output(const fs::path& out, const std::vector<fs::path>& inputs) {
  for (const fs::path& in : inputs) {
    if (!in.empty()) refuse_same(in, out);
  }
  const std::string name = printable(out.string(), 400);
  const bool there = is_there(out);
  if (there && fs::is_directory(out)) fail("{}: expected a file to write, found a directory", name);
  // A file is written beside and renamed, a device or a pipe is written to.
  const bool in_place = there && !fs::is_regular_file(out);
  const fs::path target = in_place ? out : out.has_parent_path() ? out.parent_path() : fs::path(".");
  if (access(target.c_str(), W_OK) != 0) fail("{}: cannot be written: {}", name, std::strerror(errno));
}

std::string read_template(const fs::path& path) {
  std::string source = read_file(path);
  if (source.find_first_not_of(" \t\r\n") == std::string::npos)
    fail("{}: expected a chat template, found an empty file", printable(path.string(), 400));
  return source;
}

}  // namespace pith::cli
