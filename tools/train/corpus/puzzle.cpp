#include "train/corpus/puzzle.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace pith::lab {
namespace {

constexpr int kLargest = 200;  // of intermediate results

// The four operations on a >= b, where their result is allowed.
void add_moves(int a, int b, std::vector<Move>& out) {
  if (a + b <= kLargest) out.push_back({a, b, '+', a + b});
  if (a > b) out.push_back({a, b, '-', a - b});
  if (a * b <= kLargest) out.push_back({a, b, '*', a * b});
  if (b > 1 && a % b == 0) out.push_back({a, b, '/', a / b});
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = line.find(' ');
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(end == line.npos ? line.size() : end + 1);
  }
  return words;
}

std::optional<int> number_in(std::string_view word) {
  while (!word.empty() && (word.back() == ',' || word.back() == '.')) word.remove_suffix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

std::vector<Move> moves(const Numbers& numbers) {
  std::vector<Move> out;
  std::vector<std::pair<int, int>> seen;  // equal numbers make equal pairs
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const std::pair pair(numbers[i], numbers[j]);
      if (std::ranges::find(seen, pair) != seen.end()) continue;
      seen.push_back(pair);
      add_moves(pair.first, pair.second, out);
    }
  }
  return out;
}

Numbers after(Numbers numbers, const Move& move) {
  numbers.erase(std::ranges::find(numbers, move.a));
  numbers.erase(std::ranges::find(numbers, move.b));
  numbers.insert(std::ranges::upper_bound(numbers, move.result), move.result);
  return numbers;
}

bool solvable(const Numbers& numbers, int target) {
  if (numbers.size() == 1) return numbers[0] == target;
  return std::ranges::any_of(moves(numbers),
                             [&](const Move& m) { return solvable(after(numbers, m), target); });
}

std::string Puzzle::key() const { return fmt::format("{} {}", fmt::join(numbers, " "), target); }

std::string Puzzle::tell(Draw& draw) const {
  std::vector<int> shown = numbers;
  draw.shuffle(shown);
  return fmt::format("Use {} to make {}.", fmt::join(shown, " "), target);
}

Puzzle draw_puzzle(Draw& draw) {
  while (true) {
    Numbers numbers(4);
    for (int& n : numbers) n = draw.between(1, 10);
    std::ranges::sort(numbers);
    Numbers left = numbers;
    while (left.size() > 1) left = after(left, draw.pick(moves(left)));
    if (left[0] >= 10 && left[0] <= 60) return {numbers, left[0]};
  }
}

std::string line_of(const Move& m, const Numbers& left, int target) {
  const std::string sum = fmt::format("{} {} {} = {}", m.a, m.op, m.b, m.result);
  if (left.size() > 1) return fmt::format("{}, left {}.", sum, fmt::join(left, " "));
  return sum + (m.result == target ? ". Done." : ". No.");
}

std::vector<std::string> solution(const Puzzle& puzzle, Draw& draw) {
  std::vector<std::string> lines;
  Numbers left = puzzle.numbers;
  while (left.size() > 1) {
    std::vector<Move> good;
    for (const Move& m : moves(left)) {
      if (solvable(after(left, m), puzzle.target)) good.push_back(m);
    }
    const Move m = draw.pick(good);
    left = after(left, m);
    lines.push_back(line_of(m, left, puzzle.target));
  }
  return lines;
}

std::string worked_search(const Puzzle& puzzle, Draw& draw) {
  std::string out;
  Numbers left = puzzle.numbers;
  int dead_ends = draw.between(1, 3);
  while (left.size() > 1) {
    std::vector<Move> good, bad;
    for (const Move& m : moves(left)) {
      (solvable(after(left, m), puzzle.target) ? good : bad).push_back(m);
    }
    // A way that leads nowhere is seen to do so when one number is left.
    if (left.size() <= 3 && dead_ends > 0 && !bad.empty()) {
      Numbers lost = left;
      const Numbers back = left;
      Move m = draw.pick(bad);
      while (true) {
        lost = after(lost, m);
        out += line_of(m, lost, puzzle.target) + "\n";
        if (lost.size() == 1) break;
        m = draw.pick(moves(lost));
      }
      out += fmt::format("Back to {}.\n", fmt::join(back, " "));
      --dead_ends;
      continue;
    }
    const Move m = draw.pick(good);
    left = after(left, m);
    out += line_of(m, left, puzzle.target) + "\n";
  }
  return out;
}

LabelledPrefix draw_prefix(const Puzzle& puzzle, Draw& draw) {
  LabelledPrefix prefix{"", true};
  Numbers left = puzzle.numbers;
  const bool want_good = draw.chance(0.5);
  for (int depth = draw.between(1, 3); depth > 0; --depth) {
    std::vector<Move> fitting;
    const std::vector<Move> all = moves(left);
    for (const Move& m : all) {
      if (!want_good || solvable(after(left, m), puzzle.target)) fitting.push_back(m);
    }
    const Move m = draw.pick(fitting.empty() ? all : fitting);
    left = after(left, m);
    prefix.text += line_of(m, left, puzzle.target) + "\n";
  }
  prefix.solvable = solvable(left, puzzle.target);
  return prefix;
}

bool solves(const Puzzle& puzzle, std::string_view answer) {
  Numbers left = puzzle.numbers;
  while (left.size() > 1) {
    const std::size_t end = answer.find('\n');
    const std::vector<std::string_view> w = words_of(answer.substr(0, end));
    answer.remove_prefix(end == answer.npos ? answer.size() : end + 1);
    if (w.size() < 5 || w[1].size() != 1 || w[3] != "=") return false;
    const auto a = number_in(w[0]), b = number_in(w[2]), result = number_in(w[4]);
    if (!a || !b || !result) return false;
    const std::vector<Move> legal = moves(left);
    const auto move = std::ranges::find_if(legal, [&](const Move& m) {
      const bool same = (m.a == *a && m.b == *b) || ((m.op == '+' || m.op == '*') && m.a == *b && m.b == *a);
      return same && m.op == w[1][0] && m.result == *result;
    });
    if (move == legal.end()) return false;
    left = after(left, *move);
  }
  return left[0] == puzzle.target;
}

}  // namespace pith::lab
