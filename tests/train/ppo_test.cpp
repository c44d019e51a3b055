// The arithmetic of PPO: by hand, and slopes against finite differences.
#include "train/ppo.h"

#include <gtest/gtest.h>

#include <cmath>

#include "train/preferences.h"

namespace pith::lab {
namespace {

TEST(Ppo, AdvantagesByHand) {
  const std::vector<double> rewards = {0, 0, 1}, values = {0.5, 0.25, 0.5};
  const std::vector<double> a = advantages(rewards, values, 0.9, 0.5);
  // delta: 0.9 * 0.25 - 0.5, 0.9 * 0.5 - 0.25, 1 - 0.5
  EXPECT_NEAR(a[2], 0.5, 1e-15);
  EXPECT_NEAR(a[1], 0.2 + 0.45 * 0.5, 1e-15);
  EXPECT_NEAR(a[0], -0.275 + 0.45 * a[1], 1e-15);
  // With lambda 1 an advantage is the discounted return less the value.
  EXPECT_NEAR(advantages(rewards, values, 0.9, 1)[0], 0.81 - 0.5, 1e-15);
}

TEST(Ppo, WhitenedOverAllAnswers) {
  std::vector<std::vector<double>> all = {{1, 2}, {3}, {6}};
  whiten(all);
  EXPECT_NEAR(all[0][0] + all[0][1] + all[1][0] + all[2][0], 0, 1e-12);
  EXPECT_NEAR((all[2][0] - all[0][0]) / (all[1][0] - all[0][0]), 5.0 / 2, 1e-12);
  EXPECT_NEAR(all[2][0], 3 / std::sqrt(3.5), 1e-6);
}

TEST(Ppo, SlopesOfTheLosses) {
  constexpr double kStep = 1e-6;
  for (const double advantage : {1.5, -0.7}) {
    for (const double log_p : {-2.0, -1.9, -1.2, -2.9}) {
      const auto at = [&](double x) { return PolicyLoss(x, -2, advantage, 0.2); };
      EXPECT_NEAR(at(log_p).slope, (at(log_p + kStep).value - at(log_p - kStep).value) / (2 * kStep), 1e-8);
    }
  }
  // What has already gone far enough in the right direction is left alone; the wrong direction is not.
  EXPECT_TRUE(PolicyLoss(-1, -2, 1, 0.2).clipped);
  EXPECT_FALSE(PolicyLoss(-1, -2, -1, 0.2).clipped);
  for (const double value : {0.1, 0.6, -0.6}) {
    for (const double target : {1.0, -1.0}) {
      const auto at = [&](double x) { return ValueLoss(x, 0, target, 0.2); };
      EXPECT_NEAR(at(value).slope, (at(value + kStep).loss - at(value - kStep).loss) / (2 * kStep), 1e-8);
    }
  }
  for (const double margin : {-3.0, 0.5, 40.0, -800.0}) {
    const auto at = [&](double x) { return LogisticLoss(x); };
    EXPECT_NEAR(at(margin).slope, (at(margin + kStep).value - at(margin - kStep).value) / (2 * kStep), 1e-6);
  }
}

TEST(Ppo, TheKlCoefficientFollowsItsTarget) {
  EXPECT_DOUBLE_EQ(adapted_coefficient(0.1, 6, 6, 100, 1000), 0.1);
  EXPECT_DOUBLE_EQ(adapted_coefficient(0.1, 60, 6, 100, 1000), 0.1 * 1.02);
  EXPECT_DOUBLE_EQ(adapted_coefficient(0.1, 0, 6, 100, 1000), 0.1 * 0.98);
  EXPECT_NEAR(adapted_coefficient(0.1, 6.6, 6, 100, 1000), 0.101, 1e-12);
}

}  // namespace
}  // namespace pith::lab
