// Sums written out: what a small model can do digit by digit, in steps that each are easy.
#pragma once

#include <string>

#include "train/corpus/draw.h"

namespace pith::lab {

/// a op b with op one of + - *; 0 <= result <= 999.
int apply(int a, char op, int b);

/// "48 + 37 = 85".
std::string plain_sum(int a, char op, int b);

/// The same with the way to the result, which varies: "48 + 37 = 78 + 7 = 85", "48 + 37 = 55 + 30 = 85", "23
/// * 7 = 140 + 21 = 161". What takes no such way, because a number is below ten or round, is left plain.
std::string worked_sum(int a, char op, int b, Draw& draw);

}  // namespace pith::lab
