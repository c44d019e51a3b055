// safetensors: named tensors behind a JSON header, read in place.
// Reference: README.md of huggingface/safetensors, "Format".
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "format/model_file.h"

namespace pith {

/// Adds the tensors of one file in memory to `table`; they point into `bytes`. `path` names it in messages.
/// Dimensions are reversed to innermost first; a scalar has the shape 1. Unsigned integers and booleans are
/// read as the signed integer of their width: the engine only passes their bytes on. Throws Error: malformed
/// or truncated, an unsupported type, more than four dimensions, a zero dimension, data with overlaps or
/// holes, a name that the table has already.
void parse_safetensors(std::span<const std::byte> bytes, std::string_view path, TensorTable& table);

}  // namespace pith
