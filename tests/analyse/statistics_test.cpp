// Statistics against numbers worked out by hand or printed elsewhere.
#include "analyse/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pith {
namespace {

TEST(Statistics, Moments) {
  const std::vector<double> v = {2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_DOUBLE_EQ(mean(v), 5);
  EXPECT_DOUBLE_EQ(standard_deviation(v), std::sqrt(32.0 / 7));
  EXPECT_EQ(standard_deviation(std::vector<double>{3}), 0);
  const MeanEstimate e = estimate_mean(v);
  EXPECT_DOUBLE_EQ(e.error, std::sqrt(32.0 / 7 / 8));
  EXPECT_NEAR(e.interval.high - 5, 1.96 * e.error, 1e-4);
}

TEST(Statistics, Quantiles) {
  const std::vector<double> v = {1, 2, 3, 4};
  EXPECT_DOUBLE_EQ(quantile(v, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(v, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile(v, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(quantile(v, 1), 4);
}

// Wilson's interval of 81 of 263, as in Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857), table
// I.
TEST(Statistics, Shares) {
  const MeanEstimate e = estimate_share(81, 263);
  EXPECT_NEAR(e.interval.low, 0.2553, 5e-5);
  EXPECT_NEAR(e.interval.high, 0.3662, 5e-5);
  EXPECT_NEAR(estimate_share(0, 20).interval.high, 0.1611, 5e-5);
  EXPECT_EQ(estimate_share(0, 20).interval.low, 0);
  EXPECT_EQ(estimate_share(0, 0).n, 0);
}

TEST(Statistics, LinesAndParabolas) {
  const std::vector<double> x = {20, 21, 22, 24};
  std::vector<double> straight, curved;
  for (const double v : x) {
    straight.push_back(3 - 2 * v);
    curved.push_back(3 - 2 * v + 0.5 * v * v);
  }
  EXPECT_NEAR(fit_line(x, straight).slope, -2, 1e-12);
  EXPECT_NEAR(fit_line(x, straight).intercept, 3, 1e-10);
  const Parabola p = fit_parabola(x, curved);
  ASSERT_TRUE(p.valid);
  EXPECT_NEAR(p.c[2], 0.5, 1e-9);
  EXPECT_NEAR(p.turn(), 2, 1e-6);
  EXPECT_FALSE(fit_line(std::vector<double>{1, 1}, std::vector<double>{2, 3}).valid);
  EXPECT_FALSE(fit_parabola(std::vector<double>{1, 2, 2}, std::vector<double>{2, 3, 4}).valid);
}

TEST(Statistics, ResamplingDrawsFromAll) {
  std::vector<int> seen(10);
  for (std::int64_t k = 0; k < 100; ++k) {
    for (std::int64_t i = 0; i < 10; ++i) {
      const std::int64_t item = resampled(7, k, i, 10);
      ASSERT_GE(item, 0);
      ASSERT_LT(item, 10);
      ++seen[static_cast<std::size_t>(item)];
    }
  }
  for (const int n : seen) EXPECT_NEAR(n, 100, 60);  // six standard deviations
  EXPECT_EQ(resampled(7, 3, 4, 10), resampled(7, 3, 4, 10));
}

}  // namespace
}  // namespace pith
