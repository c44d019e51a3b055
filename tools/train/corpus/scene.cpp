// Short texts that can be asked about: who, where, what, with whom.
#include "train/corpus/grammar.h"
#include "train/corpus/lexicon.h"
#include "train/corpus/story.h"

namespace pith::lab {
namespace {

struct SceneKind {
  std::string_view name;
  std::vector<std::string_view> sentences;
  std::vector<std::pair<std::string_view, std::string_view>> questions;  // with the short answer
};

const std::vector<SceneKind> kScenes = {
    {"outing",
     {"[One day|This morning|On Sunday], {hero} went to {place}[ with {his} {elder}|].",
      "There {he} [found|saw|bought] a {color} {toy}.",
      "[After that|Then], {he} met {friend}, and they ate {food}."},
     {{"Where did {hero} go?", "{place}"},
      {"What color was the {toy}?", "{color}"},
      {"Whom did {hero} meet?", "{friend}"},
      {"What did they eat?", "{food}"}}},
    {"gift",
     {"{hero} wanted to give {his} {elder} a {toy}.",
      "{He} looked for it at {place} and found a {color} one.",
      "[{friend} helped {him} to carry it home.|On the way home, {he} met {friend}.]"},
     {{"Who wanted to give a gift?", "{hero}"},
      {"Who was the gift for?", "{elder}"},
      {"What color was the {toy}?", "{color}"},
      {"Where did {hero} look for it?", "{place}"}}},
    {"animal",
     {"{hero} has a {pet}. It is {color} and very {trait}.", "Every day, they go to {place}.",
      "[One day|Last week], it ran away, and {friend} found it {spot}."},
     {{"What pet does {hero} have?", "{pet}"},
      {"What color is the {pet}?", "{color}"},
      {"Who found it?", "{friend}"},
      {"Where was it found?", "{spot}"},
      {"Where do they go every day?", "{place}"}}},
    {"cooking",
     {"{hero} and {friend} wanted to make {food}.",
      "[First|In the morning], they went to {place} to get some {fruit.many} and a {color} pot.",
      "{weather}, so they ate outside [with|together with] {hero}'s {elder}."},
     {{"What did they want to make?", "{food}"},
      {"What color was the pot?", "{color}"},
      {"Where did they go?", "{place}"},
      {"Who helped {hero}?", "{friend}"}}},
    {"lost",
     {"{hero} lost a {toy} [yesterday|last night|on Monday].",
      "{He} looked for it {corner}, but it was {spot}.",
      "{friend} found it and got a {fruit} as a thank you."},
     {{"What did {hero} lose?", "{toy}"},
      {"Where was the {toy}?", "{spot}"},
      {"Who found the {toy}?", "{friend}"},
      {"What did {friend} get?", "{fruit}"}}},
    {"work",
     {"{hero} works as a {job} {place.at}.", "{His} house is {color}, and {he} lives there with a {pet}.",
      "[In the evening|After work], {he} eats {food} with {friend}."},
     {{"What is the work of {hero}?", "{job}"},
      {"What color is the house?", "{color}"},
      {"What animal lives with {hero}?", "{pet}"},
      {"What does {hero} eat?", "{food}"},
      {"Who eats with {hero}?", "{friend}"}}},
};

}  // namespace

Story tell_scene(Draw& draw) {
  const SceneKind& kind = draw.pick(kScenes);
  const std::unique_ptr<Cast> cast = make_cast(draw, false);
  Story scene;
  for (const std::string_view sentence : kind.sentences) {
    scene.text += (scene.text.empty() ? "" : " ") + polish(expand(sentence, *cast, draw));
  }
  scene.key = scene.text;
  for (const auto& [question, answer] : kind.questions) {
    Draw nothing(0);  // every slot has been drawn by now
    scene.questions.push_back({polish(expand(question, *cast, nothing)), expand(answer, *cast, nothing)});
  }
  return scene;
}

}  // namespace pith::lab
