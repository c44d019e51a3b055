// Instructions with their answers: what a user may ask of the small models.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "train/corpus/draw.h"
#include "train/corpus/split.h"

namespace pith::lab {

/// How an answer is compared with the right one.
enum class Check {
  Exact,     ///< the words, without what is said around them out of politeness
  Number,    ///< the last number
  Contains,  ///< the right words are in it
  Refusal,   ///< it says that it does not know
  Puzzle,    ///< legal steps that reach the target (see puzzle.h)
  None,      ///< nothing to be right or wrong about: a story, a greeting
};
std::string_view name_of(Check check);

struct Request {
  std::string_view kind;
  std::string key;     ///< what is asked, without how: decides the split
  std::string user;    ///< in clean spelling
  std::string reply;   ///< right, in one of the ways to say it
  std::string answer;  ///< what `check` compares with
  Check check = Check::Exact;
  int steps = 0;  ///< of a word problem
};

/// The share of requests that are typed without capitals.
inline constexpr double kSmallLetters = 0.2;

/// A kind of instruction; the issue of one seed is always the same.
struct RequestKind {
  std::string_view name;
  Request (*make)(Draw& draw, Split split);
  double small_letters = kSmallLetters;  ///< share of the training conversations
};

/// copy, reverse, sort, count, compare, extract, story (a question about one), fact, refuse: those that are
/// tested as instruction following.
std::span<const RequestKind> instruction_kinds();
/// sum, problem-direct, problem-steps, puzzle.
std::span<const RequestKind> reasoning_kinds();
/// For training alone: count-worked, compare-worked, sum-worked and problem-worked, whose replies show how
/// the answer is found; refuse-asked; name, known and people, which name all people of the world.
std::span<const RequestKind> drill_kinds();
/// tale (tell a story), talk (greetings, who are you).
std::span<const RequestKind> talk_kinds();
const RequestKind* find_kind(std::string_view name);

/// Makes requests until one's key is in the split.
Request make_request(const RequestKind& kind, Split split, Draw& draw);

/// As people type: without capitals, without a mark at the end, with "please".
std::string as_typed(std::string user, Draw& draw, double small_letters = kSmallLetters);

}  // namespace pith::lab
