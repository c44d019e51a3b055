// A file or pipe, read line by line as the lines are needed: memory for one line and a buffer, however long
// the input is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace pith {

struct Line {
  std::int64_t number = 0;  ///< from 1
  std::int64_t offset = 0;  ///< of its first byte in the file
  std::string text;         ///< without "\n" or "\r\n"; empty where it is too long
  bool too_long = false;
  bool complete = true;  ///< false: the last one, without a newline
};

class LineReader {
 public:
  enum class Next { Line, NotYet, End };

  /// "-" is standard input. Lines above `longest` bytes are skipped and told. Throws Error where the file
  /// cannot be opened.
  explicit LineReader(const std::filesystem::path& path, std::size_t longest = kLongestLine);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// NotYet: a pipe has no whole line now (without `wait`), or a signal came while waiting. Throws Error.
  Next next(Line& line, bool wait = true);

  /// A regular file, which can be read twice.
  bool is_file() const { return is_file_; }

  /// Far more than any context holds as text.
  static constexpr std::size_t kLongestLine = std::size_t{16} << 20;

 private:
  bool take_line(Line& line);
  void append(std::string_view bytes);

  std::string path_;
  std::size_t longest_;
  int descriptor_;
  bool is_file_ = false, at_end_ = false;
  std::string buffer_;  // read and not yet handed out from at_ on
  std::size_t at_ = 0;
  std::string text_;  // of the line that has begun
  bool too_long_ = false;
  std::int64_t number_ = 0, begin_ = 0,
               position_ = 0;  // lines handed out; bytes before this line, and so far
};

}  // namespace pith
