// Short stories: a cast, a plot out of the table, an opening and an ending.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "train/corpus/grammar.h"

namespace pith::lab {

/// A question about a story, with the answer that stands in it.
struct StoryQuestion {
  std::string question, answer;
};

struct Story {
  std::string text;
  std::string key;    ///< the plot's skeleton: its name and the choices that shape what happens
  std::string hero;   ///< a name
  std::string about;  ///< what a request may ask for: "a girl named Lily", "a bear"
  std::vector<StoryQuestion> questions;
};

Story tell_story(Draw& draw);

/// Hero, friend and things of a new story (see plots.h for the slots).
std::unique_ptr<Cast> make_cast(Draw& draw, bool animals);

/// A few sentences with a person, a place and a thing, to be asked about.
Story tell_scene(Draw& draw);

}  // namespace pith::lab
