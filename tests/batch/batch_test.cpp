// Whole batches without a process: what comes out, in which order, after how much was in the works, and that
// the bytes are the same in any company.
//
// CMake registers BatchSameBytes once for each instruction-set level (PITH_ISA).
#include "batch/batch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "batch/output_line.h"
#include "generate/models.h"
#include "temporary_folder.h"

namespace pith {
namespace {

using Json = nlohmann::json;

/// How a batch is run; none of it may change a line.
struct Company {
  int threads = 1, parallel = 32;
  std::int64_t step_tokens = 512, chunk = 0, positions = 0;
  bool prefix_cache = true, reversed = false, ordered = false;
  std::int64_t interrupted_each =
      0;                  // turns after which another process goes on, more than a line takes; 0: never
  std::size_t alone = 0;  // each batch has only so many lines; 0: all
};

struct Outcome {
  std::vector<std::string> lines;
  BatchCounts counts;
  SchedulerStats stats;
  std::int64_t most_open = 0;
  int resumed = 0;
};

constexpr std::int64_t kContext = 160;

struct BatchTest : testing::Test {
  void SetUp() override {
    PITH_NEED_SHARED();
    prompter.emplace(test::stories_tokenizer(), PrompterOptions{}, nlohmann::ordered_json::object());
    options.defaults.request.max_tokens = 12;
    options.header = {.model = "stories", .created = 1000};
  }

  static std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
  }

  // One process's work on these lines, until it ends or `turns` are over.
  bool run_once(const Company& c, const std::string& input, std::int64_t turns, Outcome& out) {
    const auto path = folder.write("in.jsonl", input);
    Engine engine(test::stories(), {.threads = c.threads,
                                    .context = kContext,
                                    .sequences = c.parallel,
                                    .positions = c.positions,
                                    .step_tokens = c.step_tokens,
                                    .work_per_thread = 1});
    Scheduler scheduler(engine, test::stories_tokenizer(),
                        {.chunk = c.chunk, .prefix_cache = c.prefix_cache});
    Finished finished;
    for (const std::string& line : out.lines) finished.add(read_output_line(line, "an earlier line").name);
    BatchInput source({.path = path});
    BatchOptions o = options;
    o.ordered = c.ordered;
    Batch batch(scheduler, *prompter, source, finished, o,
                [&](std::string_view line) { out.lines.emplace_back(line); });
    bool more = true;
    for (std::int64_t t = 0; more && (turns == 0 || t < turns); ++t) {
      more = batch.turn();
      out.most_open = std::max(out.most_open, batch.open_lines());
    }
    out.counts = batch.counts();
    const SchedulerStats s = scheduler.stats();
    out.stats.cached_tokens += s.cached_tokens, out.stats.prompt_tokens += s.prompt_tokens,
        out.stats.preemptions += s.preemptions;
    return more;
  }

  Outcome run(const Company& c, std::vector<std::string> lines) {
    if (c.reversed) std::ranges::reverse(lines);
    Outcome out;
    const std::size_t each = c.alone > 0 ? c.alone : std::max<std::size_t>(lines.size(), 1);
    for (std::size_t at = 0; at == 0 || at < lines.size(); at += each) {
      const auto end = std::min(lines.size(), at + each);
      const std::string input = joined({lines.begin() + static_cast<std::ptrdiff_t>(at),
                                        lines.begin() + static_cast<std::ptrdiff_t>(end)});
      while (run_once(c, input, c.interrupted_each, out) && out.resumed < 100) ++out.resumed;
    }
    return out;
  }

  test::TemporaryFolder folder;
  std::optional<Prompter> prompter;
  BatchOptions options;
};

// Requests of every kind with a common beginning; each has its id.
std::vector<std::string> mixed_lines(int n) {
  const std::string header =
      "Once upon a time there was a little girl named Lily. She loved to play with her toys. ";
  std::vector<std::string> lines;
  for (int i = 0; i < n; ++i) {
    Json body = {{"prompt", (i % 3 == 0 ? "" : header) + "One day number " + std::to_string(i)},
                 {"max_tokens", 3 + i * 11 % 90}};
    if (i % 4 == 0) body["temperature"] = 0;
    if (i % 5 == 1) body["logprobs"] = i % 4;
    if (i % 10 == 1) body["echo"] = true;
    if (i % 7 == 2) body["n"] = 3;
    if (i % 6 == 3) body["stop"] = {"th", " a"};
    if (i % 8 == 5) body["repetition_penalty"] = 1.3;
    if (i % 9 == 4) body["seed"] = i;
    if (i % 16 == 7) body["max_tokens"] = "many";  // an error line
    lines.push_back(Json{{"custom_id", "id-" + std::to_string(i)}, {"body", body}}.dump());
  }
  return lines;
}

// Without the number of its line, which depends on what else is in the file.
std::vector<std::string> comparable(std::vector<std::string> lines) {
  for (std::string& line : lines) {
    Json json = Json::parse(line);
    json.erase("line");
    line = json.dump();
  }
  std::ranges::sort(lines);
  return lines;
}

struct BatchSameBytes : BatchTest {};

TEST_F(BatchSameBytes, InAnyCompany) {
  if (const char* level = std::getenv("PITH_ISA"); level && *level && !kernels_at(level))
    GTEST_SKIP() << "this processor lacks the level " << level;
  const std::vector<std::string> lines = mixed_lines(33);
  const std::vector<std::string> expected =
      comparable(run({.parallel = 1, .prefix_cache = false, .alone = 1}, lines).lines);
  ASSERT_EQ(expected.size(), 33u);
  EXPECT_NE(Json::parse(expected[0])["response"], Json::parse(expected[1])["response"]);

  const Company companies[] = {
      {.alone = 1},                    // with a prefix cache
      {.parallel = 2, .alone = 2},     // with one other
      {.parallel = 8, .alone = 8},     // with 7 others
      {.parallel = 33},                // with 32 others
      {.threads = 3, .parallel = 33},  //
      {.parallel = 33, .prefix_cache = false, .reversed = true},
      {.parallel = 5, .step_tokens = 7, .reversed = true},
      {.parallel = 8, .step_tokens = 32, .chunk = 7},
      {.parallel = 8, .positions = kContext},  // preempted
      {.parallel = 8, .positions = kContext, .prefix_cache = false, .ordered = true},
      {.parallel = 3, .ordered = true, .interrupted_each = 130},
      {.parallel = 8, .interrupted_each = 130},
  };
  std::int64_t preemptions = 0, cached = 0;
  int resumed = 0;
  for (std::size_t i = 0; i < std::size(companies); ++i) {
    const Outcome out = run(companies[i], lines);
    EXPECT_EQ(comparable(out.lines), expected) << "company " << i;
    preemptions += out.stats.preemptions, cached += out.stats.cached_tokens, resumed += out.resumed;
  }
  EXPECT_GT(preemptions, 0) << "no preemption was tested";
  EXPECT_GT(cached, 0) << "no shared prefix was tested";
  EXPECT_GT(resumed, 2) << "no resumption was tested";
}

// What a strategy answers the lines with.
Reasoner reasoner(std::string_view strategy, std::string_view rule) {
  ReasonSettings settings;
  settings.answer = AnswerRule(rule);
  settings.thoughts = Thoughts::Sentence;
  return {StrategyCall(strategy),
          std::move(settings),
          {test::stories_tokenizer(), std::nullopt, nlohmann::ordered_json::object(), {"", ""}}};
}

TEST_F(BatchSameBytes, OfAStrategyInAnyCompany) {
  if (const char* level = std::getenv("PITH_ISA"); level && *level && !kernels_at(level))
    GTEST_SKIP() << "this processor lacks the level " << level;
  std::vector<std::string> lines;
  for (int i = 0; i < 8; ++i)
    lines.push_back(Json{{"custom_id", std::to_string(i)},
                         {"body", {{"prompt", "One day number " + std::to_string(i)}, {"max_tokens", 20}}}}
                        .dump());
  options.defaults.reasoned = true;
  int resumed = 0;
  for (const char* strategy : {"self-consistency:5", "tree:2,2"}) {
    const Reasoner r = reasoner(strategy, "regex:[a-z]+[.,]");
    options.reasoner = &r;
    const std::vector<std::string> expected = comparable(run({.parallel = 1, .alone = 1}, lines).lines);
    ASSERT_EQ(expected.size(), 8u);
    for (const Company& company :
         {Company{.threads = 3, .parallel = 8, .reversed = true}, Company{.parallel = 16, .ordered = true},
          Company{.parallel = 1, .step_tokens = 7, .prefix_cache = false, .interrupted_each = 400}}) {
      const Outcome out = run(company, lines);
      EXPECT_EQ(comparable(out.lines), expected) << strategy;
      resumed += out.resumed;
    }
  }
  EXPECT_GT(resumed, 0) << "no resumption was tested";
}

TEST_F(BatchTest, AStrategysAnswerHasWhatItCost) {
  const Reasoner vote = reasoner("self-consistency:3", "regex:^.");  // all chains begin alike
  options.reasoner = &vote;
  options.defaults.reasoned = true;
  const Outcome out = run(
      {.ordered = true},
      {
          R"({"custom_id":"a","body":{"prompt":"Once upon a time","max_tokens":6,"temperature":0.01,"seed":7}})",
          R"({"custom_id":"b","body":{"prompt":"Once upon a time","temperature":0}})",
          Json{{"custom_id", "c"}, {"body", {{"prompt", std::string(2 * kContext, '?')}}}}.dump(),
          R"({"custom_id":"d","body":{"prompt":"Once upon a time","max_tokens":0}})",
          R"({"custom_id":"e","body":{"prompt":"Once upon a time","top_p":2}})",
      });
  ASSERT_EQ(out.lines.size(), 5u);
  EXPECT_EQ(out.counts.answered, 1);
  std::vector<Json> json;
  for (const std::string& line : out.lines) json.push_back(Json::parse(line));
  const Json& body = json[0]["response"]["body"];
  EXPECT_EQ(body["choices"][0]["text"], ", there was a little g");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(body["seed"], 7);
  // Two of three decide; of the third nothing is counted but its prompt.
  EXPECT_EQ(body["usage"], Json::parse(R"({"prompt_tokens":15,"completion_tokens":12,"total_tokens":27})"));
  EXPECT_EQ(body["reasoning"], Json::parse(R"({"strategy":"self-consistency:3","answer":",","agreement":1,
      "score":null,"chains":3})"));
  const char* codes[] = {"invalid_request", "failed", "no_answer", "invalid_request"};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(json[i + 1]["error"]["code"], codes[i]) << out.lines[i + 1];
  EXPECT_EQ(out.counts.chains, 6) << "of the lines whose strategy came to its end";
}

TEST_F(BatchTest, TheStepsOfAWorkedAnswerAreApart) {
  prompter.emplace(test::stories_tokenizer(), PrompterOptions{"{{ messages[0].content }}", "template"},
                   nlohmann::ordered_json::object());
  options.defaults.reasoned = true;
  options.defaults.request.sampling.temperature = 0;
  const std::string line =
      R"({"custom_id":"a","body":{"messages":[{"role":"user","content":"Once upon a time"}],"max_tokens":100}})";
  Json message[2];
  for (int i = 0; i < 2; ++i) {
    const Reasoner r = reasoner(i == 0 ? "direct" : "cot", "text");
    options.reasoner = &r;
    const Outcome out = run({}, {line});
    ASSERT_EQ(out.lines.size(), 1u);
    message[i] = Json::parse(out.lines[0])["response"]["body"]["choices"][0]["message"];
  }
  const std::string whole = message[0]["content"], steps = message[1]["reasoning_content"],
                    last = message[1]["content"];
  EXPECT_FALSE(message[0].contains("reasoning_content"));
  EXPECT_EQ(steps + last, whole);
  EXPECT_EQ(last.find('\n'), std::string::npos);
}

TEST_F(BatchTest, ALineOfEachKind) {
  const Outcome out = run(
      {.ordered = true},
      {
          R"({"custom_id":"a","body":{"prompt":"Once upon a time","max_tokens":3,"temperature":0,"echo":true,"logprobs":1}})",
          R"({"custom_id":"b","body":{"prompt":"Once upon a time","max_tokens":3,"temperature":0,"n":2,"seed":5}})",
          R"({broken)",
          "",
          R"({"custom_id":"c","body":{"prompt":"x","top_p":2}})",
          Json{{"custom_id", "d"}, {"body", {{"prompt", std::vector<int>(kContext, 403)}}}}.dump(),
          R"({"custom_id":"e","body":{"prompt":"Once","max_tokens":0}})",
          std::string(LineReader::kLongestLine + 1, ' '),
      });
  ASSERT_EQ(out.lines.size(), 7u);
  EXPECT_EQ(out.counts.answered, 3);
  EXPECT_EQ(out.counts.failed, 4);
  std::vector<Json> json;
  for (const std::string& line : out.lines) {
    EXPECT_TRUE(line.ends_with('\n'));
    json.push_back(Json::parse(line));
  }
  const Json& a = json[0]["response"]["body"];
  EXPECT_EQ(json[0]["custom_id"], "a");
  EXPECT_EQ(json[0]["line"], 1);
  EXPECT_EQ(json[0]["error"], nullptr);
  EXPECT_EQ(json[0]["response"]["status_code"], 200);
  EXPECT_EQ(a["object"], "text_completion");
  EXPECT_EQ(a["created"], 1000);
  EXPECT_EQ(a["model"], "stories");
  EXPECT_EQ(a["choices"][0]["text"], "Once upon a time, there was");
  EXPECT_EQ(a["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(a["usage"], Json::parse(R"({"prompt_tokens":5,"completion_tokens":3,"total_tokens":8})"));
  EXPECT_EQ(a["seed"], derived_seed(0, "a"));
  const Json& p = a["choices"][0]["logprobs"];
  EXPECT_EQ(p["tokens"], Json::parse(R"(["<s>"," Once"," upon"," a"," time",","," there"," was"])"));
  EXPECT_EQ(p["text_offset"], Json::parse("[0,0,4,9,11,16,17,23]"));
  EXPECT_EQ(p["token_logprobs"][0], nullptr);
  EXPECT_LT(p["token_logprobs"][1], 0);
  EXPECT_EQ(p["top_logprobs"][0], nullptr);
  for (std::size_t i = 5; i < 8; ++i)  // greedy: the most probable one
    EXPECT_EQ(p["top_logprobs"][i][p["tokens"][i].get<std::string>()], p["token_logprobs"][i]) << i;

  const Json& b = json[1]["response"]["body"];
  ASSERT_EQ(b["choices"].size(), 2u);
  EXPECT_EQ(b["choices"][1]["index"], 1);
  EXPECT_EQ(b["choices"][1]["text"], ", there was");
  EXPECT_EQ(b["choices"][1]["logprobs"], nullptr);
  EXPECT_EQ(b["usage"]["completion_tokens"], 6);
  EXPECT_EQ(b["seed"], 5);

  const char* codes[] = {"invalid_json", "invalid_request", "context_length_exceeded"};
  const char* ids[] = {"line-3", "c", "d"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(json[2 + i]["custom_id"], ids[i]);
    EXPECT_EQ(json[2 + i]["response"], nullptr);
    EXPECT_EQ(json[2 + i]["error"]["code"], codes[i]);
  }
  EXPECT_EQ(json[5]["response"]["body"]["choices"][0]["text"], "");
  EXPECT_EQ(json[6]["error"]["code"], "line_too_long");
  EXPECT_EQ(json[6]["line"], 8);
}

TEST_F(BatchTest, ChatsGetAMessageAndLogprobsWithBytes) {
  prompter.emplace(test::stories_tokenizer(), PrompterOptions{"{{ messages[0].content }}", "template"},
                   nlohmann::ordered_json::object());
  const Outcome plain = run(
      {},
      {R"({"custom_id":"a","body":{"messages":[{"role":"user","content":"Once upon a time"}],"max_tokens":2,"temperature":0,"logprobs":true,"top_logprobs":2}})"});
  ASSERT_EQ(plain.lines.size(), 1u);
  const Json body = Json::parse(plain.lines[0])["response"]["body"];
  EXPECT_EQ(body["object"], "chat.completion");
  const Json& choice = body["choices"][0];
  EXPECT_EQ(choice["message"]["role"], "assistant");
  EXPECT_EQ(choice["message"]["content"], ", there");
  const Json& content = choice["logprobs"]["content"];
  ASSERT_EQ(content.size(), 2u);
  EXPECT_EQ(content[1]["token"], " there");
  EXPECT_EQ(content[1]["bytes"], Json::parse("[32,116,104,101,114,101]"));
  ASSERT_EQ(content[1]["top_logprobs"].size(), 2u);
  EXPECT_EQ(content[1]["top_logprobs"][0]["logprob"], content[1]["logprob"]);
}

TEST_F(BatchTest, ReasoningIsApart) {
  // The template speaks of reasoning and opens it; the answer begins where the model would close it.
  prompter.emplace(test::stories_tokenizer(),
                   PrompterOptions{"{{ messages[0].content }}<think>{# </think> #}", "template"},
                   nlohmann::ordered_json::object());
  const Outcome out =
      run({}, {R"({"custom_id":"a","body":{"max_tokens":4,"messages":[{"role":"user","content":"Once"}]}})"});
  ASSERT_EQ(out.lines.size(), 1u);
  const Json body = Json::parse(out.lines[0])["response"]["body"];
  EXPECT_EQ(body["choices"][0]["message"]["content"], "") << "it never closes it";
  EXPECT_NE(body["choices"][0]["message"]["reasoning_content"], "");
  EXPECT_EQ(body["usage"]["completion_tokens_details"]["reasoning_tokens"], 4);
}

TEST_F(BatchTest, OrderedIsTheOrderOfTheInputWithABoundedWindow) {
  // The first line takes as long as all others together.
  std::vector<std::string> lines = {
      R"({"custom_id":"0","body":{"prompt":"Once","max_tokens":150,"stop":[]}})"};
  for (int i = 1; i < 300; ++i)
    lines.push_back(R"({"custom_id":")" + std::to_string(i) +
                    R"(","body":{"prompt":"Once","max_tokens":1}})");
  const Outcome ordered = run({.parallel = 4, .ordered = true}, lines), any = run({.parallel = 4}, lines);
  for (std::size_t i = 0; i < 300; ++i)
    EXPECT_EQ(Json::parse(ordered.lines[i])["custom_id"], std::to_string(i));
  EXPECT_NE(Json::parse(any.lines[0])["custom_id"], "0");
  EXPECT_EQ(ordered.most_open, 8 * 4);
  EXPECT_LE(any.most_open, 2 * 4);
}

TEST_F(BatchTest, AStreamIsAnsweredAsItComes) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const auto send = [&](const std::string& text) {
    ASSERT_EQ(write(ends[1], text.data(), text.size()), std::ssize(text));
  };
  Engine engine(test::stories(), {.threads = 1, .context = kContext, .sequences = 4});
  Scheduler scheduler(engine, test::stories_tokenizer());
  BatchInput source({.path = "/dev/fd/" + std::to_string(ends[0])});
  std::vector<Json> out;
  const std::string a = R"({"custom_id":"a","body":{"prompt":"Once"}})",
                    done = R"({"custom_id":"done","body":{}})";
  Finished finished;
  finished.add(request_name(done, 2, "done"));
  Batch batch(scheduler, *prompter, source, finished, options,
              [&](std::string_view line) { out.push_back(Json::parse(line)); });
  send(a + "\n" + done + "\n" + a + "\n{\"custom_id\":\"b\",");
  while (out.size() < 2) ASSERT_TRUE(batch.turn());
  EXPECT_EQ(out[0]["error"]["code"], "duplicate_id");
  EXPECT_EQ(out[0]["line"], 3);
  EXPECT_EQ(out[1]["custom_id"], "a");
  EXPECT_EQ(batch.counts().skipped, 1);
  send("\"body\":{\"prompt\":\"One\"}}\n");
  close(ends[1]);
  while (batch.turn()) {
  }
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[2]["custom_id"], "b");
  close(ends[0]);
}

TEST_F(BatchTest, NothingIn) {
  EXPECT_TRUE(run({}, {}).lines.empty());
  EXPECT_TRUE(run({}, {"", "  ", "\t"}).lines.empty());
}

TEST_F(BatchTest, DuplicateIdsOfAFileAreFoundBefore) {
  const auto path = folder.write("in.jsonl",
                                 "{\"custom_id\":\"a\",\"body\":{}}\n\n{\"custom_id\":\"b\",\"body\":{}}\n"
                                 "{\"custom_id\":\"a\",\"body\":{}}\n");
  for (const Shard shard : {Shard{1, 1}, Shard{2, 2}}) {
    try {
      survey({.path = path, .shard = shard});
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("lines 1 and 4 have the same custom_id 'a'"), std::string::npos)
          << e.what();
    }
  }
  const Survey text = survey({.path = path, .text = true, .shard = {1, 3}});
  EXPECT_EQ(text.requests, 2) << "lines 1 and 4";
  EXPECT_EQ(text.blank, 1);
}

TEST_F(BatchTest, ShardsTogetherAreTheWhole) {
  const auto path = folder.write("in.txt", "one\n\ntwo\nthree\nfour\n");
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 1; i <= 3; ++i) {
    BatchInput input({.path = path, .shard = {i, 3}});
    for (Line line; input.next(line) == LineReader::Next::Line;) numbers.push_back(line.number);
    EXPECT_EQ(input.lines(), 5);
    EXPECT_EQ(input.blank(), 1);
  }
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{1, 4, 5, 3}));
}

}  // namespace
}  // namespace pith
