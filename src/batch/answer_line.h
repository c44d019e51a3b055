// The line that a finished request becomes: OpenAI's batch output with the answer, or with the error.
#pragma once

#include <cstdint>
#include <string>

#include "batch/task.h"
#include "generate/request.h"
#include "text/tokenizer.h"

namespace pith {

/// What all lines of an output have in common.
struct AnswerHeader {
  std::string model;
  std::int64_t created = 0;  ///< seconds since 1970
};

/// A choice's text in its parts.
struct ChoiceText {
  std::string answer, thinking;
  std::int64_t thinking_tokens = 0;
};

/// One line with its "\n". Nothing in it depends on when or in whose company the request was answered.
std::string answer_line(const AnswerHeader& header, const BatchTask& task, const Result& result,
                        const std::vector<ChoiceText>& texts, const Tokenizer& tokenizer);
std::string error_line(const std::string& id, std::int64_t line, const LineError& error);

}  // namespace pith
