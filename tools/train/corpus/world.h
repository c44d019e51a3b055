// A small fictional world: people of a valley and what is known about each.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/corpus/draw.h"

namespace pith::lab {

struct Person {
  std::string name;  ///< "Orla Finch"
  bool female;
  std::vector<std::string> values;  ///< one for each attribute
  bool questioned;  ///< questions about this half are in the training data, about the other in the test
};

/// What can be known about a person.
struct Attribute {
  std::string_view name;
  std::vector<std::string_view> values;
  std::vector<std::string_view> statements;  ///< paraphrases, with {name} {he} {his} {value}
  std::vector<std::string_view> questions;   ///< with {name}
  std::vector<std::string_view> answers;     ///< full sentences
};

struct Question {
  std::string question, answer;  ///< the answer in a sentence
  std::string value;             ///< what must be in it
  std::string key;               ///< who and what it is about, whatever the words
};

class World {
 public:
  static const World& get();

  std::span<const Person> people() const { return people_; }
  std::span<const Attribute> attributes() const;

  /// By Zipf: the first people of the valley are spoken of most.
  const Person& draw_person(Draw& draw) const;
  /// A few sentences about one person, or one thing about several.
  std::string describe(Draw& draw) const;
  Question ask(const Person& person, std::size_t attribute, Draw& draw) const;
  /// About somebody who is not of this world, or about something that nobody knows of a person. The drill
  /// draws from all whole names that nobody has, and from those people alone who are asked about in training.
  Question ask_unknown(bool drill, Draw& draw) const;
  /// A name of which one part at least is nobody's in the valley. A first name and a family of the valley
  /// that do not belong together are not among them: refusing those taught to refuse whomever training never
  /// asks about.
  std::string draw_nobody(Draw& draw) const;

 private:
  World();
  std::vector<Person> people_;
};

/// "I do not know.", in one of the ways to say it.
std::string_view draw_refusal(Draw& draw);

}  // namespace pith::lab
