#include "tensor/types.h"

#include <algorithm>

namespace pith {

const TypeInfo* find_type(std::string_view name) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  for (const TypeInfo& t : kTypes) {
    if (std::ranges::equal(t.name, name, {}, upper, upper)) return &t;
  }
  return nullptr;
}

}  // namespace pith
