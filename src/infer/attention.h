// Sizes of attention's scratch memory; the operation itself is declared in pass.h.
#pragma once

#include <cstddef>

#include "kernels/kernels.h"
#include "model/spec.h"

namespace pith {

/// Bytes of scratch a thread needs for this attention.
std::size_t attention_scratch(const Kernels& kernels, const AttentionSpec& spec);

}  // namespace pith
