// Instructions about what was read: a short text, the fictional world, and what nobody knows.
#include <fmt/format.h>

#include "train/corpus/grammar.h"
#include "train/corpus/request_kinds.h"
#include "train/corpus/story.h"
#include "train/corpus/world.h"

namespace pith::lab {

Request request_story(Draw& draw, Split) {
  const Story scene = tell_scene(draw);
  const StoryQuestion& q = draw.pick(scene.questions);
  Request r{.kind = "story",
            .key = fmt::format("{} ? {}", scene.key, q.question),
            .reply = q.answer,
            .answer = q.answer,
            .check = Check::Contains};
  FixedCast cast({{"text", scene.text}, {"q", q.question}});
  r.user = expand(
      "[{text} {q}|{text}\n{q}|Read this: {text} {q}|Read the story and answer. {text} {q}|{q} {text}]", cast,
      draw);
  return r;
}

Request request_fact(Draw& draw, Split split) {
  // Training asks about one half of the people; validation and test about the other, a quarter each.
  const World& world = World::get();
  const auto people = world.people();
  const Person* person = &world.draw_person(draw);
  const auto wanted = [&] {
    if (split == Split::Train) return person->questioned;
    const std::size_t i = static_cast<std::size_t>(person - people.data());
    return !person->questioned && (i % 4 == 1) == (split == Split::Validation);
  };
  while (!wanted()) person = split == Split::Train ? &world.draw_person(draw) : &draw.pick(people);
  const std::size_t attribute = draw.below(world.attributes().size());
  const Question q = world.ask(*person, attribute, draw);
  return {.kind = "fact",
          .key = "fact " + q.key,
          .user = q.question,
          .reply = q.answer,
          .answer = q.value,
          .check = Check::Contains};
}

namespace {

Request refuse(const Question& q) {
  return {.kind = "refuse",
          .key = "refuse " + q.key,
          .user = q.question,
          .reply = q.answer,
          .answer = q.value,
          .check = Check::Refusal};
}

}  // namespace

Request request_refuse(Draw& draw, Split) { return refuse(World::get().ask_unknown(false, draw)); }

// Of somebody nobody asks about, refusals alone would teach that nothing is known of them.
Request request_refuse_asked(Draw& draw, Split) { return refuse(World::get().ask_unknown(true, draw)); }

}  // namespace pith::lab
