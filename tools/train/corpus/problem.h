// Word problems of one to five arithmetic steps.
#pragma once

#include <string>
#include <vector>

#include "train/corpus/draw.h"

namespace pith::lab {

/// One thing that happens to the total: +- a, +- (a * b), or times a. b is 0 but for a product.
struct Event {
  char op;
  int a, b = 0;
};

/// Operands 2 to 99, multipliers to 9, every result 1 to 999.
struct Problem {
  int start;
  std::vector<Event> events;

  int steps() const;
  int answer() const;
  /// "48+37*2-(6*4)": the same for every way to tell it.
  std::string key() const;
};

Problem draw_problem(int steps, Draw& draw);

/// The text with its question, in one of several settings.
std::string tell_problem(const Problem& problem, Draw& draw);

/// A line for each step. Products are worked out where they are needed or all at first, and additions are
/// written in either order.
std::string worked_steps(const Problem& problem, Draw& draw);

/// "The answer is 85."
std::string final_answer(int answer);

}  // namespace pith::lab
