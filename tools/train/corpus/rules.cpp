#include "train/corpus/rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace pith::lab {
namespace {

using Items = std::vector<std::string>;

// What a simple change may need beside the list.
enum class Argument { None, Symbol, Number };

struct Change {
  std::string_view name;
  Argument argument;
  bool digits_only;
  void (*apply)(Items& items, int argument, bool digits);
};

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";

std::string symbol(int index, bool digits) {
  return digits ? std::to_string(index % 10) : std::string(1, kLetters[static_cast<std::size_t>(index % 26)]);
}

// The most common changes first (Zipf).
constexpr Change kChanges[] = {
    {"reverse", Argument::None, false, [](Items& x, int, bool) { std::ranges::reverse(x); }},
    {"append", Argument::Symbol, false, [](Items& x, int a, bool d) { x.push_back(symbol(a, d)); }},
    {"prepend", Argument::Symbol, false, [](Items& x, int a, bool d) { x.insert(x.begin(), symbol(a, d)); }},
    {"first", Argument::None, false, [](Items& x, int, bool) { x.resize(1); }},
    {"last", Argument::None, false, [](Items& x, int, bool) { x.erase(x.begin(), x.end() - 1); }},
    {"drop first", Argument::None, false,
     [](Items& x, int, bool) {
       if (x.size() > 1) x.erase(x.begin());
     }},
    {"drop last", Argument::None, false,
     [](Items& x, int, bool) {
       if (x.size() > 1) x.pop_back();
     }},
    {"add", Argument::Number, true,
     [](Items& x, int a, bool) {
       for (std::string& i : x) i = std::to_string((std::stoi(i) + 1 + a % 8) % 10);
     }},
    {"sort", Argument::None, false, [](Items& x, int, bool) { std::ranges::sort(x); }},
    {"rotate", Argument::None, false, [](Items& x, int, bool) { std::ranges::rotate(x, x.begin() + 1); }},
    {"swap first", Argument::None, false, [](Items& x, int, bool) { std::swap(x[0], x[1 % x.size()]); }},
    {"double first", Argument::None, false, [](Items& x, int, bool) { x.insert(x.begin(), x.front()); }},
    {"double last", Argument::None, false, [](Items& x, int, bool) { x.push_back(x.back()); }},
    {"sort down", Argument::None, false, [](Items& x, int, bool) { std::ranges::sort(x, std::greater<>()); }},
    {"set first", Argument::Symbol, false, [](Items& x, int a, bool d) { x.front() = symbol(a, d); }},
    {"set last", Argument::Symbol, false, [](Items& x, int a, bool d) { x.back() = symbol(a, d); }},
    {"swap ends", Argument::None, false, [](Items& x, int, bool) { std::swap(x.front(), x.back()); }},
    {"second", Argument::None, false, [](Items& x, int, bool) { x = {x[1 % x.size()]}; }},
    {"largest", Argument::None, false, [](Items& x, int, bool) { x = {*std::ranges::max_element(x)}; }},
    {"smallest", Argument::None, false, [](Items& x, int, bool) { x = {*std::ranges::min_element(x)}; }},
    {"all", Argument::Symbol, false, [](Items& x, int a, bool d) { std::ranges::fill(x, symbol(a, d)); }},
    {"between", Argument::Symbol, false,
     [](Items& x, int a, bool d) {
       for (std::size_t i = x.size() - 1; i > 0; --i) {
         x.insert(x.begin() + static_cast<std::ptrdiff_t>(i), symbol(a, d));
       }
     }},
};

struct Kind {
  std::string_view name;
  std::vector<std::string_view> words;
};
const std::vector<Kind> kKinds = {
    {"animal",
     {"cat", "dog", "horse", "cow", "pig", "hen", "duck", "fox", "bear", "frog", "fish", "bird", "mouse",
      "goat", "sheep", "owl"}},
    {"food",
     {"bread", "cheese", "soup", "cake", "rice", "egg", "apple", "pear", "plum", "bean", "corn", "honey",
      "butter", "milk", "jam", "pie"}},
    {"thing at home",
     {"table", "chair", "bed", "lamp", "door", "cup", "pot", "clock", "shelf", "spoon", "box", "window",
      "mirror", "plate", "stove", "bath"}},
    {"clothes",
     {"hat", "coat", "shoe", "sock", "shirt", "scarf", "glove", "dress", "belt", "boot", "cap", "skirt"}},
    {"part of the body",
     {"hand", "foot", "nose", "ear", "eye", "arm", "leg", "knee", "mouth", "neck", "finger", "head"}},
    {"nature",
     {"tree", "river", "hill", "stone", "cloud", "rain", "snow", "sun", "moon", "star", "lake", "leaf",
      "wind", "sand"}},
    {"tool",
     {"hammer", "saw", "rope", "knife", "brush", "axe", "nail", "needle", "spade", "ladder", "bucket",
      "broom"}},
    {"person",
     {"king", "queen", "baker", "farmer", "teacher", "mother", "uncle", "baby", "doctor", "sailor", "singer",
      "cook"}},
};
constexpr std::string_view kLabels[] = {
    "red",  "blue",  "green", "white", "black", "yes",  "no",   "up",    "down",  "left",  "right", "one",
    "two",  "three", "four",  "five",  "hot",   "cold", "big",  "small", "north", "south", "east",  "west",
    "day",  "night", "old",   "new",   "A",     "B",    "C",    "D",     "X",     "Y",     "Z",     "go",
    "stop", "in",    "out",   "high",  "low",   "soft", "hard", "fast",  "slow",
};

Items random_list(bool digits, Draw& draw) {
  Items items(static_cast<std::size_t>(draw.between(3, 5)));
  for (std::string& i : items) i = symbol(draw.between(0, digits ? 9 : 25), digits);
  return items;
}

// Lists that tell apart what the changes do; a rule is known by what it makes of them.
const std::vector<Items>& probes() {
  static const std::vector<Items> lists = [] {
    std::vector<Items> out;
    Draw draw(1);
    for (int i = 0; i < 24; ++i) out.push_back(random_list(true, draw));
    return out;
  }();
  return lists;
}

}  // namespace

Items Rule::apply(const Part& part, Items items, bool digits) {
  kChanges[part.change].apply(items, part.argument, digits);
  return items;
}

Items Rule::change(Items items) const {
  for (const Part& part : parts_) items = apply(part, std::move(items), digits_);
  return items;
}

Rule Rule::draw(Draw& draw) {
  Rule rule;
  if (draw.chance(0.5)) {
    const int n = draw.between(2, 3);
    std::set<int> kinds;
    std::set<std::string> words;
    while (static_cast<int>(rule.labels_.size()) < n) {
      const int kind = static_cast<int>(draw.zipf(kKinds.size(), 0.5));
      const std::string word(kLabels[draw.zipf(std::size(kLabels), 0.5)]);
      if (kinds.contains(kind) || words.contains(word)) continue;
      kinds.insert(kind), words.insert(word);
      rule.labels_.push_back({kind, word});
    }
    std::ranges::sort(rule.labels_, {}, &Label::kind);
    rule.key_ = "label";
    for (const Label& l : rule.labels_) {
      rule.key_ += fmt::format(" {}={}", kKinds[static_cast<std::size_t>(l.kind)].name, l.word);
    }
    return rule;
  }
  rule.digits_ = draw.chance(0.5);
  const int n = draw.chance(0.5) ? 1 : 2;
  while (static_cast<int>(rule.parts_.size()) < n) {
    const int change = static_cast<int>(draw.zipf(std::size(kChanges), 0.5));
    if (kChanges[change].digits_only && !rule.digits_) continue;
    const bool needs = kChanges[change].argument != Argument::None;
    rule.parts_.push_back({change, needs ? static_cast<int>(draw.zipf(rule.digits_ ? 10 : 26, 0.3)) : 0});
  }
  // Over digits and over letters the same changes are different rules.
  rule.key_ = rule.digits_ ? "digits" : "letters";
  for (Items items : probes()) {
    if (!rule.digits_) {
      for (std::string& i : items) i = symbol(std::stoi(i) * 2 + 3, false);
    }
    rule.key_ += fmt::format(" {}", fmt::join(rule.change(items), ""));
  }
  rule.key_ = fmt::format("{}:{:016x}", rule.digits_ ? "digits" : "letters", hash_text(rule.key_));
  return rule;
}

RuleExample Rule::example(Draw& draw) const {
  if (parts_.empty()) {
    const Label& label = draw.pick(labels_);
    return {std::string(draw.pick(kKinds[static_cast<std::size_t>(label.kind)].words)), label.word};
  }
  const Items in = random_list(digits_, draw);
  return {fmt::format("{}", fmt::join(in, " ")), fmt::format("{}", fmt::join(change(in), " "))};
}

std::vector<RuleExample> Rule::examples(int n, Draw& draw) const {
  std::vector<RuleExample> out;
  std::set<std::string> seen;
  while (static_cast<int>(out.size()) < n) {
    RuleExample e = example(draw);
    if (seen.insert(e.in).second) out.push_back(std::move(e));
  }
  return out;
}

std::string show(const std::vector<RuleExample>& examples) {
  std::string out;
  for (const RuleExample& e : examples) out += e.in + " -> " + e.out + "\n";
  return out;
}

}  // namespace pith::lab
