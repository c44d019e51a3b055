// The models that ship with pith: each small, with its card, and doing what the card says.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/run_pith.h"

namespace pith::test {
namespace {

namespace fs = std::filesystem;

const fs::path kModels = fs::path(PITH_SOURCE_DIR) / "models";

std::string answer(const std::string& prompt) {
  const Outcome o = run_pith({"run", "--temp", "0", prompt});
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.err, "");
  return o.out;
}

TEST(Bundled, EveryModelIsSmallAndHasItsCard) {
  int models = 0;
  for (const fs::directory_entry& file : fs::directory_iterator(kModels)) {
    if (file.path().extension() != ".gguf") continue;
    ++models;
    const std::string name = file.path().stem();
    EXPECT_LE(file.file_size(), 6'000'000) << name;
    EXPECT_TRUE(fs::exists(kModels / (name + ".md"))) << name;
    const Outcome o = run_pith({"inspect", "--json", "-m", name});
    ASSERT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(nlohmann::json::parse(o.out).at("name"), name);
  }
  EXPECT_GE(models, 4);
}

TEST(Bundled, TheDefaultTellsAStoryToItsEnd) {
  const std::string story = answer("Once upon a time");
  EXPECT_TRUE(story.starts_with("Once upon a time")) << story;
  EXPECT_GT(story.size(), 300u) << story;
  EXPECT_NE(std::string(".!?\"").find(story.at(story.find_last_not_of("\n "))), std::string::npos) << story;
}

TEST(Bundled, ARewardModelIsNoneToTalkTo) {
  const Outcome o = run_pith({"run", "-m", "pith-tiny-reward", "--raw", "-n", "1", "Hello"});
  EXPECT_EQ(o.code, 0);
  EXPECT_NE(o.err.find("pith-tiny-reward.gguf: is a reward model, for pith score --reward"),
            std::string::npos)
      << o.err;
  EXPECT_EQ(o.err.find('\n'), o.err.size() - 1) << o.err;
}

TEST(Bundled, TheDefaultAnswersInstructions) {
  EXPECT_NE(answer("What is 7 + 5?").find("12"), std::string::npos);
  EXPECT_NE(answer("Copy the following: nose, gold").find("nose, gold"), std::string::npos);
  EXPECT_NE(answer("Sort from small to large: 46, 90, 14").find("14, 46, 90"), std::string::npos);
}

}  // namespace
}  // namespace pith::test
