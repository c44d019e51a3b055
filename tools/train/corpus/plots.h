// The plots of the stories, as templates (see grammar.h). Text of this project's own.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace pith::lab {

struct Plot {
  std::string_view name;
  std::vector<std::string_view> beats;  ///< paragraphs' worth of sentences, in order
  bool animals = true;                  ///< the hero may be an animal
  bool meets = false;                   ///< hero and friend do not know each other at the beginning
};

// Slots: {hero} {he} {him} {his} {himself}; {friend} {friend.he} ...; {elder} is a word such as "mother", to
// be used as "{his} {elder}" with {elder.he}; every table of lexicon.h under its name, as {toy} or
// {place.at}; a number at the end ({animal2}) asks for another row of the same table.
std::span<const Plot> home_plots();
std::span<const Plot> nature_plots();
std::span<const Plot> friend_plots();
std::span<const Plot> adventure_plots();
std::span<const Plot> village_plots();

}  // namespace pith::lab
