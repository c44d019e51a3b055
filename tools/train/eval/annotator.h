// Who prefers one answer to another: a program in the place of people, which sees everything.
#pragma once

#include <string_view>

namespace pith::lab {

/// What the annotator looks at in an answer.
struct Judgement {
  bool right = false;
  bool steps = false;  ///< a word problem is worked out, a line for each step; true where there is nothing to
  bool form = false;   ///< a whole sentence or list, the answer of a problem in its usual words
  bool brief = false;  ///< not longer than the question needs
  bool polite = false;

  /// Right counts most: the other four together do not outweigh it.
  double score() const { return 3.0 * right + 1.0 * steps + 0.75 * form + 0.5 * brief + 0.5 * polite; }
  /// Whether two answers are alike in all but being right.
  bool same_style(const Judgement& other) const {
    return steps == other.steps && form == other.form && brief == other.brief && polite == other.polite;
  }
};

/// What is asked: fields of a line of the corpus.
struct Asked {
  std::string_view kind, user, check, answer;
  int steps = 0;  ///< of a word problem, else 0
};

Judgement judge(const Asked& asked, std::string_view reply);

}  // namespace pith::lab
