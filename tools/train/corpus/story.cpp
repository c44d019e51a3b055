#include "train/corpus/story.h"

#include <map>
#include <set>

#include "base/error.h"
#include "train/corpus/grammar.h"
#include "train/corpus/lexicon.h"
#include "train/corpus/plots.h"

namespace pith::lab {
namespace {

struct Pronouns {
  std::string_view he, him, his, himself;
};
constexpr Pronouns kHe = {"he", "him", "his", "himself"};
constexpr Pronouns kShe = {"she", "her", "her", "herself"};

struct Character {
  std::string name, kind;  // "Lily", "girl"
  bool female = false;
  bool animal = false;

  std::string value(std::string_view field) const {
    const Pronouns& p = female ? kShe : kHe;
    if (field.empty()) return name;
    if (field == "kind") return kind;
    if (field == "he") return std::string(p.he);
    if (field == "him") return std::string(p.him);
    if (field == "his") return std::string(p.his);
    if (field == "himself") return std::string(p.himself);
    fail("a character has no field '{}'", field);
  }
};

Character make_child(Draw& draw, bool female) {
  const auto names = female ? girl_names() : boy_names();
  return {std::string(names[draw.zipf(names.size(), 0.7)]), female ? "girl" : "boy", female, false};
}

Character make_animal(Draw& draw, bool female) {
  const WordTable& species = *find_words("species");
  return {std::string(animal_names()[draw.zipf(animal_names().size(), 0.7)]),
          std::string(species.cell(draw.zipf(species.rows.size(), 0.7), "")), female, true};
}

// Characters and things of one story. A thing is drawn when it is first spoken of, and is the same
// afterwards.
class StoryCast : public Cast {
 public:
  StoryCast(Draw& draw, bool animals) {
    const bool animal = animals && draw.chance(0.4);
    const bool female = draw.chance(0.5);
    hero_ = animal ? make_animal(draw, female) : make_child(draw, female);
    // Friends are mostly of the other sex, so that a pronoun says who is meant.
    const bool friend_female = draw.chance(0.75) ? !female : female;
    do {
      friend_ = animal ? make_animal(draw, friend_female) : make_child(draw, friend_female);
    } while (friend_.name == hero_.name || (animal && friend_.kind == hero_.kind));
    // Animals of the story are other than its heroes.
    if (animal) used_["animal"] = {hero_.kind, friend_.kind};
  }

  const Character& hero() const { return hero_; }
  const Character& companion() const { return friend_; }
  bool has(std::string_view slot) const { return drawn_.contains(slot); }

  std::string value(std::string_view slot, Draw& draw) override {
    const std::size_t dot = slot.find('.');
    const std::string_view who = slot.substr(0, dot);
    const std::string_view field = dot == slot.npos ? std::string_view() : slot.substr(dot + 1);
    if (who == "hero") return hero_.value(field);
    if (who == "friend") return friend_.value(field);
    if (who == "he" || who == "him" || who == "his" || who == "himself") return hero_.value(who);
    if (who == "kin") return hero_.female ? "sister" : "brother";
    if (who == "job" && (field == "he" || field == "him" || field == "his")) {
      if (!worker_) worker_ = draw.chance(0.5) ? &kShe : &kHe;
      return std::string(field == "he" ? worker_->he : field == "him" ? worker_->him : worker_->his);
    }
    return thing(who, field, draw);
  }

 private:
  std::string thing(std::string_view who, std::string_view field, Draw& draw) {
    std::string_view table_name = who;
    if (table_name.back() >= '2' && table_name.back() <= '9') table_name.remove_suffix(1);
    const WordTable* table = find_words(table_name);
    if (!table) fail("template: no slot '{}'", who);
    auto found = drawn_.find(who);
    if (found == drawn_.end()) {
      std::size_t row = 0;
      do {
        row = draw.zipf(table->rows.size(), 0.6);
      } while (!used_[std::string(table_name)].insert(std::string(table->cell(row, ""))).second);
      found = drawn_.emplace(who, row).first;
    }
    return std::string(table->cell(found->second, field));
  }

  Character hero_, friend_;
  const Pronouns* worker_ = nullptr;
  std::map<std::string, std::size_t, std::less<>> drawn_;
  std::map<std::string, std::set<std::string>> used_;
};

// How a story begins. {home} for children, {den} for animals.
constexpr std::string_view kOpenings[] = {
    "Once upon a time, there was a {trait} {hero.kind} named {hero}. {He} lived HOME.",
    "Once upon a time, there was a {trait} {hero.kind} named {hero} who lived HOME.",
    "Once upon a time, a {trait} {hero.kind} named {hero} lived HOME.",
    "Once upon a time, HOME, there lived a {hero.kind} named {hero}. {He} loved {hobby}.",
    "Once upon a time, there was a {hero.kind} called {hero}. {He} was very {trait}, and {he} loved {hobby}.",
    "Once upon a time, there was a {trait} {hero.kind}. {His} name was {hero}, and {he} lived HOME.",
    "Once upon a time, there lived a {trait} {hero.kind} named {hero}. Every day, {he} liked {hobby}.",
    "There once was a {trait} {hero.kind} named {hero} who loved {hobby}.",
    "{hero} was a {trait} {hero.kind} who lived HOME. {He} loved {hobby}.",
    "{hero} was a {trait} {hero.kind}. [Most of all, {he} loved {hobby}.|{He} lived HOME with {his} family.]",
    "Long ago, a {trait} {hero.kind} named {hero} lived HOME.",
    "A {trait} {hero.kind} named {hero} lived HOME. [There was nothing that {he} liked more than "
    "{hobby.ing}.|{He} loved {hobby}.]",
    "This is the story of {hero}, a {trait} {hero.kind} who lived HOME.",
    "HOME, there was a {trait} {hero.kind} named {hero}.",
};

constexpr std::string_view kFriendOpenings[] = {
    "{His} best friend was FRIEND.",
    "{hero} had a good friend, FRIEND.",
    "{He} had a friend, FRIEND, who lived nearby.",
    "{He} often played with {his} friend {friend}SPECIES.",
    "{friend}SPECIES was {his} best friend.",
};

// More about the hero, where it fits.
constexpr std::string_view kDetails[] = {
    "{He} always wore a {color} hat.",
    "{He} had a big smile and {color} shoes.",
    "{His} favorite food was {food}.",
    "Everyone liked {him}, because {he} was so {virtue}.",
    "{He} was {virtue}, but sometimes {he} was also a little {fault}.",
    "{He} was very good at {hobby.ing}.",
    "In the mornings, {he} ate {food}, and in the evenings, {he} looked at the moon.",
    "{He} knew every tree and every stone there.",
    "{weather}.",
    "{He} had a {size} {color} bag, and {he} took it everywhere.",
    "When {he} laughed, everyone had to laugh too.",
    "{His} {elder} told {him} a story every night.",
    "{He} wanted to see the whole world one day.",
    "{He} shared everything with {his} {elder}.",
};

constexpr std::string_view kClosings[] = {
    "The end.",
    "{hero} never forgot that day.",
    "What a day it was!",
    "And that is how the story ends.",
    "It was a day to remember.",
    "And they all lived happily ever after.",
    "And if you ask {hero} today, {he} will still tell you about it.",
    "{hero} smiled when {he} thought about it.",
    "\"How was your day?\" asked {his} {elder}. \"It was wonderful,\" said {hero}.",
    "That night, {hero} dreamed about it.",
    "{hero} could not wait for the next day.",
    "\"Good night, {hero},\" said {his} {elder}, and {hero} closed {his} eyes.",
    "In the evening, {hero} wrote it all down in a little book.",
    "And when {he} was old, {he} told it to the children.",
};

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  for (std::size_t at = 0; (at = out.find(from, at)) != out.npos; at += to.size()) {
    out.replace(at, from.size(), to);
  }
  return out;
}

std::string opening(const StoryCast& cast, const Plot& plot, Draw& draw, bool once) {
  // The first seven begin with "Once upon a time".
  const std::size_t n = once ? 7 : std::size(kOpenings);
  std::string text = replaced(kOpenings[draw.below(n)], "HOME", cast.hero().animal ? "{den}" : "{home}");
  if (draw.chance(0.4)) text += " " + std::string(draw.pick(kDetails));
  bool mentioned = false;
  for (const std::string_view beat : plot.beats) mentioned |= beat.find("{friend") != beat.npos;
  if (mentioned && !plot.meets) {
    const std::string line = replaced(kFriendOpenings[draw.below(std::size(kFriendOpenings))], "FRIEND",
                                      "a {friend.kind} named {friend}");
    text += " " + replaced(line, "SPECIES", cast.companion().animal ? " the {friend.kind}" : "");
  }
  return text;
}

const std::vector<const Plot*>& all_plots() {
  static const std::vector<const Plot*> plots = [] {
    std::vector<const Plot*> all;
    for (const auto table :
         {home_plots(), nature_plots(), friend_plots(), adventure_plots(), village_plots()}) {
      for (const Plot& plot : table) all.push_back(&plot);
    }
    return all;
  }();
  return plots;
}

}  // namespace

std::unique_ptr<Cast> make_cast(Draw& draw, bool animals) {
  return std::make_unique<StoryCast>(draw, animals);
}

Story tell_story(Draw& draw) {
  const Plot& plot = *draw.pick(all_plots());
  StoryCast cast(draw, plot.animals);
  Story story;
  story.key = std::string(plot.name) + ":";
  const bool once = draw.chance(0.4);
  const bool paragraphs = draw.chance(0.7);
  std::string text = polish(expand(opening(cast, plot, draw, once), cast, draw));
  for (const std::string_view beat : plot.beats) {
    text += (paragraphs ? "\n\n" : " ") + polish(expand(beat, cast, draw, &story.key));
  }
  if (draw.chance(0.35)) {
    text += " " + polish(expand(kClosings[draw.below(std::size(kClosings))], cast, draw));
  }
  story.text = std::move(text);
  story.hero = cast.hero().name;
  story.about = polish("a " + cast.hero().kind) + " named " + story.hero;
  story.about[0] = 'a';
  return story;
}

}  // namespace pith::lab
