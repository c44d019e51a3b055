// The line that a finished request becomes: OpenAI's batch output with the answer, or with the error.
#pragma once

#include <cstdint>
#include <string>

#include "batch/task.h"
#include "generate/request.h"
#include "reason/inquiry.h"
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
/// The same for what a strategy came to, with the steps that led to the answer apart. Tokens are counted of
/// all its texts but those that were cancelled on the way, and each text's prompt in full: how far those
/// came, and how much was shared, depends on the company.
std::string reasoned_line(const AnswerHeader& header, const BatchTask& task, const Outcome& outcome);
std::string error_line(const RequestName& name, const LineError& error);

}  // namespace pith
