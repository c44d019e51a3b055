// The search puzzle: reach a target from four numbers with + - * /, each number used once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "train/corpus/draw.h"

namespace pith::lab {

/// One step: two numbers go, their result comes. Differences are positive and quotients whole.
struct Move {
  int a, b;
  char op;
  int result;
};

/// Numbers in increasing order.
using Numbers = std::vector<int>;

/// All that can be done with two of the numbers, larger number first, without repetitions.
std::vector<Move> moves(const Numbers& numbers);
Numbers after(Numbers numbers, const Move& move);
/// Whether the target can be reached; tries everything.
bool solvable(const Numbers& numbers, int target);

struct Puzzle {
  Numbers numbers;
  int target;
  /// "2 3 5 8 24".
  std::string key() const;
  /// "Use 3 5 8 2 to make 24.": the numbers in any order.
  std::string tell(Draw& draw) const;
};

/// Numbers 1 to 10, target 10 to 60; it has a solution.
Puzzle draw_puzzle(Draw& draw);

/// "8 - 5 = 3, left 2 3 3."; the last one "4 * 6 = 24. Done."
std::string line_of(const Move& move, const Numbers& left, int target);

/// Lines of a way to the target, drawn among all ways.
std::vector<std::string> solution(const Puzzle& puzzle, Draw& draw);

/// The same after some ways that lead nowhere, each taken back: "Back to 2 3 3."
std::string worked_search(const Puzzle& puzzle, Draw& draw);

/// A beginning of a way, good or bad, with whether the target can still be reached.
struct LabelledPrefix {
  std::string text;
  bool solvable;
};
LabelledPrefix draw_prefix(const Puzzle& puzzle, Draw& draw);

/// Checks an answer: three legal lines, the last one reaching the target. It never searches.
bool solves(const Puzzle& puzzle, std::string_view answer);

}  // namespace pith::lab
