// Patterns of tensor names: {} stands for a layer's number, {e} for an expert's or a head's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pith {

struct NameMatch {
  std::string layer, expert;  ///< the numbers; empty where the pattern has none
  std::string rest;           ///< what follows the pattern
};

/// Matches the beginning of `name`; nothing where it does not fit.
std::optional<NameMatch> match_name(std::string_view pattern, std::string_view name);

/// The pattern with its holes filled in.
std::string fill_name(std::string_view pattern, const NameMatch& numbers);

}  // namespace pith
