#include "train/corpus/document.h"

#include <fmt/format.h>

#include "base/error.h"
#include "train/corpus/grammar.h"
#include "train/corpus/lexicon.h"
#include "train/corpus/puzzle.h"
#include "train/corpus/rules.h"
#include "train/corpus/steps.h"
#include "train/corpus/story.h"
#include "train/corpus/world.h"

namespace pith::lab {
namespace {

std::string plain(const Request& r) { return plain_question(r.user) + " " + r.reply + "\n"; }

Document story_document(Draw& draw, Split split) {
  Story story = draw.until([&] { return tell_story(draw); },
                           [&](const Story& told) { return split_of(told.key) == split; });
  return {std::move(story.text), std::move(story.key)};
}

// Some requests of one kind, one after another: what few-shot prompts look like.
Document requests_document(std::string_view kind, int most, Draw& draw, Split split) {
  Document out;
  for (int n = draw.between(1, most); n > 0; --n) {
    const Request r = make_request(*find_kind(kind), split, draw);
    if (out.key.empty()) out.key = r.key;
    out.text += (out.text.empty() ? "" : "\n") + plain(r);
  }
  return out;
}

Document direct_document(Draw& draw, Split split) {
  return requests_document("problem-direct", 3, draw, split);
}
Document steps_document(Draw& draw, Split split) {
  return requests_document("problem-steps", 2, draw, split);
}

struct Sum {
  int a, b;
  char op;
  std::string key() const { return fmt::format("{}{}{}", a, op, b); }
};

Sum draw_sum(int most, Draw& draw) {
  constexpr double kOps[] = {0.4, 0.35, 0.25};
  const char op = "+-*"[draw.weighted(kOps)];
  if (op == '*') return {draw.between(2, draw.chance(0.6) ? 30 : 120), draw.between(2, 9), op};
  return {draw.between(2, most), draw.between(2, 99), op};
}

// Sums as they occur in the steps of problems, without words.
Document sum_document(Draw& draw, Split split) {
  if (draw.chance(0.3)) return requests_document("sum", 8, draw, split);
  Document out;
  const bool worked = draw.chance(0.7);
  const int most = draw.chance(0.5) ? 99 : 999;
  for (int n = draw.between(6, 14); n > 0; --n) {
    const Sum sum = draw.until([&] { return draw_sum(most, draw); },
                               [&](const Sum& made) {
                                 const int result = apply(made.a, made.op, made.b);
                                 return result >= 1 && result <= 999 && split_of(made.key()) == split;
                               });
    if (out.key.empty()) out.key = sum.key();
    out.text += (worked ? worked_sum(sum.a, sum.op, sum.b, draw) : plain_sum(sum.a, sum.op, sum.b)) + "\n";
  }
  return out;
}

Document rule_document(Draw& draw, Split split) {
  const Rule rule = draw.until([&] { return Rule::draw(draw); },
                               [&](const Rule& made) { return split_of(made.key()) == split; });
  return {show(rule.examples(draw.between(4, 12), draw)), rule.key()};
}

Document puzzle_document(Draw& draw, Split split) {
  if (draw.chance(0.6)) return requests_document("puzzle", 2, draw, split);
  const Puzzle puzzle = draw.until([&] { return draw_puzzle(draw); },
                                   [&](const Puzzle& made) { return split_of(made.key()) == split; });
  const std::string question = puzzle.tell(draw) + " Try and search.";
  return {plain_question(question) + " " + worked_search(puzzle, draw), puzzle.key()};
}

Document world_document(Draw& draw, Split) {
  Document out{.key = "world"};
  for (int n = draw.between(1, 3); n > 0; --n) {
    out.text += (out.text.empty() ? "" : "\n") + World::get().describe(draw) + "\n";
  }
  return out;
}

Document question_document(Draw& draw, Split split) {
  const auto kinds = instruction_kinds();
  if (draw.chance(0.7)) return requests_document(draw.pick(kinds).name, 6, draw, split);
  Document out;
  for (int n = draw.between(2, 5); n > 0; --n) {
    const Request r = make_request(draw.pick(kinds), split, draw);
    if (out.key.empty()) out.key = r.key;
    out.text += (out.text.empty() ? "" : "\n") + plain(r);
  }
  return out;
}

constexpr DocumentKind kDocuments[] = {
    {"story", story_document},         {"problem-direct", direct_document},
    {"problem-steps", steps_document}, {"sum", sum_document},
    {"rule", rule_document},           {"puzzle", puzzle_document},
    {"world", world_document},         {"question", question_document},
};

constexpr std::string_view kOpenings[] = {"Sure! ", "Of course! ", "Here you are: ", "Gladly! ",
                                          "With pleasure: "};
constexpr std::string_view kEndings[] = {" I hope this helps.", " Is there anything else?",
                                         " Let me know if you need more."};

// Style varies on purpose: the same request gets plain and polite answers, so that there is something to
// prefer.
std::string styled(std::string reply, Draw& draw) {
  if (draw.chance(0.2)) reply = std::string(draw.pick(kOpenings)) + reply;
  if (draw.chance(0.1)) reply += draw.pick(kEndings);
  return reply;
}

void exchange(Conversation& c, std::string user, std::string reply) {
  c.messages.push_back({"user", std::move(user)});
  c.messages.push_back({"assistant", std::move(reply)});
}

void small_talk(Conversation& c, std::string_view user, std::string_view reply, Draw& draw) {
  FixedCast none({});
  std::string said = expand(user, none, draw);
  exchange(c, std::move(said), expand(reply, none, draw));
}

void greet(Conversation& c, Draw& draw) {
  small_talk(c, "[Hello|Hi|Hey|Hello!|Hi!|hello|hi|Good day]",
             "[Hello! How can I help you?|Hi! What can I do for you?|Hello! Ask me something.]", draw);
}

void thank(Conversation& c, Draw& draw) {
  small_talk(c, "[Thank you|Thanks|Thank you!|thanks|Great, thank you]",
             "[You are welcome!|You are welcome. Is there anything else?]", draw);
}

// The user's name is asked for after something else was spoken of.
Conversation make_dialog(Split split, Draw& draw) {
  Conversation c;
  const auto names = draw.chance(0.5) ? girl_names() : boy_names();
  const std::string name(draw.pick(names));
  FixedCast cast({{"name", name}});
  exchange(
      c,
      expand("[My name is {name}.|I am {name}.|Hello, I am {name}.|Hi, my name is {name}.|my name is {name}]",
             cast, draw),
      expand("[Nice to meet you, {name}!|Hello, {name}! How can I help you?]", cast, draw));
  constexpr std::string_view kBetween[] = {"sum", "talk", "reverse", "fact"};
  if (draw.chance(0.7)) {
    const Request r = make_request(*find_kind(draw.pick(kBetween)), split, draw);
    exchange(c, as_typed(r.user, draw), r.reply);
  }
  c.request = {.kind = "dialog", .key = "dialog " + name, .answer = name, .check = Check::Contains};
  c.request.user =
      expand("[What is my name?|Do you know my name?|Who am I?|What's my name?|Do you remember my name?]",
             cast, draw);
  c.request.reply = expand("[Your name is {name}.|You are {name}.]", cast, draw);
  exchange(c, as_typed(c.request.user, draw), c.request.reply);
  return c;
}

}  // namespace

std::span<const DocumentKind> document_kinds() { return kDocuments; }
std::span<const std::string_view> polite_openings() { return kOpenings; }
std::span<const std::string_view> polite_endings() { return kEndings; }

std::string plain_question(std::string_view question) {
  return fmt::format("Question: {}\nAnswer:", question);
}

Conversation make_conversation(std::string_view kind, Split split, Draw& draw) {
  if (kind == "dialog") return make_dialog(split, draw);
  const RequestKind* found = find_kind(kind);
  if (!found) fail("no kind of request is called '{}'", printable(kind));
  Conversation c;
  if (split != Split::Train) {
    c.request = make_request(*found, split, draw);
    exchange(c, as_typed(c.request.user, draw), c.request.reply);
    return c;
  }
  const bool chat = kind == "talk" || kind == "tale";
  if (draw.chance(0.1)) greet(c, draw);
  c.request = make_request(*found, split, draw);
  exchange(c, as_typed(c.request.user, draw, found->small_letters),
           chat ? c.request.reply : styled(c.request.reply, draw));
  if (kind == "sum") {
    while (draw.chance(0.2)) {
      const Request next = make_request(*found, split, draw);
      exchange(c, (draw.chance(0.5) ? "And " : "") + next.user, next.reply);
    }
  }
  if (draw.chance(0.08)) thank(c, draw);
  return c;
}

}  // namespace pith::lab
