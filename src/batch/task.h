// What a line of a batch asks for: OpenAI's batch lines, short forms of them, and plain text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "batch/prompter.h"
#include "generate/request.h"

namespace pith {

enum class BatchFormat : std::uint8_t {
  Requests,  ///< {"custom_id", "method", "url", "body"}
  Bodies,    ///< {"custom_id", "body"}
  Prompts,   ///< {"prompt", ...} or {"messages", ...}: the body itself
  Text,      ///< a prompt a line
};
/// Of a whole input, by its first line that is not blank; each line's own form decides how it is read. A
/// line that begins with "{" is JSON. Throws Error where it begins like a JSON array.
BatchFormat detect_format(std::string_view line);
std::string_view format_description(BatchFormat format);

/// Why a line has no answer: what its error object says.
class LineError : public Error {
 public:
  LineError(std::string error_code, const std::string& message)
      : Error(message), code(std::move(error_code)) {}
  std::string code;
};

/// Which request a line of the output answers.
struct RequestName {
  std::int64_t line = 0;  ///< of the input
  std::string id;         ///< custom_id; of lines without one "line-N"
  std::string key;        ///< of the id and the whole line, so that a line that was changed has another one
};
RequestName request_name(std::string_view text, std::int64_t line, std::string id);

struct BatchTask {
  RequestName name;
  bool chat = false;  ///< messages in, a message out; else text in, text out
  bool echo = false;
  BatchPrompt prompt;
  Question question;  ///< instead of the prompt, where a strategy answers
  Request request;    ///< with the prompt's ids
};

/// What holds for lines that say nothing else.
struct BatchDefaults {
  Request request;
  std::uint64_t seed = 0;  ///< a line's own derives from this and its id
  bool lenient = false;    ///< fields that are unknown or not supported are skipped
  bool reasoned = false;   ///< a strategy of reasoning answers: questions, and not all fields
};

/// Names of skipped fields, and in how many lines; of hostile inputs the first few.
using SkippedFields = std::map<std::string, std::int64_t>;

/// The line's custom_id, or "line-N" where it has none that can be read.
std::string task_id(std::string_view text, std::int64_t line, BatchFormat format);

/// Throws LineError. `text` is the line; fields that `defaults` lets pass are counted in `skipped`.
BatchTask make_task(std::string_view text, std::int64_t line, BatchFormat format,
                    const BatchDefaults& defaults, const Prompter& prompter, SkippedFields& skipped);

/// The seed of a line that gives none: 53 bits, which every JSON reader keeps.
std::uint64_t derived_seed(std::uint64_t seed, std::string_view id);

}  // namespace pith
