// pith run --expert-stats: what a user finds in the file.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/run_pith.h"
#include "format/gguf.h"
#include "infer/random_model.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

using Json = nlohmann::json;

class ExpertStatsFile : public ::testing::Test {
 protected:
  void SetUp() override {
    PITH_NEED_SHARED();
    dense_ = (shared_data() / "weights/stories260K/stories260Ktok512-llamacpp.gguf").string();
    mixture_ = (folder_ / "mixture.gguf").string();
    const ModelFile file = open_gguf(dense_);
    write_random_model(mixture_, {.vocab = 512, .experts = 4, .active = 2}, 1, &file.metadata);
  }
  std::vector<std::string> greedy(const std::string& model, std::vector<std::string> more) const {
    std::vector<std::string> all{"run", "-m", model, "--raw", "--temp", "0", "-n", "8"};
    all.insert(all.end(), more.begin(), more.end());
    all.push_back("Once upon a time");
    return all;
  }
  TemporaryFolder folder_;
  std::string dense_, mixture_;
};

TEST_F(ExpertStatsFile, HoldsEveryLayer) {
  const std::string path = (folder_ / "stats.json").string();
  const Outcome plain = run_pith(greedy(mixture_, {})),
                watched = run_pith(greedy(mixture_, {"--expert-stats", path}));
  ASSERT_EQ(watched.code, 0) << watched.err;
  EXPECT_EQ(watched.out, plain.out) << "watching changes nothing";

  std::ifstream file(path);
  const Json stats = Json::parse(file);
  EXPECT_EQ(stats["model"], mixture_);
  // BOS and four tokens of the prompt, and all of the answer but its last, which nothing follows.
  EXPECT_EQ(stats["tokens"], 5 + 7);
  ASSERT_EQ(stats["layers"].size(), 2u);
  for (const Json& layer : stats["layers"]) {
    double load = 0;
    for (const Json& share : layer["load"]) load += share.get<double>();
    EXPECT_NEAR(load, 2, 1e-5) << "two experts a token";
    EXPECT_EQ(layer["max_entropy"], 2.0);
    EXPECT_EQ(layer["coactivation"].size(), 4u);
    EXPECT_EQ(layer["specialities"].size(), 4u);
  }
  bool spelled = false;
  for (const Json& expert : stats["layers"][0]["specialities"]) {
    for (const Json& token : expert) spelled |= token["token"] == 403 && token["piece"] == "\u2581Once";
  }
  EXPECT_TRUE(spelled) << stats["layers"][0]["specialities"].dump();
}

TEST_F(ExpertStatsFile, NeedsExperts) {
  const Outcome o = run_pith(greedy(dense_, {"--expert-stats", (folder_ / "stats.json").string()}));
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.out, "");
  EXPECT_NE(o.err.find("has no experts"), std::string::npos) << o.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "stats.json"));
}

}  // namespace
}  // namespace pith::test
