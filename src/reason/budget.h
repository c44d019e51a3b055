// What is left of a budget, in texts.
#pragma once

#include <cstddef>

#include "reason/inquiry.h"

namespace pith {

/// How many of `wanted` texts are worth beginning: as many as what is left of the budget does for, should
/// they become as long as those so far. All of them where there is no budget, and at least one where nothing
/// has been spent of it yet.
std::size_t affordable(const Inquiry& inquiry, std::size_t wanted);

}  // namespace pith
