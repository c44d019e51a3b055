// Strategies on a small real model: the same result in any company, what they cost, how they end.
#include "reason/strategy.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "../generate/models.h"
#include "pith/error.h"

namespace pith {
namespace {

struct Company {
  int parallel = 8, threads = 2;
  std::int64_t positions = 0;
  int others = 0;  // strategies that run beside it
  bool prefix_cache = true;
};

struct Strategies : testing::Test {
  void SetUp() override { PITH_NEED_SHARED(); }

  static ReasonSettings settings(std::string_view rule = "regex:[a-z]+[.!]") {
    ReasonSettings s;
    s.answer = AnswerRule(rule);
    return s;
  }

  static Request a_request(std::int64_t max_tokens = 24, float temperature = 1, std::uint64_t seed = 1) {
    Request r;
    r.max_tokens = max_tokens;
    r.sampling.temperature = temperature;
    r.sampling.seed = seed;
    return r;
  }

  static PromptMaker prompter() {
    return {test::stories_tokenizer(), std::nullopt, nlohmann::ordered_json::object(), {"", ""}};
  }

  static Outcome run(std::string_view strategy, const ReasonSettings& settings, Company company = {},
                     const Request& request = a_request()) {
    Engine engine(test::stories(), {.threads = company.threads,
                                    .context = 256,
                                    .sequences = company.parallel,
                                    .positions = company.positions,
                                    .kv = {DType::F32, DType::F32}});
    Scheduler scheduler(engine, test::stories_tokenizer(), {.prefix_cache = company.prefix_cache});
    Generator generator(scheduler);
    const PromptMaker words = prompter();
    const StrategyCall call(strategy);
    call.check(settings);
    call.check(request.sampling);
    std::optional<Outcome> outcome;
    std::exception_ptr error;
    const auto question = [](int i) { return Question{{"user", "Once upon a time" + std::string(i, '!')}}; };
    generator.start([&] { outcome = call.run(generator, words, settings, question(0), request); },
                    [&](std::exception_ptr e) { error = e; });
    for (int i = 0; i < company.others; ++i)
      generator.start([&, i] { call.run(generator, words, settings, question(i + 1), request); },
                      [](std::exception_ptr) {});
    while (generator.step()) {
    }
    if (error) std::rethrow_exception(error);
    return *std::move(outcome);
  }

  static std::string nodes(const Outcome& outcome) { return trace_to_json(outcome.trace)["nodes"].dump(); }
};

TEST_F(Strategies, ADirectAnswerIsWhatOneRequestGives) {
  Engine engine(test::stories(), {.threads = 1, .context = 256, .kv = {DType::F32, DType::F32}});
  Scheduler scheduler(engine, test::stories_tokenizer());
  Request one = a_request();
  one.prompt = test::stories_tokenizer().encode("Once upon a time", {.add_special = true});
  const std::string text = generate(scheduler, one).choices[0].text;
  for (const char* strategy : {"direct", "cot"}) EXPECT_EQ(run(strategy, settings()).text, text);
}

TEST_F(Strategies, TheSameInAnyCompany) {
  for (const char* strategy : {"self-consistency:6", "best-of:5", "tree:2,3", "beam:3", "auto"}) {
    ReasonSettings s = settings();
    s.thoughts = Thoughts::Sentence;
    const Request r = a_request(strategy == std::string_view("tree:2,3") ? 60 : 24);
    const Outcome alone = run(strategy, s, {.parallel = 1, .threads = 1}, r);
    for (const Company& company :
         {Company{.parallel = 8, .others = 3}, Company{.parallel = 3, .threads = 3},
          Company{.parallel = 4, .positions = 256}, Company{.prefix_cache = false}}) {
      const Outcome other = run(strategy, s, company, r);
      EXPECT_EQ(other.text, alone.text) << strategy;
      EXPECT_EQ(other.answer, alone.answer) << strategy;
      EXPECT_EQ(other.agreement, alone.agreement) << strategy;
      EXPECT_EQ(nodes(other), nodes(alone)) << strategy;
    }
  }
}

TEST_F(Strategies, AnotherSeedAnotherText) {
  EXPECT_NE(run("self-consistency:3", settings(), {}, a_request(24, 1, 1)).text,
            run("self-consistency:3", settings(), {}, a_request(24, 1, 2)).text);
}

TEST_F(Strategies, ThePromptIsReadOnce) {
  const Outcome outcome = run("self-consistency:8", settings());
  const auto prompt = std::ssize(prompter().make({{"user", "Once upon a time"}}, Style::Worked, {}).ids);
  EXPECT_EQ(outcome.cost.chains, 8);
  // Whoever comes second finds all but the last token, whose logits it needs.
  EXPECT_EQ(outcome.cost.prefilled_tokens, prompt + 7);
  EXPECT_EQ(outcome.cost.saved_tokens, 7 * (prompt - 1));
}

TEST_F(Strategies, AVoteStopsWhereItCannotTurn) {
  ReasonSettings s = settings("regex:^.");  // all chains begin alike
  const Outcome outcome = run("self-consistency:9", s, {}, a_request(24, 0.01f));
  EXPECT_EQ(outcome.agreement, 1);
  std::size_t cancelled = 0;
  for (const TraceNode& n : outcome.trace.nodes) cancelled += n.state == "cancelled";
  EXPECT_EQ(cancelled, 4u) << "five of nine decide";
  s.rule = StoppingRule::Beta;
  // Four ballots of one kind: 1 - 1/32 is above 0.95, three are not.
  EXPECT_EQ(run("self-consistency:9", s, {}, a_request(24, 0.01f)).cost.chains, 4);
}

TEST_F(Strategies, VotesWithoutAnAnswerGiveNone) {
  const Outcome outcome = run("self-consistency:3", settings("regex:QQQ"));
  EXPECT_FALSE(outcome.answer);
  EXPECT_EQ(outcome.agreement, 0);
  EXPECT_FALSE(outcome.text.empty()) << "a chain to look at";
}

TEST_F(Strategies, BestOfTakesWhatTheJudgeLikes) {
  ReasonSettings s = settings("text");
  s.judge = JudgeKind::Reward;
  s.reward = [](const Question&, std::string_view text, bool) { return static_cast<double>(text.size()); };
  const Outcome longest = run("best-of:6", s);
  for (const TraceNode& n : longest.trace.nodes) EXPECT_LE(n.text.size(), longest.text.size());

  s.judge = JudgeKind::Program;
  s.verifier.emplace("grep -q e");
  const Outcome passed = run("best-of:40", s);
  EXPECT_LE(passed.cost.chains, 8) << "nearly every text has an e: it ends with the first wave or the second";
  s.verifier.emplace("false");
  EXPECT_EQ(run("best-of:6", s).cost.chains, 6);
}

TEST_F(Strategies, ATreeGrowsThoughtByThought) {
  ReasonSettings s = settings("text");
  s.thoughts = Thoughts::Sentence;
  const Outcome outcome = run("tree:2,3", s, {}, a_request(100));
  std::vector<int> depth;
  for (const TraceNode& n : outcome.trace.nodes) {
    depth.push_back(n.parent < 0 ? 1 : depth[static_cast<std::size_t>(n.parent)] + 1);
    EXPECT_LE(depth.back(), 3);
  }
  EXPECT_EQ(std::ranges::max(depth), 3);
  // The chosen path's thoughts are the text.
  std::string text;
  for (const TraceNode& n : outcome.trace.nodes) {
    if (n.state == "chosen") text += n.text;
  }
  EXPECT_EQ(text, outcome.text);
}

TEST_F(Strategies, ASearchThatKeptNothingIsAnError) {
  const Reasoner tree{StrategyCall("tree:2,2"), settings("text"), prompter()};
  const auto outcome = [](std::string_view strategy) {
    return run(strategy, settings("text"), {}, a_request(1));
  };
  EXPECT_THROW(tree.need_answer(outcome("tree:2,2")), Error) << "each thought is cut off";
  EXPECT_NO_THROW(tree.need_answer(outcome("direct")));
}

TEST_F(Strategies, DepthFirstGoesNoFurtherBelowItsBound) {
  ReasonSettings s = settings("text");
  s.thoughts = Thoughts::Sentence;
  s.depth_first = true;
  s.judge = JudgeKind::Reward;
  s.reward = [](const Question&, std::string_view, bool) { return 0.4; };
  s.bound = 0.5;
  EXPECT_EQ(run("tree:2,3", s, {}, a_request(100)).cost.chains, 2) << "the first level alone";
  s.bound = 0.3;
  EXPECT_GT(run("tree:2,3", s, {}, a_request(100)).cost.chains, 4);
}

TEST_F(Strategies, ABudgetIsKept) {
  for (const char* strategy : {"self-consistency:30", "best-of:30", "tree:3,9", "beam:4", "auto", "direct"}) {
    ReasonSettings s = settings();
    s.thoughts = Thoughts::Sentence;
    s.budget = 50;
    const Outcome outcome = run(strategy, s);
    EXPECT_LE(outcome.cost.generated_tokens, 50) << strategy;
    EXPECT_GE(outcome.cost.generated_tokens, 20) << strategy;  // a text of 24, or several shorter ones
    EXPECT_FALSE(outcome.text.empty()) << strategy << ": what is left over makes no text";
    s.budget = 1;
    EXPECT_EQ(run(strategy, s).cost.generated_tokens, 1) << strategy;
  }
}

TEST_F(Strategies, ATreeSpendsItsBudgetOnSearchingAgain) {
  ReasonSettings s = settings("text");
  s.thoughts = Thoughts::Sentence;
  s.judge = JudgeKind::Reward;
  s.reward = [](const Question&, std::string_view, bool final) { return final ? 1.0 : 0.4; };
  s.depth_first = true;
  s.bound = 0.5;
  EXPECT_EQ(run("tree:2,3", s, {}, a_request(100)).cost.chains, 2);
  s.budget = 300;
  const ReasonCost cost = run("tree:2,3", s, {}, a_request(100)).cost;
  EXPECT_GE(cost.chains, 6);
  EXPECT_EQ(cost.generated_tokens, 300) << "a thought is shorter than what is left, to the last one";
  // What spends nothing is not tried for ever.
  Request r = a_request(10);
  r.sampling.logit_bias = {{*test::stories_tokenizer().eos(), 100.0f}};
  s.reward = [](const Question&, std::string_view, bool) { return 0.4; };
  s.depth_first = false;
  EXPECT_EQ(run("tree:3,3", s, {}, r).cost.chains, 3);
}

TEST_F(Strategies, WhatIsLeftOfABudgetIsNoChance) {
  // The greedy text has no answer; the vote ends early, and the tree that follows has what it left over.
  ReasonSettings s = settings("regex:boy|dog|big");
  s.budget = 600;
  s.confidence = 0.7;
  s.judge = JudgeKind::Reward;
  s.reward = [](const Question&, std::string_view text, bool) { return static_cast<double>(text.size()); };
  const std::string alone = nodes(run("auto", s, {.parallel = 1, .threads = 1}));
  ASSERT_NE(alone.find("cancelled"), std::string::npos) << alone;
  ASSERT_NE(alone.find("thought"), std::string::npos) << alone;
  EXPECT_EQ(nodes(run("auto", s, {.others = 3})), alone);
}

TEST_F(Strategies, AutoCountsItsGreedyChainAmongEight) {
  // No text has an answer, so that nothing ends the vote: a direct text, the greedy chain and seven others.
  EXPECT_EQ(run("auto", settings("regex:no such word")).cost.chains, 9);
}

TEST_F(Strategies, TheRequestHoldsForEveryText) {
  Request r = a_request(10);
  r.sampling.logit_bias = {{*test::stories_tokenizer().eos(), 100.0f}};
  EXPECT_EQ(run("direct", settings(), {}, r).cost.generated_tokens, 0);
  r.ignore_eos = true;
  EXPECT_EQ(run("direct", settings(), {}, r).cost.generated_tokens, 10);
}

TEST_F(Strategies, ABeamOfOneIsGreedy) {
  ReasonSettings s = settings("text");
  const std::string beam = run("beam:1", s).text;
  EXPECT_EQ(run("direct", s, {}, a_request(24, 0)).text, beam);
  EXPECT_GE(run("beam:4", s).trace.nodes.size(), 4u);
}

TEST_F(Strategies, TheModelJudgesItself) {
  for (const JudgeKind judge : {JudgeKind::Value, JudgeKind::Votes}) {
    ReasonSettings s = settings("text");
    s.judge = judge;
    const Outcome outcome = run("best-of:3", s);
    EXPECT_EQ(outcome.cost.chains, 6) << "three texts, three judgements";
    for (const TraceNode& n : outcome.trace.nodes) EXPECT_TRUE(n.score.has_value());
  }
}

TEST_F(Strategies, ErrorsReachTheCaller) {
  ReasonSettings s = settings();
  s.judge = JudgeKind::Reward;
  s.reward = [](const Question&, std::string_view, bool) -> double { throw Error("no reward today"); };
  EXPECT_THROW(run("best-of:2", s), Error);
  s = settings();
  s.shots = 1;
  s.examples = {{std::string(4000, 'x'), "too long", ""}};
  EXPECT_THROW(run("direct", s), Error) << "examples that do not fit the context";
}

TEST_F(Strategies, AnInterruptEndsThem) {
  Engine engine(test::stories(), {.threads = 1, .context = 256, .sequences = 4});
  Scheduler scheduler(engine, test::stories_tokenizer());
  Generator generator(scheduler);
  const PromptMaker words = prompter();
  ReasonSettings s = settings();
  bool interrupted = false;
  generator.start(
      [&] {
        StrategyCall("self-consistency:64").run(generator, words, s, {{"user", "Once"}}, a_request(200));
      },
      [&](std::exception_ptr error) {
        try {
          std::rethrow_exception(error);
        } catch (const Interrupted&) {
          interrupted = true;
        }
      });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(generator.step());
  generator.cancel_all();
  while (generator.step()) {
  }
  EXPECT_TRUE(interrupted);
}

TEST(StrategyCall, ChecksItsArguments) {
  for (const char* text : {"tree", "tree:3", "tree:3,", "tree:0,2", "tree:1,2,3", "best-of:x", "direct:1",
                           "self-consistency:5000", "", "vote:3"})
    EXPECT_THROW(StrategyCall{text}, UsageError) << text;
  ReasonSettings s;
  EXPECT_THROW(StrategyCall("self-consistency:4").check(SamplingOptions{.temperature = 0}), UsageError);
  EXPECT_NO_THROW(StrategyCall("cot").check(SamplingOptions{.temperature = 0}));
  s.judge = JudgeKind::Reward;
  EXPECT_THROW(StrategyCall("cot").check(s), UsageError);
}

TEST(DeriveSeed, TheFirstChainHasTheSeedItself) {
  EXPECT_EQ(derive_seed(7, 0), 7u);
  EXPECT_NE(derive_seed(7, 1), derive_seed(8, 1));
  EXPECT_NE(derive_seed(7, 1), derive_seed(7, 2));
  EXPECT_NE(derive_seed(7, 1), derive_seed(7, 0, 1));
}

}  // namespace
}  // namespace pith
