// A line of an output read back: which request it answers, and how that ended.
#pragma once

#include <string>
#include <string_view>

#include "batch/task.h"

namespace pith {

struct OutputLine {
  RequestName name;
  std::string error_code;  ///< empty: it was answered
  bool failed() const { return !error_code.empty(); }
};

/// Throws Error where the text is no line that this program wrote; `what` names it in the message.
OutputLine read_output_line(std::string_view text, std::string_view what);

}  // namespace pith
