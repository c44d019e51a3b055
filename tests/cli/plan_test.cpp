// pith plan as a user runs it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/run_pith.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

using Json = nlohmann::json;

// Twelve runs of L = 1.7 + 300 / N^0.32 + 900 / D^0.36, each a little off.
std::string made_up_runs() {
  std::ostringstream csv;
  csv << "params,tokens,loss\n";
  csv.precision(17);
  int k = 0;
  for (const double n : {1e7, 1e8, 1e9, 1e10}) {
    for (const double d : {1e9, 1e10, 1e11}) {
      const double loss = 1.7 + 300 / std::pow(n, 0.32) + 900 / std::pow(d, 0.36);
      csv << n << ',' << d << ',' << loss * (1 + 1e-5 * std::sin(++k)) << '\n';
    }
  }
  return csv.str();
}

void expect_error(const std::vector<std::string>& arguments, int code, const std::string& message) {
  const Outcome o = run_pith(arguments);
  EXPECT_EQ(o.code, code);
  EXPECT_EQ(o.out, "");
  EXPECT_EQ(o.err, "pith: " + message + "\n");
}

TEST(Plan, FitThenTrainWithTheFit) {
  const TemporaryFolder folder;
  const std::string csv = folder.write("runs.csv", made_up_runs()), svg = folder / "runs.svg";
  const Outcome text = run_pith({"plan", "fit", csv, "--resamples", "50", "--plot", svg});
  EXPECT_EQ(text.code, 0) << text.err;
  for (const char* part :
       {"runs           12;", "alpha        0.32", "held out", "envelope", "isoflop", "L(C)"})
    EXPECT_NE(text.out.find(part), std::string::npos) << part << " is missing in\n" << text.out;
  std::ifstream picture(svg);
  std::string line;
  ASSERT_TRUE(std::getline(picture, line));
  EXPECT_TRUE(line.starts_with("<svg ")) << line;

  const Outcome fit = run_pith({"plan", "fit", csv, "--resamples", "50", "--exclude", "1", "--json"});
  const Json j = Json::parse(fit.out);
  EXPECT_EQ(j["runs"].size(), 11u);
  EXPECT_NEAR(j["parametric"]["E"]["value"].get<double>(), 1.7, 1e-3);
  const std::string file = folder.write("fit.json", fit.out);
  const Outcome train = run_pith({"plan", "train", "--flops", "1e21", "--constants", file, "--json"});
  const Json plan = Json::parse(train.out);
  // (alpha A / (beta B))^(1 / (alpha + beta)) (C / 6)^(beta / (alpha + beta)) of the constants above.
  const double n = std::pow(0.32 * 300 / (0.36 * 900), 1 / 0.68) * std::pow(1e21 / 6, 0.36 / 0.68);
  EXPECT_NEAR(plan["params"]["value"].get<double>() / n, 1, 1e-2);
  EXPECT_EQ(plan["params"]["interval"].size(), 2u);
  EXPECT_EQ(plan["departures"].size(), 6u);
}

TEST(Plan, AnInterruptEndsAFit) {
  const TemporaryFolder folder;
  const std::string csv = folder.write("runs.csv", made_up_runs());
  // A million resamples take minutes; timeout's own code is 124, and 137 where it had to kill.
  const Outcome o =
      run_program({"/usr/bin/env", "timeout", "-s", "INT", "-k", "10", "1",
                   std::string(PITH_BINARY_DIR) + "/pith", "plan", "fit", csv, "--resamples", "1000000"});
  EXPECT_EQ(o.code, 124);
  EXPECT_EQ(o.out, "");
}

TEST(Plan, TrainByEachBudget) {
  const Json by_flops = Json::parse(run_pith({"plan", "train", "--flops", "5.76e23", "--json"}).out);
  EXPECT_NEAR(by_flops["params"]["value"].get<double>(), 72.2e9, 0.05e9);
  for (const char* budget : {"params", "tokens", "loss"}) {
    const std::string value = by_flops[budget]["value"].dump();
    const Json j = Json::parse(run_pith({"plan", "train", std::string("--") + budget, value, "--json"}).out);
    EXPECT_NEAR(j["flops"]["value"].get<double>() / 5.76e23, 1, 1e-9) << budget;
  }
  const Outcome text = run_pith({"plan", "train", "--flops", "5.76e23", "--constants", "hoffmann"});
  EXPECT_NE(text.out.find("parameters  32.2 B"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("half the data"), std::string::npos);
  EXPECT_NE(text.out.find("no intervals"), std::string::npos);
}

TEST(Plan, LifetimeMakesTheModelSmaller) {
  const auto plan = [](const char* tokens) {
    return Json::parse(
        run_pith({"plan", "lifetime", "--params", "70e9", "--inference-tokens", tokens, "--json"}).out);
  };
  EXPECT_NEAR(plan("0")["best"]["params"].get<double>(), 70e9, 1e3);
  const Json little = plan("1e12"), much = plan("1e14");
  EXPECT_LT(little["best"]["params"], 70e9);
  EXPECT_LT(much["best"]["params"], little["best"]["params"]);
  EXPECT_LT(much["best"]["total_flops"], much["training_optimum"]["total_flops"]);
}

TEST(Plan, BadInput) {
  const TemporaryFolder folder;
  const auto csv = [&](const std::string& text) { return folder.write("bad.csv", text).string(); };
  const std::string path = folder / "bad.csv";
  expect_error(
      {"plan", "fit", csv("params,loss\n1,2\n")}, 1,
      path + ": expected a column 'loss' and two of 'params', 'tokens' and 'flops', found: params,loss");
  expect_error({"plan", "fit", csv("params,tokens,loss\n1,2,-3\n")}, 1,
               path + ": line 2: loss: expected a positive number, found '-3'");
  expect_error({"plan", "fit", csv("params,tokens,loss\n1,2,3\n")}, 1,
               "the law's five constants need at least 6 runs, found 1");
  expect_error({"plan", "fit", csv(made_up_runs()), "--exclude", "12"}, 2,
               "--exclude 12: there are only 12 runs");
  expect_error({"plan", "fit", "--exclude", "-1", path}, 2, "--exclude: expected at least 0, found -1");
  expect_error({"plan", "fit", (folder / "none.csv").string()}, 1,
               (folder / "none.csv").string() + ": No such file or directory");

  expect_error({"plan"}, 2, "plan: no command (see: pith plan --help)");
  expect_error({"plan", "fitt"}, 2, "unknown command 'plan fitt'; did you mean plan fit? (see: pith --help)");
  expect_error({"plan", "train"}, 2, "plan train: one of --flops, --params, --tokens and --loss is missing");
  expect_error({"plan", "train", "--flops", "1e20", "--loss", "2"}, 2,
               "plan train: --flops and --loss exclude each other");
  expect_error({"plan", "train", "--flops", "0"}, 2, "--flops: expected a positive number, found 0");
  expect_error({"plan", "train", "--loss", "1.5"}, 1,
               "a loss of 1.5 cannot be reached: by these constants none goes below E = 1.817");
  expect_error({"plan", "train", "--loss", "2", "--constants", folder.write("x.json", "{}").string()}, 1,
               (folder / "x.json").string() + ": expected the output of pith plan fit --json");
  expect_error({"plan", "lifetime", "--loss", "2"}, 2, "plan lifetime: --inference-tokens is missing");
  expect_error({"plan", "lifetime", "--inference-tokens", "1e12"}, 2,
               "plan lifetime: expected one of --loss and --params");
}

// The report says what was found all the same.
TEST(Plan, AFitThatDoesNotConverge) {
  const TemporaryFolder folder;
  std::string csv = "params,tokens,loss\n";
  for (const char* n : {"1e7", "1e8", "1e9"}) {
    for (const char* d : {"1e9", "1e10", "1e11"}) csv += std::string(n) + "," + d + ",3\n";
  }
  const Outcome o = run_pith({"plan", "fit", folder.write("flat.csv", csv)});
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.out.find("best found: A"), std::string::npos) << o.out;
  EXPECT_EQ(o.err,
            "pith: the parametric law does not fit: the runs show no effect of the number of parameters\n");
}

// tools/scaling_report.py, on a ladder that is made up: sizes and budgets that follow a law to 1e-5, a trunk
// that is no run of the ladder, another seed of the last cell, and a mixture.
TEST(Plan, ReportOfALadder) {
  if (run_program({"/usr/bin/env", "python3", "--version"}).code != 0) GTEST_SKIP() << "needs python3";
  const TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder / name).parent_path());
    folder.write(name.c_str(), text);
  };
  const auto trained = [&](const std::string& name, double n, double d, double loss) {
    write("runs/" + name + "/point.csv",
          fmt::format("name,params,total_params,tokens,flops,loss\n{},{},{},{},{},{}\n", name, n, n, d,
                      7 * n * d, loss));
  };
  std::istringstream runs(made_up_runs());
  std::string row;
  std::getline(runs, row);
  while (std::getline(runs, row)) {
    double n = 0, d = 0, loss = 0;
    ASSERT_EQ(std::sscanf(row.c_str(), "%lf,%lf,%lf", &n, &d, &loss), 3);
    trained(fmt::format("{:.0f}m-{:.0f}", n / 1e6, d), n, d, loss);
    trained(fmt::format("{:.0f}m", n / 1e6), n, d, 2 * loss);
    if (n == 1e10 && d == 1e11) trained("10000m-seed2-100000000000", n, d, 1.02 * loss);
  }
  trained("moe-10000000000", 1e9, 1e10, 2);
  write("tokens/report.json", "{\"validation\": {\"derivation_nats_per_token\": 1.6}}");
  const Outcome o =
      run_program({"/usr/bin/env", "python3", std::string(PITH_SOURCE_DIR) + "/tools/scaling_report.py",
                   folder.path().string(), "--pith", std::string(PITH_BINARY_DIR) + "/pith", "--out",
                   (folder / "report").string(), "--items", "0", "--no-pictures"});
  ASSERT_EQ(o.code, 0) << o.err;
  std::ifstream page(folder / "report/scaling.md");
  std::stringstream text;
  text << page.rdbuf();
  for (const char* part :
       {"12 dense models", "E = 1.700 (", "spent 1.600 nats", "fitted to the other 11 runs", "0.00 % |",
        "is met.", "| moe | 1e+09 |", "2.00 % |"})
    EXPECT_NE(text.str().find(part), std::string::npos) << part << " is missing in\n" << text.str();
  const Outcome again = run_pith({"plan", "fit", folder / "report/ladder.csv", "--resamples", "0", "--json"});
  EXPECT_EQ(Json::parse(again.out)["runs"].size(), 12u);
}

TEST(Plan, GroupsHaveHelp) {
  const Outcome o = run_pith({"plan", "--help"});
  EXPECT_EQ(o.code, 0);
  EXPECT_NE(o.out.find("plan train"), std::string::npos);
  EXPECT_EQ(o.out.find("tokenize"), std::string::npos);
  EXPECT_EQ(run_pith({"help", "plan", "fit"}).out, run_pith({"plan", "fit", "--help"}).out);
  EXPECT_NE(run_pith({"--help"}).out.find("plan fit"), std::string::npos);
}

}  // namespace
}  // namespace pith::test
