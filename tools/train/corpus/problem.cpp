#include "train/corpus/problem.h"

#include <fmt/format.h>

#include <algorithm>

#include "train/corpus/grammar.h"
#include "train/corpus/lexicon.h"
#include "train/corpus/steps.h"

namespace pith::lab {
namespace {

// The ways to tell one kind of event in one setting: {n} is the number, or {m} groups of {n}.
struct Setting {
  std::vector<std::string_view> things;
  std::vector<std::string_view> start, plus, minus, times, plus_groups, minus_groups, ask;
};

const std::vector<Setting> kSettings = {
    {{"apples", "marbles", "stickers", "shells", "cards", "stones", "buttons", "nuts", "pencils", "stamps",
      "coins", "beads", "books", "feathers"},
     {"{name} has {n} {things}.", "{name} owns {n} {things}.", "There are {n} {things} in {name}'s box."},
     {"{friend} gives {him} {n} more.", "{He} finds {n} more.", "Then {he} gets {n} more {things}.",
      "{He} buys {n} {things}.", "{His} {elder} gives {him} {n} {things}."},
     {"{He} gives {n} to {friend}.", "{He} loses {n} of them.", "Then {he} sells {n} {things}.",
      "{friend} takes {n} {things}.", "{He} gives away {n}."},
     {"A month later, {he} has {n} times as many.", "Then the number of {things} becomes {n} times as big.",
      "By winter, {he} has {n} times as many {things}."},
     {"{He} buys {m} bags with {n} {things} in each.", "{m} friends give {him} {n} {things} each.",
      "{He} finds {m} boxes with {n} {things} in each."},
     {"{He} gives {n} {things} to each of {m} friends.",
      "{He} fills {m} bags with {n} {things} each and sells them."},
     {"How many {things} does {name} have now?", "How many {things} are left in the end?",
      "How many {things} does {he} have in the end?"}},
    {{"loaves", "cakes", "buns", "pies", "cookies", "muffins"},
     {"A baker has {n} {things}.", "{name} the baker has {n} {things} in the shop.",
      "There are {n} {things} in the bakery."},
     {"{name} bakes {n} more.", "Then {n} fresh {things} come out of the oven.",
      "A helper brings {n} {things}."},
     {"People buy {n} of them.", "{n} {things} are sold.", "{friend} buys {n} {things}.",
      "The birds steal {n} {things}."},
     {"For a feast, {name} makes it {n} times as many.",
      "The next day there are {n} times as many {things}."},
     {"{name} bakes {m} trays with {n} {things} on each.", "{m} boys bring {n} {things} each."},
     {"{m} people buy {n} {things} each.",
      "{name} packs {m} boxes with {n} {things} each and sends them away."},
     {"How many {things} are in the shop now?", "How many {things} are there in the end?"}},
    {{"people", "children"},
     {"There are {n} {things} on a train.", "A train leaves with {n} {things}.",
      "{n} {things} sit in a ship."},
     {"At the next stop, {n} {things} get on.", "Then {n} more {things} come in.", "{n} {things} get on."},
     {"At the next stop, {n} {things} get off.", "Then {n} {things} leave.", "{n} {things} get off."},
     {"In the city, the number of {things} becomes {n} times as big.",
      "At the harbor, there are suddenly {n} times as many."},
     {"Then {m} groups of {n} {things} get on.", "{m} families of {n} {things} come in."},
     {"Then {m} groups of {n} {things} get off.", "{m} families of {n} {things} leave."},
     {"How many {things} are there now?", "How many {things} are there at the end of the trip?"}},
    {{"dollars", "coins"},
     {"{name} has {n} {things}.", "{name} has saved {n} {things}.",
      "There are {n} {things} in {name}'s purse."},
     {"{He} earns {n} {things}.", "{His} {elder} gives {him} {n} {things}.",
      "{He} gets {n} {things} for {his} birthday.", "{He} sells a hat for {n} {things}."},
     {"{He} pays {n} {things} for a book.", "{He} spends {n} {things}.",
      "{He} gives {n} {things} to {friend}.", "{He} buys a lamp for {n} {things}."},
     {"With some luck, {he} makes it {n} times as much.", "A year later, {he} has {n} times as much."},
     {"{He} works {m} days and earns {n} {things} each day.",
      "{He} sells {m} pictures for {n} {things} each."},
     {"{He} buys {m} tickets for {n} {things} each.", "{He} pays {m} helpers {n} {things} each."},
     {"How many {things} does {name} have now?", "How much money does {he} have now, in {things}?",
      "How many {things} are left?"}},
    {{"sheep", "hens", "ducks", "cows", "goats", "rabbits"},
     {"A farmer has {n} {things}.", "There are {n} {things} on {name}'s farm.",
      "{name} the farmer has {n} {things}."},
     {"{n} more are born.", "The farmer buys {n} more {things}.", "{friend} brings {n} {things}."},
     {"{n} {things} run away.", "The farmer sells {n} {things}.", "{friend} takes {n} of the {things}."},
     {"After some years, there are {n} times as many {things}.", "The flock grows to {n} times its size."},
     {"The farmer buys {m} groups of {n} {things}.", "{m} neighbors bring {n} {things} each."},
     {"The farmer sells {m} groups of {n} {things}.", "{m} neighbors take {n} {things} each."},
     {"How many {things} are on the farm now?", "How many {things} does the farmer have in the end?"}},
};

int total_after(int total, const Event& e) { return apply(total, e.op, e.b > 0 ? e.a * e.b : e.a); }

Event draw_any_event(Draw& draw) {
  constexpr double kKinds[] = {0.34, 0.34, 0.12, 0.1, 0.1};  // + - * +groups -groups
  switch (draw.weighted(kKinds)) {
    case 0: return {'+', draw.between(2, 99)};
    case 1: return {'-', draw.between(2, 99)};
    case 2: return {'*', draw.between(2, 9)};
    case 3: return {'+', draw.between(2, 9), draw.between(2, 30)};
    default: return {'-', draw.between(2, 9), draw.between(2, 30)};
  }
}

// An event that keeps the total within bounds; `room` is how many steps it may take.
Event draw_event(int total, int room, Draw& draw) {
  return draw.until([&] { return draw_any_event(draw); },
                    [&](const Event& e) {
                      const int after = total_after(total, e);
                      return after >= 1 && after <= 999 && (e.b == 0 || room >= 2);
                    });
}

const std::vector<std::string_view>& telling(const Setting& setting, const Event& e) {
  if (e.op == '*') return setting.times;
  if (e.b == 0) return e.op == '+' ? setting.plus : setting.minus;
  return e.op == '+' ? setting.plus_groups : setting.minus_groups;
}

std::string sum_line(int a, char op, int b, Draw& draw) {
  if (op == '+' && draw.chance(0.2)) std::swap(a, b);
  return worked_sum(a, op, b, draw) + "\n";
}

}  // namespace

int Problem::steps() const {
  int n = 0;
  for (const Event& e : events) n += e.b > 0 ? 2 : 1;
  return n;
}

int Problem::answer() const {
  int total = start;
  for (const Event& e : events) total = total_after(total, e);
  return total;
}

std::string Problem::key() const {
  std::string out = std::to_string(start);
  for (const Event& e : events) {
    out += e.b > 0 ? fmt::format("{}({}*{})", e.op, e.a, e.b) : fmt::format("{}{}", e.op, e.a);
  }
  return out;
}

Problem draw_problem(int steps, Draw& draw) {
  Problem p{draw.between(2, 99), {}};
  while (p.steps() < steps) p.events.push_back(draw_event(p.answer(), steps - p.steps(), draw));
  return p;
}

std::string tell_problem(const Problem& problem, Draw& draw) {
  const Setting& setting = draw.pick(kSettings);
  const bool female = draw.chance(0.5), friend_female = draw.chance(0.5);
  const auto name = [&](bool f) {
    const auto names = f ? girl_names() : boy_names();
    return std::string(names[draw.zipf(names.size(), 0.7)]);
  };
  std::map<std::string, std::string, std::less<>> values = {
      {"he", female ? "she" : "he"},
      {"him", female ? "her" : "him"},
      {"his", female ? "her" : "his"},
      {"name", name(female)},
      {"friend", name(friend_female)},
      {"elder", std::string(find_words("elder")->cell(draw.below(8), ""))},
      {"things", std::string(draw.pick(setting.things))}};
  while (values["friend"] == values["name"]) values["friend"] = name(friend_female);
  std::string text;
  const auto tell = [&](const std::vector<std::string_view>& ways, int n, int m) {
    values["n"] = std::to_string(n), values["m"] = std::to_string(m);
    FixedCast cast(values);
    text += (text.empty() ? "" : " ") + polish(expand(draw.pick(ways), cast, draw));
  };
  tell(setting.start, problem.start, 0);
  for (const Event& e : problem.events) {
    if (e.b > 0) {
      tell(telling(setting, e), e.b, e.a);
    } else {
      tell(telling(setting, e), e.a, 0);
    }
  }
  tell(setting.ask, 0, 0);
  return text;
}

std::string worked_steps(const Problem& problem, Draw& draw) {
  std::string out;
  const bool products_first = draw.chance(0.3);
  const auto product = [&](const Event& e) { out += worked_sum(e.b, '*', e.a, draw) + "\n"; };
  if (products_first) {
    for (const Event& e : problem.events) {
      if (e.b > 0) product(e);
    }
  }
  int total = problem.start;
  for (const Event& e : problem.events) {
    if (e.b > 0 && !products_first) product(e);
    out += sum_line(total, e.op, e.b > 0 ? e.a * e.b : e.a, draw);
    total = total_after(total, e);
  }
  return out;
}

std::string final_answer(int answer) { return fmt::format("The answer is {}.", answer); }

}  // namespace pith::lab
