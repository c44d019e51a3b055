// pith eval and pith score as a user runs them.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/run_pith.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

using Json = nlohmann::json;

class Eval : public ::testing::Test {
 protected:
  void SetUp() override {
    PITH_NEED_SHARED();
    model_ = (shared_data() / "weights/stories260K/stories260Ktok512-llamacpp.gguf").string();
  }
  std::string write(const char* name, const std::string& text) { return folder_.write(name, text).string(); }
  std::string frankenstein(std::size_t bytes) {
    std::ifstream file(shared_data() / "text/frankenstein.txt", std::ios::binary);
    std::string text(bytes, '\0');
    file.read(text.data(), static_cast<std::streamsize>(bytes));
    return write("text.txt", text);
  }
  void expect_error(const std::vector<std::string>& arguments, int code, const std::string& message) {
    const Outcome o = run_pith(arguments);
    EXPECT_EQ(o.code, code);
    EXPECT_EQ(o.out, "");
    EXPECT_EQ(o.err, "pith: " + message + "\n");
  }
  std::string model_;
  TemporaryFolder folder_;
};

constexpr const char* kChoices =
    "{\"prompt\": \"Once upon a time, there was a little\", \"choices\": [\"girl\", \"banana\"], \"answer\": "
    "0}\n"
    "{\"prompt\": \"Lily loved to play in the\", \"choices\": [\"moon\", \"park\"], \"answer\": \"park\"}\n"
    "{\"prompt\": \"Once upon a\", \"choices\": [\"time\", \"mom\"], \"answer\": 1}\n";

TEST_F(Eval, PerplexityAsLlamaCppCountsIt) {
  const Outcome o =
      run_pith({"eval", "perplexity", "-m", model_, "--compat", "--window", "256", "--cache-type-k", "f32",
                "--cache-type-v", "f32", "--json", frankenstein(32768)});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json j = Json::parse(o.out);
  EXPECT_NEAR(j["perplexity"]["value"].get<double>(), 33.6215, 1e-3);
  EXPECT_EQ(j["windows"], 71);
}

TEST_F(Eval, PerplexityOfTokensWordsAndBytes) {
  const std::string file = frankenstein(4000);
  const Json j = Json::parse(run_pith({"eval", "perplexity", "-m", model_, "--json", file}).out);
  const double nll = j["negative_log_likelihood"].get<double>() * j["tokens"].get<double>();
  EXPECT_NEAR(j["byte_perplexity"]["value"].get<double>(), std::exp(nll / 4000), 1e-6);
  EXPECT_NEAR(j["bits_per_byte"]["value"].get<double>(), nll / 4000 / std::log(2.0), 1e-6);
  EXPECT_GT(j["word_perplexity"]["value"], j["perplexity"]["value"]);
  const Json part =
      Json::parse(run_pith({"eval", "perplexity", "-m", model_, "--json", "--limit", "2", file}).out);
  EXPECT_LT(part["tokens"], j["tokens"]);
  EXPECT_NE(run_pith({"eval", "perplexity", "-m", model_, file}).out.find("95 %"), std::string::npos);
}

TEST_F(Eval, ChoicesGoOnWhereTheyWere) {
  const std::string task = write("task.jsonl", kChoices), log = (folder_ / "log.jsonl").string();
  const std::vector<std::string> all = {"eval", "choice", "-m", model_, task, "--json"};
  const Outcome whole = run_pith(all);
  ASSERT_EQ(whole.code, 0) << whole.err;
  const Json j = Json::parse(whole.out);
  EXPECT_NEAR(j["acc"]["value"].get<double>(), 2.0 / 3, 1e-12);
  EXPECT_EQ(j["acc"]["n"], 3);
  EXPECT_EQ(j["brier"]["interval"].size(), 2u);

  std::vector<std::string> logged = all;
  logged.insert(logged.end(), {"--log", log});
  EXPECT_EQ(run_pith([&] {
              auto a = logged;
              a.insert(a.end(), {"--limit", "1"});
              return a;
            }())
                .code,
            0);
  expect_error(logged, 2, log + ": is there already; --resume goes on with it");
  logged.push_back("--resume");
  EXPECT_EQ(run_pith(logged).out, whole.out);
  std::ifstream file(log);
  int lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  EXPECT_EQ(lines, 4);  // a header and three items, each once
}

TEST_F(Eval, GenerateChecksAnswers) {
  const std::string task = write(
      "task.jsonl",
      "{\"prompt\": \"Once upon a time, there was a little girl named\", \"answer\": \"Lily\"}\n"
      "{\"prompt\": \"Once upon a time, there was a little girl named\", \"answer\": [\"Bob\", \"Tom\"]}\n");
  const Outcome o =
      run_pith({"eval", "generate", "-m", model_, task, "-n", "2", "--match", "regex", "--json"});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json j = Json::parse(o.out);
  EXPECT_EQ(j["accuracy"]["value"], 0.5);
  EXPECT_EQ(j["accuracy"]["n"], 2);
  EXPECT_EQ(j["strategy"], "direct");
}

TEST_F(Eval, DivergenceOfAQuantisation) {
  const std::string file = frankenstein(2000), q8 = (folder_ / "q8.gguf").string(),
                    q4 = (folder_ / "q4.gguf").string();
  ASSERT_EQ(run_pith({"quantize", model_, q8, "Q8_0"}).code, 0);
  ASSERT_EQ(run_pith({"quantize", model_, q4, "Q4_0"}).code, 0);
  const auto kl = [&](const std::string& other) {
    return Json::parse(run_pith({"eval", "kl", model_, other, file, "--json", "--window", "128"}).out);
  };
  const Json same = kl(model_), eight = kl(q8), four = kl(q4);
  EXPECT_EQ(same["kl"]["value"], 0);
  EXPECT_EQ(same["same_top"]["value"], 1);
  EXPECT_GT(eight["kl"]["value"], 0);
  EXPECT_GT(four["kl"]["value"], eight["kl"]["value"]);
  EXPECT_NEAR(four["perplexity_ratio"]["value"].get<double>(),
              four["perplexity_b"]["value"].get<double>() / four["perplexity_a"]["value"].get<double>(),
              1e-9);
}

TEST_F(Eval, ScoreLinesInOrder) {
  const std::string lines =
      "{\"id\": \"a\", \"prompt\": \"Once upon a\", \"continuations\": [\" time\", \" mom\"]}\n{\"prompt\": "
      "\"Once upon\"}\n";
  const Outcome o = run_pith({"score", "-m", model_}, {.stdin_text = lines});
  ASSERT_EQ(o.code, 0) << o.err;
  std::istringstream out(o.out);
  std::string first, second;
  std::getline(out, first), std::getline(out, second);
  const Json a = Json::parse(first), b = Json::parse(second);
  EXPECT_EQ(a["id"], "a");
  EXPECT_EQ(a["continuations"][0]["tokens"], Json::array({378}));
  EXPECT_GT(a["continuations"][0]["sum"], a["continuations"][1]["sum"]);
  EXPECT_EQ(b["tokens"], Json({1, 403, 407}));
  EXPECT_TRUE(b["logprobs"][0].is_null());
  EXPECT_NEAR(b["logprobs"][1].get<double>() + b["logprobs"][2].get<double>(), b["sum"].get<double>(), 1e-6);
}

// tests/data/scores (tools/make_score_fixtures.py): transformers in float64 on 100 questions. A logit comes
// out of 21 products of matrices, one behind the other (four a layer, and the head), of at most 172 terms,
// each rounded to float32: errors of 2^-24 that add up as a random walk does; the sum that a logit is set
// against has its own.
TEST_F(Eval, AHundredItemsAgreeWithFloat64) {
  const std::string data = std::string(PITH_SOURCE_DIR) + "/tests/data/scores/";
  const Json reference = Json::parse(std::ifstream(data + "reference.json"));
  const double tolerance =
      2 * std::sqrt(21 * 172.0) * std::ldexp(1, -24) * reference["largest_logit"].get<double>();
  double worst = 0;
  std::size_t longest = 0;
  const auto compare = [&](const Json& found, const Json& expected) {
    ASSERT_EQ(found.size(), expected.size());
    longest = std::max(longest, expected.size());
    for (std::size_t t = 0; t < expected.size(); ++t)
      worst = std::max(worst, std::abs(found[t].get<double>() - expected[t].get<double>()));
  };

  std::string questions;  // each twice: its choices as continuations, and whole with the right one
  std::ifstream task(data + "choice.jsonl");
  for (std::string line; std::getline(task, line);) {
    const Json item = Json::parse(line);
    Json pairs{{"prompt", item["prompt"]}};
    for (const std::string choice : item["choices"])
      pairs["continuations"].push_back(item.value("delimiter", " ") + choice);
    const std::string right = pairs["continuations"][item["answer"].get<std::size_t>()];
    questions +=
        pairs.dump() + "\n" + Json{{"prompt", item["prompt"].get<std::string>() + right}}.dump() + "\n";
  }
  const std::vector<std::string> f32 = {"-m", model_, "--cache-type-k", "f32", "--cache-type-v", "f32"};
  std::vector<std::string> arguments = f32;
  arguments.insert(arguments.begin(), "score");
  const Outcome scores = run_pith(arguments, {.stdin_text = questions});
  ASSERT_EQ(scores.code, 0) << scores.err;
  std::istringstream lines(scores.out);
  ASSERT_EQ(reference["items"].size(), 100u);
  for (const Json& expected : reference["items"]) {
    std::string line;
    std::getline(lines, line);
    const Json pairs = Json::parse(line)["continuations"];
    ASSERT_EQ(pairs.size(), expected["choices"].size());
    for (std::size_t c = 0; c < pairs.size(); ++c) compare(pairs[c]["logprobs"], expected["choices"][c]);
    std::getline(lines, line);
    Json whole = Json::parse(line);
    EXPECT_EQ(whole["tokens"], expected["tokens"]);
    whole["logprobs"].erase(0);
    compare(whole["logprobs"], expected["text"]);
  }
  EXPECT_LT(worst, tolerance);

  arguments = f32;
  arguments.insert(arguments.begin(), {"eval", "choice", data + "choice.jsonl", "--json"});
  const Outcome choices = run_pith(arguments);
  ASSERT_EQ(choices.code, 0) << choices.err;
  const Json found = Json::parse(choices.out);
  // What such errors of a choice's tokens can move: a probability by twice their sum, the squares by twice
  // that.
  const double most = 4 * worst * static_cast<double>(longest);
  for (const auto& [name, value] : reference["figures"].items())
    EXPECT_NEAR(found[name]["value"].get<double>(), value.get<double>(),
                name.starts_with("acc") ? 1e-12 : most)
        << name;
}

TEST_F(Eval, PublishedTasksAreConverted) {
  if (run_program({"/usr/bin/env", "python3", "--version"}).code != 0) GTEST_SKIP() << "needs python3";
  const auto convert = [&](const char* task, const std::string& file) {
    const Outcome o =
        run_program({"/usr/bin/env", "python3", std::string(PITH_SOURCE_DIR) + "/tools/convert_task.py", task,
                     file, "--shots", "1", "--from", file});
    EXPECT_EQ(o.code, 0) << o.err;
    return write("converted.jsonl", o.out);
  };
  const std::string words =
      convert("gsm8k", write("g.jsonl",
                             "{\"question\": \"How many?\", \"answer\": \"It is 1 + 1 = "
                             "<<1+1=2>>2.\\n#### 1,002\"}\n"));
  EXPECT_EQ(run_pith({"eval", "generate", "-m", model_, "--match", "numeric", "-n", "2", words}).code, 0);
  std::ifstream file(words);
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(Json::parse(line)["answer"], "1002");
  EXPECT_EQ(line.find("<<"), std::string::npos);
  const std::string choices = convert("mmlu", write("m.csv", "\"Two, or three?\",1,2,3,4,B\n"));
  EXPECT_EQ(run_pith({"eval", "choice", "-m", model_, choices}).code, 0);
  for (const std::string& bad :
       {std::string("/no/such"), write("bad.jsonl", "[1]"), write("bytes", "\xff"), write("none", "")}) {
    const Outcome o = run_program(
        {"/usr/bin/env", "python3", std::string(PITH_SOURCE_DIR) + "/tools/convert_task.py", "gsm8k", bad});
    EXPECT_EQ(o.code, 1);
    EXPECT_TRUE(o.err.starts_with(bad + ": ")) << o.err;
    EXPECT_EQ(o.err.find('\n'), o.err.size() - 1) << o.err;
  }
}

TEST_F(Eval, BadInput) {
  const std::string task =
      write("task.jsonl", "{\"prompt\": \"a\", \"choices\": [\"b\", \"b\"], \"answer\": 0}\n");
  expect_error({"eval", "choice", "-m", model_, task}, 1,
               task + ": line 1: 'choices': numbers 1 and 2 are the same: 'b'");
  expect_error({"eval"}, 2, "eval: no command (see: pith eval --help)");
  expect_error({"eval", "choice", "-m", model_, task, "--resume"}, 2, "--resume needs --log FILE");
  expect_error({"eval", "choice", "-m", model_, task, "--limit", "0"}, 2,
               "--limit: expected at least 1, found 0");
  const std::string text = write("short.txt", "Once");
  expect_error({"eval", "perplexity", "-m", model_, "--compat", text}, 1,
               text + ": 2 tokens do not fill one window of 128");
  expect_error({"eval", "perplexity", "-m", model_, "--stride", "200", text}, 2,
               "--stride: expected less than the window of 128, found 200");
  expect_error({"eval", "kl", model_, "/no/such.gguf", text}, 1, "/no/such.gguf: no such file or directory");
  expect_error({"eval", "perplexity", "-m", model_, "--window", "64", "--ctx", "32", text}, 2,
               "--window: expected at most the context of 32 (--ctx), found 64");
  // A text without an end of line is no log whose first line was cut off.
  expect_error({"eval", "perplexity", "-m", model_, text, "--log", text, "--resume"}, 1,
               text + ": expected a log of this evaluation, found something else; another file begins anew");
  EXPECT_EQ(std::filesystem::file_size(text), 4u);
  const std::string regex = write("r.jsonl", "{\"prompt\": \"a\", \"answer\": \"(\"}\n");
  expect_error({"eval", "generate", "-m", model_, "--match", "regex", "--log", folder_ / "log", regex}, 1,
               "item 1: the regular expression '(' cannot be used: missing closing parenthesis");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "log")) << "found before the work begins";
  const std::string scores = write("s.jsonl", "{\"prompt\": \"a\"}\n");
  expect_error({"score", "-m", model_, "--reward", scores}, 1,
               model_ + ": is no reward model: it has no tensor cls.output");
  expect_error({"score", "-m", model_, "--reward", "--parallel", "2", scores}, 2,
               "score: --reward takes one item at a time, without --parallel");
}

}  // namespace
}  // namespace pith::test
