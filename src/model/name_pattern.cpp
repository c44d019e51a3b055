#include "model/name_pattern.h"

namespace pith {

std::optional<NameMatch> match_name(std::string_view pattern, std::string_view name) {
  NameMatch match;
  while (!pattern.empty()) {
    const bool layer = pattern.starts_with("{}");
    if (layer || pattern.starts_with("{e}")) {
      pattern.remove_prefix(layer ? 2 : 3);
      std::string& number = layer ? match.layer : match.expert;
      while (!name.empty() && name[0] >= '0' && name[0] <= '9') number += name[0], name.remove_prefix(1);
      if (number.empty()) return std::nullopt;
    } else {
      if (name.empty() || name[0] != pattern[0]) return std::nullopt;
      pattern.remove_prefix(1);
      name.remove_prefix(1);
    }
  }
  match.rest = name;
  return match;
}

std::string fill_name(std::string_view pattern, const NameMatch& numbers) {
  std::string out;
  while (!pattern.empty()) {
    const bool layer = pattern.starts_with("{}");
    if (layer || pattern.starts_with("{e}")) {
      out += layer ? numbers.layer : numbers.expert;
      pattern.remove_prefix(layer ? 2 : 3);
    } else {
      out += pattern[0];
      pattern.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace pith
