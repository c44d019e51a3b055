#include "train/corpus/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "train/corpus/grammar.h"
#include "train/corpus/lexicon.h"

namespace pith::lab {
namespace {

constexpr std::string_view kWomen[] = {"Orla",  "Selma", "Brina",  "Thea",  "Ilsa",  "Maren", "Odile",
                                       "Petra", "Runa",  "Sunna",  "Tilda", "Ursa",  "Wilma", "Ynez",
                                       "Zelda", "Adela", "Birgit", "Carmo", "Delia", "Esme"};
constexpr std::string_view kMen[] = {"Aldo",   "Bertil", "Casper",  "Dorian",  "Edgar",  "Faro", "Gorm",
                                     "Halvar", "Igor",   "Jorn",    "Kasimir", "Lothar", "Milo", "Norbert",
                                     "Osric",  "Pavel",  "Quentin", "Roald",   "Sven",   "Tibor"};
constexpr std::string_view kFamilies[] = {"Finch", "Brook", "Stone", "Reed",
                                          "Hale",  "Marsh", "Thorn", "Vale"};
// Nobody of the valley has one of these.
constexpr std::string_view kStrangers[] = {
    "Agnes",  "Boris",  "Chloe",  "Derek",  "Elvira", "Fabio",   "Gloria", "Hector", "Irene",   "Jerome",
    "Kelvin", "Linda",  "Mabel",  "Nathan", "Olga",   "Philip",  "Quincy", "Rachel", "Stanley", "Trudy",
    "Ulrich", "Vivian", "Walter", "Xenia",  "Yvonne", "Zachary", "Amos",   "Bianca", "Clive",   "Dinah"};
constexpr std::string_view kStrangeFamilies[] = {"Miller", "Carter", "Weaver", "Porter", "Fisher", "Mason",
                                                 "Cooper", "Archer", "Turner", "Potter", "Hunter", "Singer",
                                                 "Parker", "Walker", "Barker", "Harper"};

const std::vector<Attribute> kAttributes = {
    {"village",
     {"Amberly", "Birchfield", "Coldwater", "Dunmore", "Eastwick", "Fernhill", "Greyport", "Highmoor"},
     {"{name} lives in {value}.", "{name}'s home is in {value}.", "{name} has a house in {value}.",
      "In {value} there lives a {man} named {name}.", "If you go to {value}, you can meet {name}.",
      "{value} is the village where {name} lives.", "{name} comes from {value}."},
     {"Where does {name} live?", "In which village does {name} live?", "Where is the home of {name}?",
      "What village does {name} come from?", "Tell me where {name} lives."},
     {"{name} lives in {value}."}},
    {"work",
     {"baker", "miller", "sailor", "tailor", "painter", "farmer", "teacher", "smith", "singer", "weaver"},
     {"{name} works as a {value}.", "{name} is a {value}.", "The work of {name} is that of a {value}.",
      "Every day, {name} works as a {value}.", "{name} has been a {value} for many years.",
      "People know {name} as a good {value}.", "As a young {man}, {name} became a {value}."},
     {"What is the work of {name}?", "What does {name} do for a living?", "What is {name}'s job?",
      "What does {name} work as?", "Tell me what {name} does for work."},
     {"{name} is a {value}."}},
    {"pet",
     {"cat", "dog", "goat", "parrot", "pony", "rabbit", "turtle", "goose", "snake", "hen"},
     {"{name} has a {value}.", "{name} owns a {value}.", "A {value} lives with {name}.",
      "{name} takes good care of {his} {value}.", "The pet of {name} is a {value}.",
      "{name} never goes out without {his} {value}.", "At home, {name} keeps a {value}."},
     {"What pet does {name} have?", "Which animal does {name} own?", "What is the pet of {name}?",
      "What kind of pet lives with {name}?", "Tell me which pet {name} has."},
     {"{name} has a {value}."}},
    {"color",
     {"red", "blue", "green", "yellow", "white", "black", "purple", "gray"},
     {"The favorite color of {name} is {value}.", "{name} likes {value} best of all colors.",
      "{name} loves the color {value}.", "{name} always wears {value}.",
      "The house of {name} is painted {value}, {his} favorite color.",
      "{name} thinks that {value} is the most beautiful color.", "Of all colors, {name} likes {value} most."},
     {"What is the favorite color of {name}?", "What is {name}'s favorite color?",
      "Which color does {name} like best?", "What color does {name} love?",
      "Tell me the favorite color of {name}."},
     {"The favorite color of {name} is {value}."}},
    {"music",
     {"drum", "flute", "fiddle", "horn", "harp", "piano", "lute", "bell"},
     {"{name} plays the {value}.", "{name} can play the {value}.",
      "In the evening, {name} plays the {value}.", "The instrument of {name} is the {value}.",
      "{name} learned to play the {value} as a child.", "At every feast, {name} plays the {value}.",
      "When {name} plays the {value}, everyone listens."},
     {"What instrument does {name} play?", "Which instrument can {name} play?",
      "What is the instrument of {name}?", "What does {name} play at a feast?",
      "Tell me what instrument {name} plays."},
     {"{name} plays the {value}."}},
};

// What nobody in the valley has ever written down.
constexpr std::string_view kNeverKnown[] = {
    "How tall is {name}?",
    "How old is {name}?",
    "What did {name} eat today?",
    "What is the dream of {name}?",
    "Who is the best friend of {name}?",
    "When was {name} born?",
    "How much money does {name} have?",
    "What is {name} thinking about?",
};

constexpr std::string_view kNotKnown[] = {
    "I do not know.",
    "I am sorry, I do not know that.",
    "I do not know that.",
    "Sorry, I do not know.",
};

std::string draw_stranger(Draw& draw) {
  const bool known_family = draw.chance(0.3);
  return fmt::format("{} {}", draw.pick(kStrangers),
                     known_family ? draw.pick(kFamilies) : draw.pick(kStrangeFamilies));
}

std::string fill(std::string_view text, const Person& p, std::string_view value, Draw& draw) {
  FixedCast cast({{"name", p.name},
                  {"he", p.female ? "she" : "he"},
                  {"his", p.female ? "her" : "his"},
                  {"man", p.female ? "woman" : "man"},
                  {"value", std::string(value)}});
  return polish(expand(text, cast, draw));
}

}  // namespace

World::World() {
  Draw draw(hash_text("the valley"));
  std::vector<std::size_t> order(std::size(kWomen) + std::size(kMen));
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (const int round : {0, 1}) {
    draw.shuffle(order);
    for (const std::size_t i : order) {
      const bool female = i < std::size(kWomen);
      const std::string_view first = female ? kWomen[i] : kMen[i - std::size(kWomen)];
      // Two people share a first name, so that the family's name matters.
      const std::size_t family = (i * 3 + static_cast<std::size_t>(round) * 5) % std::size(kFamilies);
      Person p{fmt::format("{} {}", first, kFamilies[family]), female, {}, people_.size() % 2 == 0};
      for (const Attribute& a : kAttributes) p.values.emplace_back(draw.pick(a.values));
      people_.push_back(std::move(p));
    }
  }
}

std::string_view draw_refusal(Draw& draw) { return draw.pick(kNotKnown); }

const World& World::get() {
  static const World world;
  return world;
}

std::span<const Attribute> World::attributes() const { return kAttributes; }

const Person& World::draw_person(Draw& draw) const { return people_[draw.zipf(people_.size(), 0.5)]; }

std::string World::describe(Draw& draw) const {
  std::string text;
  const auto add = [&](const Person& p, std::size_t attribute) {
    text += (text.empty() ? "" : " ") +
            fill(draw.pick(kAttributes[attribute].statements), p, p.values[attribute], draw);
  };
  if (draw.chance(0.7)) {
    std::vector<std::size_t> order(kAttributes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    draw.shuffle(order);
    const Person& p = draw_person(draw);
    for (const std::size_t attribute : order) add(p, attribute);
  } else {
    const std::size_t attribute = draw.below(kAttributes.size());
    for (int i = 0; i < 5; ++i) add(draw_person(draw), attribute);
  }
  return text;
}

Question World::ask(const Person& person, std::size_t attribute, Draw& draw) const {
  const Attribute& a = kAttributes[attribute];
  const std::string& value = person.values[attribute];
  return {fill(draw.pick(a.questions), person, value, draw), fill(draw.pick(a.answers), person, value, draw),
          value, fmt::format("{} {}", person.name, a.name)};
}

std::string World::draw_nobody(Draw& draw) const {
  const std::span<const std::string_view> of_valley[] = {kWomen, kMen};
  const std::span<const std::string_view> strange[] = {kStrangers, girl_names(), boy_names()};
  constexpr double kParts[] = {0.4, 0.2, 0.4};  // a strange first name, a strange family, both
  const std::size_t parts = draw.weighted(kParts);
  const auto first = parts == 1 ? draw.pick(draw.pick(of_valley)) : draw.pick(draw.pick(strange));
  const auto family = parts == 0 ? draw.pick(kFamilies) : draw.pick(kStrangeFamilies);
  return fmt::format("{} {}", first, family);
}

Question World::ask_unknown(bool drill, Draw& draw) const {
  Person p;
  std::string_view question, about;
  if (draw.chance(0.3)) {
    p = draw.until([&] { return draw_person(draw); },
                   [&](const Person& drawn) { return !drill || drawn.questioned; });
    about = question = draw.pick(kNeverKnown);
  } else {
    p.name = drill ? draw_nobody(draw) : draw_stranger(draw);
    p.female = draw.chance(0.5);
    const Attribute& a = draw.pick(kAttributes);
    about = a.name;
    question = draw.pick(a.questions);
  }
  return {fill(question, p, "", draw), std::string(draw_refusal(draw)), "not know",
          fmt::format("{} {}", p.name, about)};
}

}  // namespace pith::lab
