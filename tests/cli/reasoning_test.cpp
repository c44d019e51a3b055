// pith run --reason and pith trace, as a user meets them.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/run_pith.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

using Json = nlohmann::json;

class Reasoning : public ::testing::Test {
 protected:
  void SetUp() override { PITH_NEED_SHARED(); }
  Outcome reason(std::vector<std::string> more) const {
    std::vector<std::string> all{
        "run",    "-m", (shared_data() / "weights/stories260K/stories260Ktok512-llamacpp.gguf").string(),
        "--seed", "3",  "-n",
        "40"};
    all.insert(all.end(), more.begin(), more.end());
    all.push_back("Once upon a time");
    return run_pith(all);
  }
  TemporaryFolder folder_;
};

TEST_F(Reasoning, TheAnswerAloneOnStdout) {
  const std::string path = (folder_ / "trace.json").string();
  const Outcome o = reason({"--reason", "self-consistency:5", "--answer", "regex:named ([A-Z][a-z]+)",
                            "--answer-only", "--stats", "--trace", path});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(o.out.size() > 1 && std::isupper(o.out[0]) && o.out.find(' ') == std::string::npos) << o.out;
  EXPECT_NE(o.err.find("5 texts"), std::string::npos) << o.err;

  std::ifstream file(path);
  const Json trace = Json::parse(file);
  EXPECT_EQ(trace["nodes"].size(), 5u);
  const Outcome drawn = run_pith({"trace", path});
  EXPECT_EQ(drawn.code, 0) << drawn.err;
  EXPECT_NE(drawn.out.find("└─ chain"), std::string::npos) << drawn.out;
  const std::string page = (folder_ / "trace.html").string();
  EXPECT_EQ(run_pith({"trace", path, "--html", page}).code, 0);
  EXPECT_GT(std::filesystem::file_size(page), 1000u);
}

TEST_F(Reasoning, OneObjectWithJson) {
  const Outcome o = reason({"--reason", "tree:2,2", "--thoughts", "sentence", "--json"});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json object = Json::parse(o.out);
  EXPECT_EQ(object["strategy"], "tree:2,2");
  EXPECT_EQ(object["seed"], 3);
  EXPECT_GE(object["usage"]["chains"], 2);
  const Outcome steps =
      reason({"--reason", "tree:2,2", "--thoughts", "sentence", "--json", "-t", "1", "-ub", "3"});
  ASSERT_EQ(steps.code, 0) << steps.err;
  EXPECT_EQ(Json::parse(steps.out)["text"], object["text"]);
}

TEST_F(Reasoning, TheSameBytesWithAnyThreads) {
  const std::vector<std::string> options{"--reason", "best-of:4", "--verify", "grep -q a"};
  std::vector<std::string> one = options, three = options;
  one.insert(one.end(), {"-t", "1"});
  three.insert(three.end(), {"-t", "3", "-b", "7"});
  const Outcome a = reason(one), b = reason(three);
  EXPECT_EQ(a.code, 0) << a.err;
  EXPECT_FALSE(a.out.empty());
  EXPECT_EQ(a.out, b.out);
}

TEST_F(Reasoning, SaysWhereNoTextPasses) {
  const Outcome none = reason({"--reason", "best-of:2", "--verify", "false", "--json"});
  EXPECT_EQ(none.code, 0);
  EXPECT_EQ(none.err, "pith: --verify passed none of the texts; this is the first of them\n");
  EXPECT_EQ(Json::parse(none.out)["score"], 0);
  const Outcome all = reason({"--reason", "best-of:2", "--verify", "true", "--json"});
  EXPECT_EQ(all.err, "");
  EXPECT_EQ(Json::parse(all.out)["score"], 1);
}

// The page as Debian's browser shows it: every node in the document, and a picture that is not blank.
TEST_F(Reasoning, SlowATracePageInABrowser) {
  if (run_program({"/bin/sh", "-c", "command -v chromium"}).code != 0) GTEST_SKIP() << "no chromium here";
  const std::string trace = (folder_ / "trace.json").string(), page = (folder_ / "trace.html").string(),
                    picture = (folder_ / "page.png").string();
  ASSERT_EQ(reason({"--reason", "tree:2,3", "--thoughts", "sentence", "--trace", trace}).code, 0);
  ASSERT_EQ(run_pith({"trace", trace, "--html", page}).code, 0);
  const auto browse = [&](const std::string& option) {
    return run_program({"/usr/bin/env", "chromium", "--headless", "--no-sandbox", "--disable-gpu",
                        "--user-data-dir=" + (folder_ / "profile").string(), "--window-size=800,600", option,
                        "file://" + page});
  };
  const Outcome dom = browse("--dump-dom");
  ASSERT_EQ(dom.code, 0) << dom.err;
  std::ifstream file(trace);
  std::size_t nodes = 0;
  for (std::size_t at = dom.out.find("<details"); at != std::string::npos;
       at = dom.out.find("<details", at + 1))
    ++nodes;
  EXPECT_EQ(nodes, Json::parse(file)["nodes"].size()) << dom.out;
  EXPECT_NE(dom.out.find("class=\"chosen"), std::string::npos) << dom.out;
  ASSERT_EQ(browse("--screenshot=" + picture).code, 0);
  // A blank page of this size is less than 5 kB.
  EXPECT_GT(std::filesystem::file_size(picture), 20'000u);
}

TEST_F(Reasoning, ThePuzzlesProgramChecksStepsAndTarget) {
  const auto check = [&](const std::string& state, const std::string& text) {
    return run_program({"/usr/bin/env", "PITH_STATE=" + state, "PITH_QUESTION=Use 9 4 3 8 to make 15.", "awk",
                        "-f", std::string(PITH_SOURCE_DIR) + "/tools/check_puzzle.awk"},
                       {.stdin_text = text})
               .code == 0;
  };
  const std::string first = "9 * 8 = 72, left 3 4 72.\n", second = "72 / 4 = 18, left 3 18.\n";
  EXPECT_TRUE(check("final", first + second + "18 - 3 = 15. Done."));
  EXPECT_TRUE(check("partial", first));
  EXPECT_TRUE(check("partial", ""));
  EXPECT_FALSE(check("final", first + second)) << "not at the target";
  for (const std::string& wrong :
       {std::string("9 * 8 = 71, left 3 4 71.\n"), std::string("9 * 8 = 72, left 3 3 72.\n"),
        std::string("9 * 8 = 72, left 3 72.\n"), std::string("9 * 9 = 81, left 3 4 8 81.\n"),
        std::string("9 / 4 = 2, left 2 3 8.\n"), std::string("9 / 4 = 2.25, left 2.25 3 8.\n"),
        std::string("9 + 8 = 17. Done.\n"), first + second + "18 + 3 = 21. Done.",
        std::string("I will try.\n")})
    EXPECT_FALSE(check("partial", wrong)) << wrong;
}

TEST_F(Reasoning, WhatGoesWrongIsOneLine) {
  const auto one_line = [](const Outcome& o, int code, std::string_view what) {
    EXPECT_EQ(o.code, code) << o.err;
    EXPECT_NE(o.err.find(what), std::string::npos) << o.err;
    EXPECT_EQ(std::ranges::count(o.err, '\n'), 1) << o.err;
    EXPECT_EQ(o.out, "");
  };
  one_line(reason({"--reason", "self-consistency:3", "--answer", "regex:QQQ"}), 1, "--answer regex:QQQ");
  one_line(reason({"--reason", "guess"}), 2, "self-consistency:N");
  one_line(reason({"--reason", "tree:2"}), 2, "tree:B,D");
  one_line(reason({"--reason", "best-of:2", "--verify", "/no/such"}), 2, "/no/such");
  one_line(reason({"--reason", "best-of:2", "--judge", "program"}), 2, "--verify");
  one_line(reason({"--reason", "best-of:2", "--judge", "logprob", "--verify", "true"}), 2,
           "--verify needs --judge program");
  one_line(reason({"--reason", "best-of:2", "--verify", "true", "--reward-model", "m"}), 2,
           "--reward-model needs --judge reward");
  one_line(reason({"--reason", "self-consistency:2", "--reward-model", "m"}), 2,
           "--reward-model needs --weight reward");
  one_line(reason({"--reason", "self-consistency:2", "--confidence", "0.5"}), 2,
           "--confidence needs --stopping");
  one_line(reason({"--reason", "cot", "-k", "2"}), 2, "--examples");
  one_line(reason({"--votes", "5"}), 2, "--votes needs --reason");
  one_line(reason({"--reason", "cot", "--branch", "2"}), 2,
           "--branch is read by --reason tree, auto, not by cot");
  one_line(reason({"--reason", "cot", "--wave", "2"}), 2,
           "--wave is read by --reason self-consistency, best-of, tree, auto, not by cot");
  one_line(reason({"--reason", "tree:2,2", "--wave", "2", "--budget", "40"}), 1,
           "--reason tree:2,2: nothing came of 2 texts");
  EXPECT_EQ(reason({"--reason", "tree:2,2", "--wave", "2", "--thoughts", "sentence"}).code, 0);
  one_line(reason({"--reason", "tree:2,2", "--votes", "5"}), 2, "--votes needs --judge votes");
  one_line(reason({"--reason", "tree:2,2", "--bound", "0.5"}), 2, "--bound needs --search depth");
  one_line(reason({"--reason", "best-of:2", "--verify-timeout", "5"}), 2, "--verify-timeout needs --verify");
  one_line(reason({"--reason", "cot", "--example-order", "nearest"}), 2, "--example-order needs --examples");
  one_line(reason({"--answer-only"}), 2, "--answer-only needs --reason");
  one_line(run_pith({"batch", "--text", "-o", "-", "--budget", "9"}, {.stdin_text = "x\n"}), 2,
           "--budget needs --reason");
  one_line(reason({"--reason", "cot", "--echo"}), 2, "--echo");
  one_line(run_pith({"trace", folder_.write("no.json", "[1]").string()}), 1, "is no trace");
}

}  // namespace
}  // namespace pith::test
