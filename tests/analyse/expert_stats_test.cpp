// The statistics of a mixture against numbers worked out by hand.
#include "analyse/expert_stats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace pith {
namespace {

// Layer 0 is dense, layer 1 has 3 experts of which 2 are active.
Spec small() {
  Spec spec;
  spec.layers.resize(2);
  spec.layers[1].ffn.moe.experts = 3;
  spec.layers[1].ffn.moe.active = 2;
  return spec;
}

TEST(Balance, OfLoads) {
  const auto of = [](std::vector<std::int64_t> load) { return balance_of(load); };
  EXPECT_DOUBLE_EQ(of({5, 5, 5, 5}).entropy, 2);
  EXPECT_DOUBLE_EQ(of({5, 5, 5, 5}).variation, 0);
  EXPECT_DOUBLE_EQ(of({8, 0, 0, 0}).entropy, 0);
  EXPECT_DOUBLE_EQ(of({8, 0, 0, 0}).variation, std::sqrt((9.0 + 1 + 1 + 1) / 4));  // of 4, 0, 0, 0 around 1
  EXPECT_DOUBLE_EQ(of({2, 1, 1, 0}).entropy, 1.5);
  EXPECT_DOUBLE_EQ(of({2, 1, 1, 0}).variation, std::sqrt(0.5));
  EXPECT_EQ(of({0, 0}).entropy, 0);
  EXPECT_EQ(of({0, 0}).variation, 0);
}

TEST(ExpertStats, CountsLoadsPairsAndTokens) {
  ExpertStats stats(small());
  // Two steps: tokens 7 and 9; then 7 again and 8.
  stats.routed(1, std::vector{7, 9}, std::vector{0, 1, 2, 0}, std::vector{0.75f, 0.25f, 0.5f, 0.5f});
  stats.routed(1, std::vector{7, 8}, std::vector{1, 0, 2, 1}, std::vector{0.5f, 0.25f, 1.0f, 0.0f});
  EXPECT_EQ(stats.tokens(), 4);
  ASSERT_EQ(stats.layers().size(), 1u);
  const ExpertStats::Layer& l = stats.layers()[0];
  EXPECT_EQ(l.index, 1u);
  EXPECT_EQ(l.load, (std::vector<std::int64_t>{3, 3, 2}));
  EXPECT_EQ(l.weight, (std::vector<double>{1.5, 0.75, 1.5}));
  EXPECT_EQ(l.together, (std::vector<std::int64_t>{3, 2, 1, 2, 3, 1, 1, 1, 2}));

  // Expert 2 took token 9 once and token 8 once, each seen once: P(2 | token) = 1 against 2/4.
  const auto two = stats.specialities(l, 2, 8);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].token, 8);
  EXPECT_EQ(two[0].count, 1);
  EXPECT_DOUBLE_EQ(two[0].lift, 2);
  EXPECT_EQ(two[1].token, 9);
  // Expert 1 took token 7 twice of twice (0.5 beyond its share of 3/4) and 8 once of once (0.25 beyond).
  const auto one = stats.specialities(l, 1, 8);
  ASSERT_EQ(one.size(), 2u);
  EXPECT_EQ(one[0].token, 7);
  EXPECT_EQ(one[0].count, 2);
  EXPECT_DOUBLE_EQ(one[0].lift, 4.0 / 3);
  EXPECT_EQ(one[1].token, 8);
  EXPECT_EQ(stats.specialities(l, 1, 1).size(), 1u);
}

TEST(ExpertStats, ReportIsOneObject) {
  ExpertStats stats(small());
  stats.routed(1, std::vector{7, 9}, std::vector{0, 1, 2, 0}, std::vector{0.75f, 0.25f, 0.5f, 0.5f});
  const auto report = stats.report("m.gguf", 1, [](std::int32_t t) { return "<" + std::to_string(t) + ">"; });
  const auto expected = nlohmann::ordered_json::parse(R"({
    "model": "m.gguf", "tokens": 2, "layers": [{
      "layer": 1, "experts": 3, "active": 2, "load": [1.0, 0.5, 0.5], "weight": [0.625, 0.25, 0.5],
      "entropy": 1.5, "max_entropy": 1.584963, "variation": 0.353553,
      "coactivation": [[1.0, 0.5, 0.5], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5]],
      "specialities": [[], [{"token": 7, "piece": "<7>", "count": 1, "lift": 2.0}],
                       [{"token": 9, "piece": "<9>", "count": 1, "lift": 2.0}]]}]})");
  EXPECT_EQ(report, expected) << report.dump(2);
  EXPECT_FALSE(stats.report("m.gguf", 1)["layers"][0]["specialities"][1][0].contains("piece"));
}

TEST(ExpertStats, OfNothing) {
  EXPECT_EQ(ExpertStats(small()).report("m", 4)["layers"][0]["load"],
            nlohmann::ordered_json({0.0, 0.0, 0.0}));
  Spec dense;
  dense.layers.resize(3);
  EXPECT_TRUE(ExpertStats(dense).report("m", 4)["layers"].empty());
}

}  // namespace
}  // namespace pith
