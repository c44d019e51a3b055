// The report as a whole, its JSON form and its picture.
#include "analyse/scaling_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analyse/scaling_plot.h"
#include "analyse/scaling_runs.h"
#include "base/error.h"

namespace pith::test {
namespace {

TEST(ScalingReport, OfRunsWithoutNoise) {
  const ScalingReport report = analyse_scaling(isoflop_runs(kLaw), 20, 0);
  EXPECT_LT(report.residual_rms, 1e-6);
  EXPECT_EQ(report.held_out.runs, 3u);
  EXPECT_EQ(report.held_out.problem, "");
  EXPECT_LT(report.held_out.mean_error, 1e-5);
  ASSERT_TRUE(report.constants[0].interval);
  EXPECT_LT(report.constants[0].error, 1);
  EXPECT_NEAR(report.params_exponent.value, kLaw.beta / (kLaw.alpha + kLaw.beta), 1e-4);
  ASSERT_EQ(report.frontiers.size(), 2u);
  ASSERT_EQ(report.kaplan.size(), 3u);

  const StoredLaw stored = read_stored_law(report.json().dump(), "fit.json");
  EXPECT_DOUBLE_EQ(stored.law.B, report.law.law.B);
  ASSERT_EQ(stored.resamples.size(), report.law_resamples.size());
  EXPECT_DOUBLE_EQ(stored.resamples.back().beta, report.law_resamples.back().beta);
}

// What is held out is predicted by the others: a law that bends beyond them is missed by as much.
TEST(ScalingReport, HeldOutErrorIsOfRunsNotSeen) {
  std::vector<TrainingRun> runs = isoflop_runs(kLaw);
  for (std::size_t i = runs.size() - 3; i < runs.size(); ++i) runs[i].loss *= 1.02;
  const ScalingReport report = analyse_scaling(runs, 0, 0);
  EXPECT_NEAR(report.held_out.mean_error, 1 - 1 / 1.02, 1e-4);
  EXPECT_NEAR(report.held_out.bias, 1 / 1.02 - 1, 1e-4);
  EXPECT_FALSE(report.constants[0].interval);
}

TEST(ScalingReport, PictureHoldsEveryRunTwice) {
  const ScalingReport report = analyse_scaling(isoflop_runs(kLaw), 0, 0);
  const std::string svg = plot_scaling(report);
  std::size_t circles = 0;
  for (std::size_t at = svg.find("<circle"); at != std::string::npos; at = svg.find("<circle", at + 1))
    ++circles;
  EXPECT_EQ(circles, 2 * report.runs.size());
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(StoredLaw, WhatIsWrongIsSaid) {
  const auto message_of = [](const char* text) -> std::string {
    try {
      read_stored_law(text, "fit.json");
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(message_of("[]"), "fit.json: expected the output of pith plan fit --json");
  EXPECT_EQ(message_of(R"({"parametric": {"A": 1}})"), "fit.json: parametric.B is missing");
  EXPECT_EQ(message_of(R"({"parametric": {"A": 1, "B": -1}})"),
            "fit.json: parametric.B: expected a positive number");
  EXPECT_EQ(
      message_of(R"({"parametric": {"A": 1, "B": 1, "E": 1, "alpha": 1, "beta": 1, "resamples": [[1]]}})"),
      "fit.json: parametric.resamples: expected lists of 5 numbers");
  EXPECT_EQ(message_of(R"({"parametric": {"A": 1, "B": 1, "E": 1, "alpha": 1, "beta": 1}})"), "");
}

}  // namespace
}  // namespace pith::test
