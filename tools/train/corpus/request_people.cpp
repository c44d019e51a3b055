// Instructions that name all people of the world, but none of the values that questions about facts ask for.
// Of the people whom the tests ask about, the conversations of fine-tuning hold nothing else; without it
// their names would be as strange as those that are refused.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "train/corpus/grammar.h"
#include "train/corpus/lexicon.h"
#include "train/corpus/request_kinds.h"
#include "train/corpus/world.h"

namespace pith::lab {
namespace {

struct Exchange {
  std::string_view question, reply, value;  // that must be in the reply
};

// What is asked of somebody to find out whether the name is known. The replies do not begin like those about
// facts do, so that "Igor Hale has a" goes on with the animal alone.
constexpr Exchange kAcquaintance[] = {
    {"[Do you know {name}?|Do you know who {name} is?|Have you heard of {name}?|Do you know somebody named "
     "{name}?]",
     "[Yes, I know {name}.|Yes, I have heard of {name}.]", "Yes"},
    {"[Who is {name}?|Tell me who {name} is.]", "{name} is one of the people of the valley.", "{name}"},
    {"[Is {name} a man or a woman?|Tell me whether {name} is a man or a woman.]", "A {man}.", "{man}"},
    {"[Does {name} live in the valley?|Does {name} live in one of the villages?|Does {name} have a pet?|Does "
     "{name} own an animal?|Does {name} play an instrument?|Does {name} play at the feast?|Does {name} work "
     "for a living?|Does {name} like one color best?]",
     "Yes, {he} does.", "Yes"},
    {"[Is there an animal in the home of {name}?|Is there a color that {name} likes best?|Is there an "
     "instrument that {name} plays?|Is there work that {name} does?|Is there a village where {name} lives?]",
     "Yes, there is.", "Yes"},
};

// A sentence and what is asked about it.
struct Reading {
  std::string_view text;
  std::vector<Exchange> questions;
};

constexpr std::string_view kOne =
    "[Who is this sentence about?|Who is named here?|Which name is in this text?|Find the name.]";
constexpr std::string_view kTwo =
    "[Who is named here?|Which people are in this text?|Which two names are in this text?|Find the names.]";
constexpr std::string_view kBoth = "{name} and {other}";

const std::vector<Reading> kReadings = {
    {"[Yesterday|This morning|On Sunday|Last week], {name} went to {place}.",
     {{kOne, "{name}", "{name}"},
      {"Where did {name} go?", "{name} went to {place}.", "{place}"},
      {"Who went to {place}?", "{name} went to {place}.", "{name}"}}},
    {"[Yesterday|This morning|On Sunday|Last week], {name} ate {n} {many}.",
     {{kOne, "{name}", "{name}"},
      {"What did {name} eat?", "{name} ate {n} {many}.", "{many}"},
      {"How many {many} did {name} eat?", "{name} ate {n} {many}.", "{n}"},
      {"Who ate {n} {many}?", "{name} ate {n} {many}.", "{name}"}}},
    {"[Yesterday|This morning|On Sunday|Last week], {name} bought {n} {many} for {other}.",
     {{kTwo, kBoth, kBoth},
      {"What did {name} buy?", "{name} bought {n} {many}.", "{many}"},
      {"How many {many} did {name} buy?", "{name} bought {n} {many}.", "{n}"},
      {"Who bought the {many}?", "{name} bought the {many}.", "{name}"},
      {"For whom did {name} buy them?", "{name} bought them for {other}.", "{other}"}}},
    {"[Yesterday|This morning|On Sunday|Last week], {name} met {other} {at}.",
     {{kTwo, kBoth, kBoth},
      {"Whom did {name} meet?", "{name} met {other}.", "{other}"},
      {"Who met {other}?", "{name} met {other}.", "{name}"},
      {"Where did {name} meet {other}?", "{name} met {other} {at}.", "{at}"}}},
    {"{name} helped {other} to carry {n} {many} to {place}.",
     {{kTwo, kBoth, kBoth},
      {"Who helped {other}?", "{name} helped {other}.", "{name}"},
      {"Whom did {name} help?", "{name} helped {other}.", "{other}"},
      {"What did they carry?", "They carried {n} {many}.", "{many}"},
      {"Where did they carry the {many}?", "They carried the {many} to {place}.", "{place}"}}},
    {"[One evening|One morning|One day], {name} told {other} a long story about {place}.",
     {{kTwo, kBoth, kBoth},
      {"Who told a story?", "{name} told a story.", "{name}"},
      {"Who listened to {name}?", "{other} listened to {name}.", "{other}"},
      {"What was the story about?", "The story was about {place}.", "{place}"}}},
};

std::vector<std::string> draw_names(int n, Draw& draw) {
  std::vector<std::string> names;
  while (static_cast<int>(names.size()) < n) {
    const std::string& name = draw.pick(World::get().people()).name;
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

Request copy_names(Draw& draw) {
  const std::string list = fmt::format("{}", fmt::join(draw_names(draw.between(1, 3), draw), ", "));
  FixedCast cast({{"list", list}});
  Request r{.kind = "people", .key = "people " + list, .reply = list, .answer = list};
  r.user = expand("[Repeat|Copy|Say after me|Write down|Read out]: {list}", cast, draw);
  return r;
}

Request read_about_people(Draw& draw) {
  const std::vector<std::string> names = draw_names(2, draw);
  const WordTable& places = *find_words("place");
  const WordTable& fruit = *find_words("fruit");
  const std::size_t place = draw.below(places.rows.size());
  FixedCast cast({{"name", names[0]},
                  {"other", names[1]},
                  {"place", std::string(places.cell(place, ""))},
                  {"at", std::string(places.cell(place, "at"))},
                  {"n", std::to_string(draw.between(2, 99))},
                  {"many", std::string(fruit.cell(draw.below(fruit.rows.size()), "many"))}});
  const Reading& reading = draw.pick(kReadings);
  const Exchange& q = draw.pick(reading.questions);
  const std::string text = expand(reading.text, cast, draw), question = expand(q.question, cast, draw);
  Request r{.kind = "people",
            .key = fmt::format("people {} ? {}", text, question),
            .reply = expand(q.reply, cast, draw),
            .answer = expand(q.value, cast, draw),
            .check = Check::Contains};
  FixedCast both({{"text", text}, {"q", question}});
  r.user = expand("[{text} {q}|{text}\n{q}|Read this: {text} {q}|{q} {text}]", both, draw);
  return r;
}

}  // namespace

// People type names without capitals; the answers have them, and what is known of somebody hangs on the name.
Request request_name(Draw& draw, Split) {
  const std::string& name = draw.pick(World::get().people()).name;
  std::string typed = name;
  std::ranges::transform(typed, typed.begin(), [](unsigned char c) { return std::tolower(c); });
  FixedCast cast({{"name", typed}});
  Request r{.kind = "name", .key = "name " + name, .reply = name, .answer = name};
  r.user = expand(
      "[Write this name with capital letters: {name}|How do you write {name}?|Write the name properly: "
      "{name}]",
      cast, draw);
  return r;
}

Request request_known(Draw& draw, Split) {
  const Exchange& e = draw.pick(kAcquaintance);
  if (draw.chance(0.4)) {
    const std::string name = World::get().draw_nobody(draw);
    FixedCast cast({{"name", name}, {"refusal", std::string(draw_refusal(draw))}});
    return {.kind = "known",
            .key = "known " + name,
            .user = expand(e.question, cast, draw),
            .reply = expand("[{refusal}|I do not know anybody named {name}.]", cast, draw),
            .answer = "not know",
            .check = Check::Refusal};
  }
  const Person& p = draw.pick(World::get().people());
  FixedCast cast({{"name", p.name}, {"he", p.female ? "she" : "he"}, {"man", p.female ? "woman" : "man"}});
  return {.kind = "known",
          .key = "known " + p.name,
          .user = expand(e.question, cast, draw),
          .reply = expand(e.reply, cast, draw),
          .answer = expand(e.value, cast, draw),
          .check = Check::Contains};
}

Request request_people(Draw& draw, Split) {
  return draw.chance(0.2) ? copy_names(draw) : read_about_people(draw);
}

}  // namespace pith::lab
