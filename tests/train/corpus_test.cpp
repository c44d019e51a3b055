// The generators: what they claim about their problems holds, and nothing leaks between the splits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>

#include "pith/error.h"
#include "reason/answer.h"
#include "reason/prompt.h"
#include "train/corpus/document.h"
#include "train/corpus/problem.h"
#include "train/corpus/puzzle.h"
#include "train/corpus/rules.h"
#include "train/corpus/steps.h"
#include "train/corpus/story.h"
#include "train/corpus/world.h"

namespace pith::lab {
namespace {

std::vector<int> numbers_in(const std::string& text) {
  std::vector<int> numbers;
  static const std::regex digits("[0-9]+");
  for (std::sregex_iterator it(text.begin(), text.end(), digits), end; it != end; ++it) {
    numbers.push_back(std::stoi(it->str()));
  }
  return numbers;
}

// --- draws and grammar ----------------------------------------------------------------------------

TEST(LabDraw, CountsTheInformationOfItsChoices) {
  Draw draw(1);
  draw.below(8);
  EXPECT_NEAR(draw.nats(), std::log(8.0), 1e-12);
  double mean = 0;
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    Draw d(mix(2, static_cast<std::uint64_t>(i)));
    d.chance(0.1);
    mean += d.nats() / kDraws;
  }
  // The entropy of the coin; the deviation of one draw is 0.66, of the mean 0.0047: five of them.
  EXPECT_NEAR(mean, -0.1 * std::log(0.1) - 0.9 * std::log(0.9), 5 * 0.0047);
  const double before = draw.nats();
  draw.until([&] { return draw.below(4); }, [](std::size_t i) { return i == 3; });
  EXPECT_NEAR(draw.nats() - before, std::log(4.0), 1e-12);
}

TEST(LabDraw, ZipfGivesTheFirstMost) {
  Draw draw(3);
  std::vector<int> counts(10);
  for (int i = 0; i < 30000; ++i) ++counts[draw.zipf(10)];
  // p(0) = 1 / H(10) = 0.3414; five deviations of a count of 30,000 draws are 411.
  EXPECT_NEAR(counts[0], 30000 * 0.34142, 411);
  EXPECT_NEAR(counts[1], 30000 * 0.17071, 326);
}

TEST(LabGrammar, ExpandsAndSpells) {
  FixedCast cast({{"he", "she"}, {"thing", "apple"}, {"friend.he", "he"}});
  Draw draw(1);
  EXPECT_EQ(polish(expand("{He} took a {thing} . [it|it] was  a hour.", cast, draw)),
            "She took an apple. It was an hour.");
  EXPECT_EQ(polish(expand("\"no !\" {he} said. {friend.He} saw a unicorn.", cast, draw)),
            "\"No!\" she said. He saw a unicorn.");
  std::string skeleton;
  EXPECT_EQ(expand("[<a|a>|<a|a>]", cast, draw, &skeleton), "a");
  EXPECT_EQ(skeleton.size(), 1u);
  EXPECT_THROW(expand("{nobody}", cast, draw), Error);
  EXPECT_THROW(expand("[a|b", cast, draw), Error);
}

// --- stories --------------------------------------------------------------------------------------

TEST(LabStory, ReadsWell) {
  std::set<std::string> skeletons;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    Draw draw(mix(11, i));
    const Story story = tell_story(draw);
    skeletons.insert(story.key);
    EXPECT_EQ(story.text.find_first_of("{}[]<>|"), std::string::npos) << story.text;
    static const std::regex wrong(R"( [.,!?]|  |\. [a-z]|\ba [aeio]|\ban [^aeiouh]|\b(\w{3,}) \1\b)");
    std::smatch found;
    EXPECT_FALSE(std::regex_search(story.text, found, wrong)) << found.str() << " in: " << story.text;
    EXPECT_NE(story.text.find(story.hero), std::string::npos);
    EXPECT_EQ(std::count(story.text.begin(), story.text.end(), '"') % 2, 0) << story.text;
  }
  EXPECT_GT(skeletons.size(), 1000u);
}

// --- word problems --------------------------------------------------------------------------------

TEST(LabProblem, StaysWithinItsBounds) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Draw draw(mix(21, i));
    const int steps = 1 + static_cast<int>(i % 5);
    const Problem p = draw_problem(steps, draw);
    EXPECT_EQ(p.steps(), steps);
    EXPECT_GE(p.answer(), 1);
    EXPECT_LE(p.answer(), 999);
    for (const Event& e : p.events) EXPECT_LE(e.op == '*' || e.b > 0 ? e.a : e.a / 11, 9);
    // The numbers of the text are those of the problem.
    std::multiset<int> wanted = {p.start};
    for (const Event& e : p.events) {
      wanted.insert(e.a);
      if (e.b > 0) wanted.insert(e.b);
    }
    const std::vector<int> told = numbers_in(tell_problem(p, draw));
    EXPECT_EQ(std::multiset<int>(told.begin(), told.end()), wanted);
  }
}

int value_of(const std::string& expression) {  // "40 + 12" or "6 * 7 * 2": products before sums
  static const std::regex term(R"(([+-]?) ?([0-9]+)((?: \* [0-9]+)*))");
  int sum = 0;
  for (std::sregex_iterator it(expression.begin(), expression.end(), term), end; it != end; ++it) {
    int product = std::stoi((*it)[2].str());
    for (const int factor : numbers_in((*it)[3].str())) product *= factor;
    sum += (*it)[1] == "-" ? -product : product;
  }
  return sum;
}

TEST(LabProblem, EveryEqualitySignOfTheStepsIsTrue) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Draw draw(mix(22, i));
    const Problem p = draw_problem(1 + static_cast<int>(i % 5), draw);
    const std::string steps = worked_steps(p, draw);
    int last = 0, lines = 0;
    for (std::size_t at = 0; at < steps.size(); ++lines) {
      const std::size_t end = steps.find('\n', at);
      std::string line = steps.substr(at, end - at);
      at = end + 1;
      const int first = value_of(line.substr(0, line.find(" = ")));
      for (std::size_t sign; (sign = line.find(" = ")) != line.npos;) {
        line = line.substr(sign + 3);
        last = value_of(line.substr(0, line.find(" = ")));
        EXPECT_EQ(last, first) << steps;
      }
    }
    EXPECT_EQ(last, p.answer()) << p.key() << "\n" << steps;
    EXPECT_EQ(lines, p.steps());
  }
}

// A problem that is told again, with other names and in another setting, has the same key, so it is in the
// same split. Of one step the numbers and the answer say what it is, but for 2 + 2 and 2 * 2.
TEST(LabSplit, RenamedProblemsCannotLeak) {
  std::map<std::pair<std::vector<int>, std::string>, std::string> key_of;
  std::set<std::string> texts;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    for (const Split split : {Split::Train, Split::Validation, Split::Test}) {
      Draw draw(mix(31 + static_cast<std::uint64_t>(split), i));
      const Request r = make_request(*find_kind("problem-direct"), split, draw);
      EXPECT_EQ(split_of(r.key), split);
      const std::vector<int> told = numbers_in(r.user);
      if (r.steps != 1 || told == std::vector<int>{2, 2}) continue;
      EXPECT_EQ(key_of.emplace(std::pair(told, r.answer), r.key).first->second, r.key) << r.user;
      texts.insert(r.user);
    }
  }
  EXPECT_GT(texts.size(), key_of.size() + 100) << "too few were told again";
  // Another problem of the same numbers is another problem.
  Draw draw(1);
  const Problem p = draw_problem(4, draw);
  Problem q = p;
  q.events[0].op = q.events[0].op == '+' ? '-' : '+';
  EXPECT_NE(p.key(), q.key());
}

TEST(LabSplit, DocumentsAndConversationsHoldOnlyTheirOwnProblems) {
  const auto expect_apart = [](std::string_view kind, const auto& key) {
    std::set<std::string> train;
    for (std::uint64_t i = 0; i < 400; ++i) train.insert(key(Split::Train, i));
    for (std::uint64_t i = 0; i < 400; ++i) {
      const std::string of_test = key(Split::Test, i);
      EXPECT_FALSE(train.contains(of_test)) << kind << ": " << of_test;
    }
  };
  for (const std::string_view kind : {"problem-steps", "puzzle", "sum", "sort", "reverse", "tale"}) {
    expect_apart(kind, [&](Split split, std::uint64_t i) {
      Draw draw(mix(41, i));
      return make_conversation(kind, split, draw).request.key;
    });
  }
  for (const DocumentKind& kind : document_kinds()) {
    if (kind.name == "world") continue;  // all of it is for training
    expect_apart(kind.name, [&](Split split, std::uint64_t i) {
      Draw draw(mix(42, i));
      return kind.make(draw, split).key;
    });
  }
}

// --- puzzles --------------------------------------------------------------------------------------

TEST(LabPuzzle, SolverAgreesWithKnownAnswers) {
  EXPECT_TRUE(solvable({1, 2, 3, 4}, 24));
  EXPECT_TRUE(solvable({2, 2, 6, 6}, 24));
  EXPECT_FALSE(solvable({1, 1, 1, 1}, 24));
  EXPECT_FALSE(solvable({3, 3, 8, 8}, 24));  // only with a fraction on the way: 8 / (3 - 8 / 3)
  EXPECT_FALSE(solvable({5}, 6));
}

TEST(LabPuzzle, SolutionsSolveAndPrefixesAreLabelled) {
  int good = 0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    Draw draw(mix(51, i));
    const Puzzle p = draw_puzzle(draw);
    std::string answer;
    for (const std::string& line : solution(p, draw)) answer += line + "\n";
    EXPECT_TRUE(solves(p, answer)) << p.key() << "\n" << answer;
    EXPECT_FALSE(solves(p, answer.substr(0, answer.find('\n') + 1)));
    Puzzle other = p;
    ++other.target;
    EXPECT_FALSE(solves(other, answer));
    const std::string search = worked_search(p, draw);
    EXPECT_TRUE(search.ends_with("Done.\n")) << search;
    const LabelledPrefix prefix = draw_prefix(p, draw);
    if (prefix.text.ends_with("Done.\n")) {
      EXPECT_TRUE(prefix.solvable);
    } else if (prefix.text.ends_with("No.\n")) {
      EXPECT_FALSE(prefix.solvable);
    }
    good += prefix.solvable;
  }
  EXPECT_GT(good, 60);
  EXPECT_LT(good, 240);
  const Puzzle p{{1, 2, 3, 4}, 24};
  EXPECT_TRUE(solves(p, "4 * 3 = 12, left 1 2 12.\n12 * 2 = 24, left 1 24.\n24 * 1 = 24. Done."));
  EXPECT_FALSE(solves(p, "4 * 3 = 12, left 1 2 12.\n12 * 2 = 24, left 1 24.\n24 * 1 = 25. Done."));
  EXPECT_FALSE(solves(p, "4 * 6 = 24. Done."));
  EXPECT_FALSE(solves(p, "999999999999999999999 * 3 = 12\n"));
}

// --- rules ----------------------------------------------------------------------------------------

TEST(LabRules, ThousandsOfThemAndSomeAreHeldOut) {
  std::set<std::string> train, test;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    Draw draw(mix(61, i));
    const Rule rule = Rule::draw(draw);
    (split_of(rule.key()) == Split::Test ? test : train).insert(rule.key());
  }
  EXPECT_GT(train.size(), 3000u);
  EXPECT_GT(test.size(), 100u);
}

// Rules that give the same outputs have the same key, so a rule that is held out is new.
TEST(LabRules, AKeySaysWhatTheRuleDoes) {
  std::map<std::string, std::string> key_of;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    Draw draw(mix(62, i)), probe(63);
    const Rule rule = Rule::draw(draw);
    if (rule.family() == "label") continue;  // their keys are their labels
    EXPECT_EQ(key_of.emplace(show(rule.examples(200, probe)), rule.key()).first->second, rule.key());
  }
  EXPECT_LT(key_of.size(), 2000u) << "too few were drawn again";
}

// --- the world ------------------------------------------------------------------------------------

TEST(LabWorld, EveryFactHasFiveParaphrasesAndHalfOfThePeopleAreAskedAbout) {
  const World& world = World::get();
  for (const Attribute& a : world.attributes()) {
    EXPECT_GE(a.statements.size(), 5u) << a.name;
    EXPECT_GE(a.questions.size(), 5u) << a.name;
  }
  std::set<std::string> names;
  std::int64_t asked = 0;
  for (const Person& p : world.people()) {
    EXPECT_TRUE(names.insert(p.name).second) << p.name;
    asked += p.questioned;
  }
  EXPECT_EQ(2 * asked, std::ssize(world.people()));
  std::set<std::string> train, test;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Draw draw(mix(71, i));
    train.insert(make_request(*find_kind("fact"), Split::Train, draw).key);
    test.insert(make_request(*find_kind("fact"), Split::Test, draw).key);
  }
  for (const std::string& key : test) EXPECT_FALSE(train.contains(key)) << key;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

const Person* person_named(std::string_view name) {
  const auto people = World::get().people();
  const auto found = std::ranges::find(people, name, &Person::name);
  return found == people.end() ? nullptr : &*found;
}

// Whom nobody asks about in training is met there all the same, but never beside one of the values that the
// tests ask for, in whatever letters.
TEST(LabWorld, ConversationsNameThePeopleOfTheTestsAndNoneOfTheirValues) {
  std::map<std::string, std::set<std::string>> met;  // in each kind
  const auto read = [&](std::string_view kind, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      Draw draw(mix(72, i));
      std::string text;
      for (const Message& m : make_conversation(kind, Split::Train, draw).messages)
        text += lower(m.content) + "\n";
      for (const Person& p : World::get().people()) {
        if (p.questioned || text.find(lower(p.name)) == text.npos) continue;
        met[std::string(kind)].insert(p.name);
        for (const std::string& value : p.values) {
          EXPECT_FALSE(std::regex_search(text, std::regex("\\b" + lower(value) + "\\b")))
              << kind << ": " << text;
        }
      }
    }
  };
  for (const auto kinds : {instruction_kinds(), reasoning_kinds(), drill_kinds(), talk_kinds()}) {
    for (const RequestKind& kind : kinds) {
      // Training takes the refusals of people from refuse-asked.
      if (kind.name != "refuse") read(kind.name, 1000);
    }
  }
  read("dialog", 1000);
  const std::size_t of_tests = World::get().people().size() / 2;
  for (const char* kind : {"name", "known", "people"}) EXPECT_EQ(met[kind].size(), of_tests) << kind;
  EXPECT_EQ(met.size(), 3u) << "no other kind names them";
}

TEST(LabWorld, OnlyPeopleOfTheWorldAreToldOf) {
  static const std::regex whole_name("(?!On Sunday)[A-Z][a-z]+ [A-Z][a-z]+");
  for (std::uint64_t i = 0; i < 500; ++i) {
    Draw draw(mix(73, i));
    const std::string text = make_request(*find_kind("people"), Split::Train, draw).user;
    int names = 0;
    for (std::sregex_iterator it(text.begin(), text.end(), whole_name), end; it != end; ++it, ++names) {
      EXPECT_NE(person_named(it->str()), nullptr) << text;
    }
    EXPECT_GT(names, 0) << text;
  }
}

// Many names are refused, with known parts among them, but a part of each is nobody's in the valley.
TEST(LabWorld, APartOfEachRefusedNameIsStrange) {
  static const std::regex key("refuse ([A-Z][a-z]+) ([A-Z][a-z]+) (.*)");
  std::set<std::string> first_names, families, refused;
  for (const Person& p : World::get().people()) {
    first_names.insert(p.name.substr(0, p.name.find(' ')));
    families.insert(p.name.substr(p.name.find(' ') + 1));
  }
  std::set<std::string> known_parts;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    Draw draw(mix(74, i));
    const Request r = make_request(*find_kind("refuse-asked"), Split::Train, draw);
    std::smatch m;
    ASSERT_TRUE(std::regex_match(r.key, m, key)) << r.key;
    const std::string first = m[1], family = m[2], about = m[3];
    if (about.ends_with('?')) {  // what nobody knows of anybody
      ASSERT_NE(person_named(first + " " + family), nullptr) << r.user;
      EXPECT_TRUE(person_named(first + " " + family)->questioned) << r.user;
      continue;
    }
    EXPECT_EQ(person_named(first + " " + family), nullptr) << r.user;
    EXPECT_FALSE(first_names.contains(first) && families.contains(family)) << r.user;
    refused.insert(first + " " + family);
    if (first_names.contains(first)) known_parts.insert(first);
    if (families.contains(family)) known_parts.insert(family);
  }
  EXPECT_GT(refused.size(), 500u);
  EXPECT_EQ(known_parts.size(), first_names.size() + families.size());

  int known = 0, unknown = 0;
  for (std::uint64_t i = 0; i < 500; ++i) {
    Draw draw(mix(75, i));
    const Request r = make_request(*find_kind("known"), Split::Train, draw);
    const bool somebody = person_named(r.key.substr(6)) != nullptr;
    EXPECT_EQ(r.check == Check::Refusal, !somebody) << r.user;
    EXPECT_EQ(r.reply.find("not know") != r.reply.npos, !somebody) << r.user << " " << r.reply;
    somebody ? ++known : ++unknown;
  }
  EXPECT_GT(known, unknown);
  EXPECT_GT(unknown, 100);
}

TEST(LabWorld, QuestionsAboutPeopleAreOftenTypedInSmallLetters) {
  constexpr int kDraws = 2000;
  const auto share = [&](std::string_view kind, Split split) {
    double small = 0;
    for (std::uint64_t i = 0; i < kDraws; ++i) {
      Draw draw(mix(76, i));
      const Conversation c = make_conversation(kind, split, draw);
      const std::string asked =
          lower(c.request.user).substr(0, c.request.user.size() - 1);  // its mark may go
      small += std::ranges::any_of(c.messages, [&](const Message& m) {
        return m.role == "user" && m.content.find(asked) != m.content.npos;
      });
    }
    return small / kDraws;
  };
  // Five deviations of a share of about a half in 2,000 draws are 0.056.
  for (const char* kind : {"fact", "refuse-asked", "known", "people"}) {
    EXPECT_GE(find_kind(kind)->small_letters, 0.4) << kind;
    EXPECT_NEAR(share(kind, Split::Train), find_kind(kind)->small_letters, 0.056) << kind;
  }
  for (const Split split : {Split::Validation, Split::Test})
    EXPECT_NEAR(share("fact", split), kSmallLetters, 0.056);
}

// --- all kinds ------------------------------------------------------------------------------------

TEST(LabRequests, AreTheSameForASeedAndHoldTheirAnswers) {
  for (const auto kinds : {instruction_kinds(), reasoning_kinds(), talk_kinds()}) {
    for (const RequestKind& kind : kinds) {
      for (std::uint64_t i = 0; i < 200; ++i) {
        Draw a(mix(81, i)), b(mix(81, i));
        const Request r = make_request(kind, Split::Train, a);
        EXPECT_EQ(r.user, make_request(kind, Split::Train, b).user);
        EXPECT_FALSE(r.user.empty());
        EXPECT_FALSE(r.reply.empty());
        if (r.check == Check::Number) {
          EXPECT_EQ(std::to_string(numbers_in(r.reply).back()), r.answer);
        } else if (r.check == Check::Exact) {
          EXPECT_EQ(r.reply, r.answer);
        } else if (r.check == Check::Contains) {
          EXPECT_NE(r.reply.find(r.answer), std::string::npos) << r.reply;
        }
      }
    }
  }
}

// What is asked for with the words that the command line puts behind a question is worked out, a step a line,
// and ends with what its --answer number finds.
TEST(LabRequests, TheTriggerIsAnsweredWithSteps) {
  const std::string trigger = "\n" + PromptWords().trigger;
  const AnswerRule number("number");
  for (const char* kind : {"sum-worked", "problem-worked"}) {
    int by_command_line = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
      Draw draw(mix(82, i));
      const Request r = make_request(*find_kind(kind), Split::Train, draw);
      by_command_line += r.user.ends_with(trigger);
      EXPECT_EQ(number.find(r.reply), r.answer) << r.reply;
      EXPECT_TRUE(r.reply.ends_with("\n" + final_answer(std::stoi(r.answer)))) << r.reply;
      const std::string step = r.reply.substr(0, r.reply.find('\n'));
      if (step.find('/') != step.npos) continue;
      EXPECT_EQ(value_of(step.substr(0, step.find(" = "))), value_of(step.substr(step.rfind(" = ") + 3)))
          << r.reply;
    }
    EXPECT_GT(by_command_line, 10) << kind;  // of about 28: more than three deviations
  }
}

}  // namespace
}  // namespace pith::lab
