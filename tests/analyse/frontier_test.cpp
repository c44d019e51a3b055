// The approaches without a formula, on runs of a known law.
#include "analyse/frontier.h"

#include <gtest/gtest.h>

#include "analyse/scaling_runs.h"

namespace pith::test {
namespace {

constexpr double kExponent = kLaw.beta / (kLaw.alpha + kLaw.beta);  // of N with C, exactly

// A parabola in log N is not the law's shape: over a factor of 4 to each side the minimum moves by a few
// percent, alike at every compute, so that the exponent hardly feels it.
TEST(Frontier, IsoFlopFindsTheExponents) {
  const Frontier f = fit_isoflop(isoflop_runs(kLaw));
  EXPECT_EQ(f.problem, "");
  EXPECT_FALSE(f.interpolated);
  EXPECT_EQ(f.points.size(), 6u);
  EXPECT_NEAR(f.params.exponent, kExponent, 0.005);
  EXPECT_NEAR(f.tokens.exponent, 1 - kExponent, 0.005);
  EXPECT_NEAR(f.params.at(1e20) / optimum_for_flops(kLaw, 1e20).params, 1, 0.1);
}

TEST(Frontier, IsoFlopCellsOfAGridAreInterpolated) {
  const Frontier f = fit_isoflop(grid_runs(kLaw));
  EXPECT_EQ(f.problem, "");
  EXPECT_TRUE(f.interpolated);
  EXPECT_NEAR(f.params.exponent, kExponent, 0.03);
}

TEST(Frontier, EnvelopeFindsTheExponents) {
  const Frontier f = fit_envelope(isoflop_runs(kLaw));
  EXPECT_EQ(f.problem, "");
  EXPECT_EQ(f.points.size(), 6u);
  EXPECT_NEAR(f.params.exponent, kExponent, 1e-9);  // the best run of each compute is the optimum itself
}

TEST(Frontier, WhatTheRunsDoNotSupportIsSaid) {
  const std::vector<TrainingRun> one_size = {run_of(kLaw, 1e8, 1e9), run_of(kLaw, 1e8, 2e9),
                                             run_of(kLaw, 1e8, 4e9), run_of(kLaw, 1e8, 8e9)};
  EXPECT_EQ(fit_isoflop(one_size).problem,
            "0 groups of equal compute with a minimum between their model sizes, a power law needs 3");
  EXPECT_NE(fit_envelope(one_size).problem, "");  // N would not grow
  EXPECT_EQ(fit_kaplan(one_size, &TrainingRun::params).problem,
            "1 runs on the envelope, a power law needs 3");
}

TEST(Frontier, KaplansLawOfAPowerLaw) {
  std::vector<TrainingRun> runs;
  for (double n = 1e6; n < 1e10; n *= 10) {
    runs.push_back({n, 1e9, training_flops(n, 1e9), std::pow(8e13 / n, 0.076)});
    runs.push_back({n, 1e8, training_flops(n, 1e8), 2 * std::pow(8e13 / n, 0.076)});  // not on the envelope
  }
  const KaplanLaw law = fit_kaplan(runs, &TrainingRun::params);
  EXPECT_EQ(law.runs, 4u);
  EXPECT_NEAR(law.exponent, 0.076, 1e-12);
  EXPECT_NEAR(law.scale / 8e13, 1, 1e-9);
}

}  // namespace
}  // namespace pith::test
