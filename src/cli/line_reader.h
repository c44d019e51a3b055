// Lines that a user types: edited where there is a terminal (libedit, if the build found it), plain from a
// pipe.
#pragma once

#include <memory>
#include <string>

namespace pith::cli {

class LineReader {
 public:
  LineReader();
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// A person types and reads: prompts are shown, on stderr.
  bool interactive() const { return interactive_; }
  /// False at the end of the input, or where the user interrupts.
  bool read(const char* prompt, std::string& line);

 private:
  struct Editor;
  bool interactive_;
  std::unique_ptr<Editor> editor_;
};

}  // namespace pith::cli
