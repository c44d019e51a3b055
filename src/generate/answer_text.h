// The text of an answer as it grows: whole characters, stop strings found across tokens.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace pith {

class AnswerText {
 public:
  /// `stop` must outlive it; none of them is empty. `continues`: there is text before the answer, so that a
  /// space in front of it counts.
  AnswerText(const Tokenizer& tokenizer, std::span<const std::string> stop, bool special_text = false,
             bool continues = true)
      : decoder_(tokenizer, continues, special_text), vocab_(tokenizer.size()), stop_(stop) {}

  /// What became certain with one more token. Text that could still become a stop string is held back. An id
  /// beyond the tokenizer's vocabulary (models pad theirs) has no text.
  std::string add(TokenId id) { return release(id < vocab_ ? decoder_.add(id) : std::string()); }
  /// The rest, at the end of the answer.
  std::string finish();

  /// Index of the stop string that was found; -1: none. Where several begin at the same place, the first.
  int stopped_by() const { return stopped_by_; }

 private:
  std::string release(std::string_view more);

  StreamDecoder decoder_;
  int vocab_;
  std::span<const std::string> stop_;
  std::string held_;  // whole characters that could be the beginning of a stop string
  int stopped_by_ = -1;
};

}  // namespace pith
