#include "batch/lines.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace pith {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 16;

}  // namespace

LineReader::LineReader(const std::filesystem::path& path, std::size_t longest)
    : path_(path == "-" ? "standard input" : path.string()), longest_(longest) {
  descriptor_ = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status = {};
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0)
    fail("{}: {}", printable(path_, path_.npos), std::strerror(errno));
  if (S_ISDIR(status.st_mode)) {
    close(descriptor_);
    fail("{}: expected a file to read, found a directory", printable(path_, path_.npos));
  }
  // Standard input that is a file may be shared with others, who have read part of it.
  is_file_ = S_ISREG(status.st_mode) && path != "-";
}

LineReader::~LineReader() { close(descriptor_); }

LineReader::Next LineReader::next(Line& line, bool wait) {
  while (true) {
    if (take_line(line)) return Next::Line;
    if (at_end_) return Next::End;
    pollfd p{descriptor_, POLLIN, 0};
    if (!is_file_ && poll(&p, 1, wait ? -1 : 0) <= 0) return Next::NotYet;
    buffer_.resize(kBuffer);
    at_ = 0;
    const ssize_t n = ::read(descriptor_, buffer_.data(), buffer_.size());
    const int error = errno;
    buffer_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    if (n == 0) at_end_ = true;
    if (n >= 0) continue;
    if (error == EINTR || error == EAGAIN) return Next::NotYet;
    fail("{}: reading: {}", printable(path_, path_.npos), std::strerror(error));
  }
}

void LineReader::append(std::string_view bytes) {
  position_ += static_cast<std::int64_t>(bytes.size());
  too_long_ |= text_.size() + bytes.size() > longest_;
  if (too_long_) {
    text_.clear();
  } else {
    text_ += bytes;
  }
}

bool LineReader::take_line(Line& line) {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  const std::size_t end = rest.find('\n');
  append(rest.substr(0, end));
  const bool complete = end != rest.npos;
  at_ = complete ? at_ + end + 1 : buffer_.size();
  if (!complete && !(at_end_ && position_ > begin_)) return false;
  position_ += complete;
  if (text_.ends_with('\r')) text_.pop_back();
  line.number = ++number_;
  line.offset = std::exchange(begin_, position_);
  line.text = std::exchange(text_, {});
  line.too_long = std::exchange(too_long_, false);
  line.complete = complete;
  return true;
}

}  // namespace pith
