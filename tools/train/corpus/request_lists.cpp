// Instructions about words and numbers: copy, reverse, sort, count, compare, extract.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "train/corpus/grammar.h"
#include "train/corpus/lexicon.h"
#include "train/corpus/request_kinds.h"

namespace pith::lab {
namespace {

constexpr std::string_view kWords[] = {
    "apple",   "bear",  "cat",  "dog",  "egg",    "fish",  "goat",  "hat",    "ice",   "jam",   "king",
    "lamp",    "moon",  "nut",  "owl",  "pig",    "queen", "rain",  "sun",    "tree",  "cup",   "van",
    "wolf",    "box",   "yarn", "ball", "corn",   "duck",  "ear",   "frog",   "gold",  "house", "ink",
    "kite",    "leaf",  "milk", "nose", "orange", "pear",  "river", "star",   "table", "uncle", "wind",
    "bread",   "chair", "door", "eye",  "fox",    "grass", "hand",  "island", "juice", "knee",  "lion",
    "mouse",   "nest",  "oven", "plum", "rose",   "snow",  "tent",  "wagon",  "bird",  "cow",   "drum",
    "feather", "green", "hill", "red",  "blue",   "white", "small", "big",    "happy", "old",   "new",
};

using Words = std::vector<std::string>;

Words draw_words(int n, Draw& draw) {
  Words words;
  while (static_cast<int>(words.size()) < n) {
    std::string word(draw.pick(kWords));
    if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
  }
  return words;
}

Words draw_numbers(int n, Draw& draw) {
  Words numbers;
  while (static_cast<int>(numbers.size()) < n) {
    std::string number = std::to_string(draw.between(1, 99));
    if (std::ranges::find(numbers, number) == numbers.end()) numbers.push_back(std::move(number));
  }
  return numbers;
}

Words draw_letters(int n, Draw& draw) {
  Words letters;
  while (static_cast<int>(letters.size()) < n) {
    std::string letter(1, static_cast<char>('a' + draw.between(0, 25)));
    if (std::ranges::find(letters, letter) == letters.end()) letters.push_back(std::move(letter));
  }
  return letters;
}

// Lists with commas or with spaces; the answer is written like the question.
std::string joined(const Words& words, bool commas) {
  return fmt::format("{}", fmt::join(words, commas ? ", " : " "));
}

std::string phrase(std::string_view text, const std::string& list, Draw& draw) {
  FixedCast cast({{"list", list}});
  return expand(text, cast, draw);
}

Words draw_list(Draw& draw, int most) {
  constexpr double kKinds[] = {0.6, 0.2, 0.2};
  const int n = draw.between(2, most);
  switch (draw.weighted(kKinds)) {
    case 0: return draw_words(n, draw);
    case 1: return draw_numbers(n, draw);
    default: return draw_letters(n, draw);
  }
}

// How often one word is in a list.
struct Counting {
  Words words;
  std::string wanted;
  Request request;
};

Counting count_word(Draw& draw) {
  const Words kinds = draw_words(3, draw);
  Counting c{{kinds[0]}, kinds[0], {}};
  for (int n = draw.between(2, 5); n > 0; --n) c.words.push_back(draw.pick(kinds));
  draw.shuffle(c.words);
  const auto count = std::ranges::count(c.words, c.wanted);
  c.request = {.kind = "count",
               .key = fmt::format("count {} in {}", c.wanted, joined(c.words, false)),
               .answer = std::to_string(count),
               .check = Check::Number};
  const std::string list = joined(c.words, draw.chance(0.4));
  FixedCast cast({{"list", list}, {"word", c.wanted}, {"n", c.request.answer}, {"s", count == 1 ? "" : "s"}});
  c.request.user = expand(
      "[How many times does {word} appear[ in this list| here|]: {list}|Count the word {word}"
      "[ in this list|]: {list}|How often is {word} in this list: {list}]",
      cast, draw);
  c.request.reply = expand("[{n}|{n} time{s}.|The word {word} appears {n} time{s}.]", cast, draw);
  return c;
}

// Two numbers, and the key of comparing them.
struct Comparison {
  int a, b;
  std::string key() const { return fmt::format("compare {} {}", std::min(a, b), std::max(a, b)); }
};

Comparison draw_comparison(Draw& draw) {
  const int most = draw.chance(0.7) ? 99 : 999;
  const int a = draw.between(1, most);
  int b = draw.between(1, most);
  while (b == a) b = draw.between(1, most);
  return {a, b};
}

std::string ask_whether(const Comparison& c, bool larger, Draw& draw) {
  FixedCast cast({{"a", std::to_string(c.a)}, {"b", std::to_string(c.b)}});
  return expand(larger ? "Is {a} [larger|bigger|more] than {b}?" : "Is {a} [smaller|less] than {b}?", cast,
                draw);
}

}  // namespace

Request request_copy(Draw& draw, Split) {
  const Words words = draw_list(draw, 6);
  const std::string list = joined(words, draw.chance(0.4));
  Request r{.kind = "copy", .key = "copy " + joined(words, false), .reply = list, .answer = list};
  r.user = phrase(
      "[Repeat|Copy|Say|Write|Write down|Say after me|Repeat after me|Echo][ this| the following| these "
      "words|]: {list}",
      list, draw);
  return r;
}

Request request_reverse(Draw& draw, Split) {
  Words words = draw_list(draw, 5);
  const bool commas = draw.chance(0.4);
  const std::string list = joined(words, commas);
  Request r{.kind = "reverse", .key = "reverse " + joined(words, false)};
  r.user = phrase(
      "[Reverse[ the list| the order of| this list|]: {list}|Write[ this| this list| these|] backwards: "
      "{list}|Turn[ this| this list|] around: {list}|Put[ this list| these] in reverse order: {list}|What is "
      "the reverse of this list: {list}]",
      list, draw);
  std::ranges::reverse(words);
  r.reply = r.answer = joined(words, commas);
  return r;
}

Request request_sort(Draw& draw, Split) {
  const bool down = draw.chance(0.3), letters = !down && draw.chance(0.35);
  const int n = draw.between(3, 5);
  Words items = letters ? draw_letters(n, draw) : draw_numbers(n, draw);
  const bool commas = draw.chance(0.4);
  const std::string list = joined(items, commas);
  Request r{.kind = "sort", .key = fmt::format("sort {} {}", down ? "down" : "up", joined(items, false))};
  constexpr std::string_view kUp =
      "[Sort[ these numbers| this list| the numbers|]: {list}|Sort from small to large: {list}|Put[ these| "
      "these numbers] in order: {list}|Order[ these numbers| from smallest to largest]: {list}|Sort these "
      "numbers from smallest to largest: {list}]";
  constexpr std::string_view kDown =
      "[Sort from large to small: {list}|Sort[ these numbers|] from largest to smallest: {list}|Put these "
      "numbers in order, largest first: {list}|Sort down: {list}]";
  constexpr std::string_view kLetters =
      "[Sort[ these letters| the letters]: {list}|Put[ these letters| the letters] in order: {list}|Sort by "
      "the alphabet: {list}|Put in the order of the alphabet: {list}]";
  r.user = phrase(letters ? kLetters : down ? kDown : kUp, list, draw);
  std::ranges::sort(items, [&](const std::string& a, const std::string& b) {
    if (letters) return a < b;
    return down ? std::stoi(a) > std::stoi(b) : std::stoi(a) < std::stoi(b);
  });
  r.reply = r.answer = joined(items, commas);
  return r;
}

Request request_count(Draw& draw, Split) {
  if (!draw.chance(0.5)) return count_word(draw).request;
  const Words words = draw_words(draw.between(2, 7), draw);
  const std::string list = joined(words, draw.chance(0.4));
  Request r{.kind = "count",
            .key = "count  in " + joined(words, false),
            .answer = std::to_string(words.size()),
            .check = Check::Number};
  FixedCast cast({{"list", list}, {"n", r.answer}});
  r.user = expand(
      "[How many words are[ in this list| there| here]: {list}|Count[ the words| these words]: {list}|"
      "How many words do you see: {list}|How long is this list: {list}]",
      cast, draw);
  r.reply = expand("[{n}|There are {n} words.|{n} words.]", cast, draw);
  return r;
}

Request request_count_worked(Draw& draw, Split) {
  Counting c = count_word(draw);
  std::string way;
  int seen = 0;
  for (const std::string& word : c.words) {
    way += (way.empty() ? "" : ", ") + (word == c.wanted ? fmt::format("{} {}", word, ++seen) : word);
  }
  c.request.reply = fmt::format("{}: {} time{}.", way, seen, seen == 1 ? "" : "s");
  return c.request;
}

Request request_compare(Draw& draw, Split) {
  const Comparison c = draw_comparison(draw);
  const auto [a, b] = c;
  const int larger = std::max(a, b), smaller = std::min(a, b);
  FixedCast cast({{"a", std::to_string(a)}, {"b", std::to_string(b)}});
  Request r{.kind = "compare", .key = c.key()};
  switch (draw.below(3)) {
    case 0:
      r.user = expand(
          "[Which[ number|] is [larger|bigger|greater], {a} or {b}?|What is [larger|bigger|more], {a} or "
          "{b}?|Which is the larger number: {a} or {b}?|Which is more: {a} or {b}?]",
          cast, draw);
      r.answer = std::to_string(larger);
      r.check = Check::Number;
      r.reply = draw.chance(0.5)
                    ? fmt::format("{} is larger than {}. The larger one is {}.", larger, smaller, larger)
                    : r.answer;
      break;
    case 1:
      r.user = expand(
          "[Which[ number|] is [smaller|less], {a} or {b}?|What is [smaller|less], {a} or {b}?|Which is the "
          "smaller number: {a} or {b}?]",
          cast, draw);
      r.answer = std::to_string(smaller);
      r.check = Check::Number;
      r.reply = draw.chance(0.5)
                    ? fmt::format("{} is smaller than {}. The smaller one is {}.", smaller, larger, smaller)
                    : r.answer;
      break;
    default: {
      const bool up = draw.chance(0.5), yes = (a > b) == up;
      r.user = ask_whether(c, up, draw);
      r.answer = yes ? "Yes" : "No";
      r.check = Check::Contains;
      r.reply = draw.chance(0.5)
                    ? r.answer + "."
                    : fmt::format("{}, {} is {} than {}.", r.answer, a, a > b ? "larger" : "smaller", b);
    }
  }
  return r;
}

Request request_compare_worked(Draw& draw, Split) {
  const Comparison c = draw_comparison(draw);
  const bool up = draw.chance(0.5), yes = (c.a > c.b) == up;
  Request r{.kind = "compare", .key = c.key(), .answer = yes ? "Yes" : "No", .check = Check::Contains};
  r.user = ask_whether(c, up, draw);
  r.reply =
      fmt::format("{} is {} than {}, so {}.", c.a, c.a > c.b ? "larger" : "smaller", c.b, yes ? "yes" : "no");
  return r;
}

Request request_extract(Draw& draw, Split) {
  const bool female = draw.chance(0.5);
  const auto names = female ? girl_names() : boy_names();
  const auto cell = [&](std::string_view table) {
    const WordTable& words = *find_words(table);
    return std::string(words.cell(draw.below(words.rows.size()), ""));
  };
  std::map<std::string, std::string, std::less<>> values = {
      {"name", std::string(names[draw.below(names.size())])},
      {"n", std::to_string(draw.between(2, 99))},
      {"color", cell("color")},
      {"many", std::string(find_words("fruit")->cell(draw.below(12), "many"))},
      {"animal", cell("animal")},
      {"place", cell("place")},
      {"he", female ? "she" : "he"}};
  FixedCast cast(values);
  const std::string text =
      polish(expand("[On the way to {place}, {name} saw a {color} {animal} and {n} {many}.|{name} bought {n} "
                    "{many} and a {color} hat for the {animal}.|There were {n} {many} in the {color} basket "
                    "that {name} gave to the {animal}.|{name} went to {place} with a {color} {animal} and "
                    "ate {n} {many}.|At {place}, a {color} {animal} stole {n} {many} from {name}.]",
                    cast, draw));
  constexpr std::string_view kWanted[][2] = {
      {"n", "[Which number is in this text|Find the number|What number do you see|Take out the number]: "},
      {"color", "[Which color is in this text|Find the color|What color is named here|Take out the color]: "},
      {"name", "[Which name is in this text|Find the name|Who is named here|Take out the name]: "},
      {"animal",
       "[Which animal is in this text|Find the animal|What animal is named here|Take out the animal]: "}};
  const auto& wanted = kWanted[draw.below(4)];
  const std::string& answer = values.find(wanted[0])->second;
  Request r{.kind = "extract",
            .key = fmt::format("extract {} {}", wanted[0], text),
            .reply = answer,
            .answer = answer};
  r.user = expand(wanted[1], cast, draw) + text;
  return r;
}

}  // namespace pith::lab
