#include "train/corpus/steps.h"

#include <fmt/format.h>

namespace pith::lab {
namespace {

// The place values of a number: 123 -> 100 + 20 + 3, times `factor`.
std::string products(int a, int factor) {
  std::string out;
  for (const int place : {100, 10, 1}) {
    const int part = a / place % 10 * place;
    if (part == 0) continue;
    if (!out.empty()) out += " + ";
    out += std::to_string(part * factor);
  }
  return out;
}

}  // namespace

int apply(int a, char op, int b) { return op == '+' ? a + b : op == '-' ? a - b : a * b; }

std::string plain_sum(int a, char op, int b) {
  return fmt::format("{} {} {} = {}", a, op, b, apply(a, op, b));
}

std::string worked_sum(int a, char op, int b, Draw& draw) {
  const int result = apply(a, op, b), units = b % 10, tens = b - units;
  if (op == '*') {
    if (a < 10 || a % 10 == 0 || draw.chance(0.1)) return plain_sum(a, op, b);
    const int hundreds = a / 100 * 100 * b, rest = result - hundreds;
    std::string way = products(a, b);
    if (hundreds > 0 && a % 100 >= 10 && a % 10 > 0) way += fmt::format(" = {} + {}", hundreds, rest);
    return fmt::format("{} * {} = {} = {}", a, b, way, result);
  }
  if (tens == 0 || units == 0 || a < 10) return plain_sum(a, op, b);
  constexpr double kWays[] = {0.2, 0.55, 0.25};  // plain, tens first, units first
  switch (draw.weighted(kWays)) {
    case 0: return plain_sum(a, op, b);
    case 1:
      if (op == '-' && a < tens) return plain_sum(a, op, b);
      return fmt::format("{} {} {} = {} {} {} = {}", a, op, b, apply(a, op, tens), op, units, result);
    default: return fmt::format("{} {} {} = {} {} {} = {}", a, op, b, apply(a, op, units), op, tens, result);
  }
}

}  // namespace pith::lab
