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
  EXPECT_EQ(reason({"--reason", "tree:2,2", "--thoughts", "sentence", "--json", "-t", "1", "-ub", "3"}).code,
            0);
}

TEST_F(Reasoning, TheSameBytesWithAnyThreads) {
  const std::vector<std::string> options{"--reason", "best-of:4", "--verify", "grep -q a"};
  std::vector<std::string> one = options, three = options;
  one.insert(one.end(), {"-t", "1"});
  three.insert(three.end(), {"-t", "3", "-b", "7"});
  const Outcome a = reason(one), b = reason(three);
  EXPECT_EQ(a.code, 0) << a.err;
  EXPECT_EQ(a.out, b.out);
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
  one_line(reason({"--reason", "cot", "-k", "2"}), 2, "--examples");
  one_line(reason({"--reason", "cot", "--echo"}), 2, "--echo");
  one_line(run_pith({"trace", folder_.write("no.json", "[1]").string()}), 1, "is no trace");
}

}  // namespace
}  // namespace pith::test
