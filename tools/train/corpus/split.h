// Which part of the data a problem belongs to, by what it is and not by how it is told.
#pragma once

#include <string_view>

namespace pith::lab {

enum class Split { Train, Validation, Test };

/// By the hash of the canonical key: 1 in 20 for validation, 1 in 20 for the test. A problem told with other
/// names has the same key, so it is in the same part.
Split split_of(std::string_view key);
std::string_view name_of(Split split);

}  // namespace pith::lab
