// The documents of pre-training and the conversations of fine-tuning, made of what the generators tell.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "train/corpus/draw.h"
#include "train/corpus/request.h"
#include "train/corpus/split.h"

namespace pith::lab {

struct Document {
  std::string text;
  std::string key;  ///< of the first problem in it
};

/// story, problem-direct, problem-steps, sum, rule, puzzle, world, question.
struct DocumentKind {
  std::string_view name;
  Document (*make)(Draw& draw, Split split);
};
std::span<const DocumentKind> document_kinds();

struct Message {
  std::string_view role;
  std::string content;
};

/// A request with what may come before and after it.
struct Conversation {
  std::vector<Message> messages;
  Request request;  ///< the one that is checked: the last but for a "thank you"
};

/// `kind` is a kind of request, or "dialog": a talk in which the model has to remember something.
Conversation make_conversation(std::string_view kind, Split split, Draw& draw);

/// What stands around an answer out of politeness, before (first) or after (second) it.
std::span<const std::string_view> polite_openings();
std::span<const std::string_view> polite_endings();

/// "Question: ...\nAnswer: ...": the form in which the pre-training data ask.
std::string plain_question(std::string_view question);

}  // namespace pith::lab
