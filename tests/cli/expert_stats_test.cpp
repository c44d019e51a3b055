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

TEST_F(ExpertStatsFile, InspectShowsIt) {
  const std::string path = (folder_ / "stats.json").string();
  ASSERT_EQ(run_pith(greedy(mixture_, {"--expert-stats", path})).code, 0);
  const Outcome o = run_pith({"inspect", "--expert-stats", path});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.out.find("tokens        12\n"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("layer 0       4 experts, 2 active; entropy "), std::string::npos) << o.out;
  EXPECT_NE(o.out.find(" of 2.00 bits"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("\u2581Once x"), std::string::npos) << o.out;
  std::ifstream file(path);
  EXPECT_EQ(Json::parse(run_pith({"inspect", "--expert-stats", path, "--json"}).out), Json::parse(file));

  std::ofstream(path) << R"({"model": "m", "tokens": 3, "layers": [{"load": [1]}]})";
  const Outcome broken = run_pith({"inspect", "--expert-stats", path});
  EXPECT_EQ(broken.code, 1);
  EXPECT_NE(broken.err.find("expected what pith run --expert-stats writes"), std::string::npos) << broken.err;
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
