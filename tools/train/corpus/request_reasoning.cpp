// Instructions that take arithmetic: sums, word problems with and without steps, the search puzzle.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "train/corpus/grammar.h"
#include "train/corpus/problem.h"
#include "train/corpus/puzzle.h"
#include "train/corpus/request_kinds.h"
#include "train/corpus/steps.h"

namespace pith::lab {
namespace {

constexpr std::string_view kStepByStep[] = {
    "Think step by step.", "Let us think step by step.", "Let's think step by step.", "Show your steps.",
    "Show your work.",     "Work it out step by step.",  "Explain each step.",
};
constexpr std::string_view kAtOnce[] = {"Answer at once.", "Give only the answer.", "Just the answer.",
                                        "Do not show your steps."};

// One half of the requests says what it wants, the other leaves it open.
std::string asked(const std::string& problem, std::span<const std::string_view> wishes, Draw& draw) {
  return draw.chance(0.5) ? problem + " " + std::string(draw.pick(wishes)) : problem;
}
std::string at_once(const std::string& problem, Draw& draw) { return asked(problem, kAtOnce, draw); }
std::string step_by_step(const std::string& problem, Draw& draw) { return asked(problem, kStepByStep, draw); }

// What people write behind a question, or on a line of its own, to have it worked out: the command line's
// words first. The wishes above are those of pre-training.
constexpr std::string_view kTriggers[] = {
    "Let's think step by step.",
    "Let us think step by step.",
    "Think step by step.",
    "Please think step by step.",
    "Let's work this out step by step.",
    "Let's solve this step by step.",
    "Work through it step by step.",
    "Solve it step by step.",
    "Reason step by step.",
    "Explain step by step.",
    "Take it one step at a time.",
    "First think, then answer.",
    "Think before you answer.",
    "Think carefully.",
    "Show your steps.",
    "Show your work.",
    "Show how you get there.",
    "Explain your reasoning.",
};

std::string triggered(const std::string& question, Draw& draw) {
  return question + (draw.chance(0.5) ? "\n" : " ") + std::string(draw.pick(kTriggers));
}

Request problem_request(bool steps, std::string (*with_wish)(const std::string&, Draw&), Draw& draw) {
  const Problem problem = draw_problem(draw.between(1, 5), draw);
  Request r{.kind = steps ? "problem-steps" : "problem-direct",
            .key = problem.key(),
            .user = tell_problem(problem, draw),
            .answer = std::to_string(problem.answer()),
            .check = Check::Number,
            .steps = problem.steps()};
  r.user = with_wish(r.user, draw);
  r.reply = (steps ? worked_steps(problem, draw) : "") + final_answer(problem.answer());
  return r;
}

// A plain sum that is asked; how it is answered is left open.
struct Sum {
  int a, b;
  char op;
  int result;
  Request request;

  std::string worked(Draw& draw) const {
    return op == '/' ? fmt::format("{} / {} = {}", a, b, result) : worked_sum(a, op, b, draw);
  }
};

Sum ask_sum(Draw& draw, Split split) {
  constexpr double kOps[] = {0.4, 0.3, 0.2, 0.1};
  const char op = "+-*/"[draw.weighted(kOps)];
  const bool small = split == Split::Train && draw.chance(0.3);
  int a = draw.between(0, small ? 10 : 99), b = draw.between(0, small ? 10 : 99);
  if (op == '*') b = draw.between(0, 10);
  if (op == '/') b = draw.between(1, 10), a = b * draw.between(0, 10);
  if (op == '-' && a < b) std::swap(a, b);
  const int result = op == '/' ? a / b : apply(a, op, b);
  Request r{.kind = "sum",
            .key = a <= 10 && b <= 10 ? std::string(kTable) : fmt::format("{}{}{}", a, op, b),
            .answer = std::to_string(result),
            .check = Check::Number};
  FixedCast cast(
      {{"a", std::to_string(a)}, {"b", std::to_string(b)}, {"op", std::string(1, op)}, {"r", r.answer}});
  constexpr std::string_view kSign =
      "[What is {a} {op} {b}?|What is {a} {op} {b}?|What is {a}{op}{b}?|{a} {op} {b}|{a} {op} {b} "
      "=|{a}{op}{b}=?|{a} {op} {b} = ?|How much is {a} {op} {b}?|Calculate {a} {op} {b}.|Compute {a} {op} "
      "{b}.|What's {a} {op} {b}?|Tell me {a} {op} {b}.|Can you tell me what {a} {op} {b} is?]";
  std::string_view words;
  switch (op) {
    case '+':
      words =
          "[What is {a} plus {b}?|Add {a} and {b}.|What is the sum of {a} and {b}?|How much is {a} plus "
          "{b}?|What do you get if you add {a} and {b}?]";
      break;
    case '-':
      words =
          "[What is {a} minus {b}?|Take {b} away from {a}.|Subtract {b} from {a}.|How much is {a} minus "
          "{b}?|What is left if you take {b} from {a}?]";
      break;
    case '*':
      words =
          "[What is {a} times {b}?|Multiply {a} by {b}.|How much is {a} times {b}?|What is the product of "
          "{a} and {b}?]";
      break;
    default:
      words = "[What is {a} divided by {b}?|Divide {a} by {b}.|How much is {a} divided by {b}?]";
      break;
  }
  r.user = expand(draw.chance(0.6) ? kSign : words, cast, draw);
  return {a, b, op, result, std::move(r)};
}

}  // namespace

Request request_sum(Draw& draw, Split split) {
  Sum sum = ask_sum(draw, split);
  constexpr double kWays[] = {0.6, 0.25, 0.15};
  switch (draw.weighted(kWays)) {
    case 0: sum.request.reply = sum.worked(draw) + "."; break;
    case 1: sum.request.reply = final_answer(sum.result); break;
    default: sum.request.reply = sum.request.answer + "."; break;
  }
  return sum.request;
}

Request request_sum_worked(Draw& draw, Split split) {
  Sum sum = ask_sum(draw, split);
  sum.request.user = triggered(sum.request.user, draw);
  sum.request.reply = sum.worked(draw) + "\n" + final_answer(sum.result);
  return sum.request;
}

Request request_problem_direct(Draw& draw, Split) { return problem_request(false, at_once, draw); }
Request request_problem_steps(Draw& draw, Split) { return problem_request(true, step_by_step, draw); }
Request request_problem_worked(Draw& draw, Split) { return problem_request(true, triggered, draw); }

Request request_puzzle(Draw& draw, Split) {
  const Puzzle puzzle = draw_puzzle(draw);
  Request r{.kind = "puzzle",
            .key = puzzle.key(),
            .user = puzzle.tell(draw),
            .reply = fmt::format("{}", fmt::join(solution(puzzle, draw), "\n")),
            .answer = puzzle.key(),
            .check = Check::Puzzle};
  return r;
}

}  // namespace pith::lab
