// pith plan serve against the same figures worked out from a model's shape.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/run_pith.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

using Json = nlohmann::json;

constexpr double kLayers = 2, kWidth = 256, kHeads = 4, kKvHeads = 2, kHeadDim = 64, kFfn = 512, kVocab = 600;
// A machine that is no real one: bytes, 8-bit and 32-bit operations a second.
constexpr double kBandwidth = 100e9, kInt8 = 0.5e12, kF32 = 0.3e12;
constexpr double kQ8Bytes = 34.0 / 32;  // of a weight: 32 of a byte each and a scale of two

std::string synth(const TemporaryFolder& folder, const std::string& shape, std::vector<std::string> more) {
  const std::string file = (folder / "m.gguf").string();
  std::vector<std::string> arguments = {"synth",      shape, "Q8_0",    file,  "--layers",   "2",
                                        "--width",    "256", "--heads", "4",   "--kv-heads", "2",
                                        "--head-dim", "64",  "--ffn",   "512", "--vocab",    "600"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  EXPECT_EQ(run_pith(arguments).code, 0);
  return file;
}

Json plan(const std::string& file) {
  const Outcome o = run_pith({"plan", "serve", file, "--bandwidth", "100", "--int8", "0.5", "--f32", "0.3",
                              "--ctx", "2048", "--json"});
  EXPECT_EQ(o.code, 0) << o.err;
  return Json::parse(o.out);
}

TEST(PlanServe, ADenseModelByHand) {
  const TemporaryFolder folder;
  const Json j = plan(synth(folder, "llama-3.2-1b", {}));
  // Queries and output, keys and values, gate, up and down; the embedding is the head as well.
  const double weights =
      kLayers * (2 * kWidth * kHeads * kHeadDim + 2 * kWidth * kKvHeads * kHeadDim + 3 * kWidth * kFfn) +
      kVocab * kWidth;
  const double norms = (2 * kLayers + 1) * kWidth;
  EXPECT_EQ(j["parameters"].get<double>(), weights + norms);
  const double kv = kLayers * 2 * kKvHeads * kHeadDim * 2;  // keys and values of two bytes
  EXPECT_EQ(j["kv_bytes_per_token"].get<double>(), kv);
  const auto check = [&](const Json& point) {
    const double n = point["sequences"], context = point["context"];
    const double read = kQ8Bytes * weights + n * context * kv;
    const double int8 = n * 2 * weights, f32 = n * kLayers * context * kHeads * 2 * 2 * kHeadDim;
    EXPECT_DOUBLE_EQ(point["read_bytes"].get<double>(), read);
    EXPECT_DOUBLE_EQ(point["operations"].get<double>(), int8 + f32);
    const double reading = read / kBandwidth, computing = int8 / kInt8 + f32 / kF32;
    EXPECT_DOUBLE_EQ(point["tokens_per_second"].get<double>(), n / std::max(reading, computing));
    EXPECT_EQ(point["limit"], computing > reading ? "arithmetic" : "bandwidth");
    return computing > reading;
  };
  ASSERT_EQ(j["contexts"].size(), 3u);
  ASSERT_EQ(j["batches"].size(), 7u);
  for (const Json& point : j["contexts"]) check(point);
  for (const Json& point : j["batches"])
    EXPECT_EQ(check(point), point["sequences"] >= 4);  // two wait for memory, four for arithmetic
  EXPECT_EQ(j["best_batch"], 4);
  for (const Json& type : j["types"]) {
    if (type["type"] != "Q4_0") continue;
    EXPECT_NEAR(type["weight_bytes"].get<double>(), 18.0 / 32 * weights + 4 * norms, 1);
  }
}

// Of eight experts a token takes two: n tokens leave out one with probability (6/8)^n.
TEST(PlanServe, AMixtureReadsTheExpertsThatItsTokensTake) {
  const TemporaryFolder folder;
  const Json j = plan(synth(folder, "qwen3-30b-a3b", {"--experts", "8", "--active", "2"}));
  const double expert = 3 * kWidth * kFfn, all = kLayers * 8 * expert;
  EXPECT_EQ(j["parameters"].get<double>() - j["active_parameters"].get<double>(), kLayers * 6 * expert);
  const double kv = 512 * kLayers * 2 * kKvHeads * kHeadDim * 2, first = j["batches"][0]["read_bytes"];
  for (const Json& point : j["batches"]) {
    const double n = point["sequences"], more = 0.75 - std::pow(0.75, n);
    EXPECT_NEAR(point["read_bytes"].get<double>(), first + (n - 1) * kv + more * kQ8Bytes * all, 1);
    EXPECT_DOUBLE_EQ(point["operations"].get<double>(), n * j["batches"][0]["operations"].get<double>());
  }
}

TEST(PlanServe, SaysWhichLimitsWereGiven) {
  const TemporaryFolder folder;
  const Outcome o =
      run_pith({"plan", "serve", synth(folder, "llama-3.2-1b", {}), "--bandwidth", "100", "--f32", "0.3"});
  EXPECT_NE(o.out.find(" 100 GB/s (as given), "), std::string::npos) << o.out;
  EXPECT_NE(o.out.find(" T int8 (measured) and 0.3 T f32 (as given) operations/s"), std::string::npos)
      << o.out;
}

// Whatever the machine does meanwhile, the measured speed is told with its bound; that of another is not
// measured.
TEST(PlanServe, MeasuresHowNearItComes) {
  const TemporaryFolder folder;
  const std::string file = synth(folder, "llama-3.2-1b", {});
  const Json measured = Json::parse(run_pith({"plan", "serve", file, "--measure", "--json"}).out)["measured"];
  EXPECT_GT(measured["tokens_per_second"].get<double>(), 0);
  EXPECT_DOUBLE_EQ(measured["share"].get<double>(),
                   measured["tokens_per_second"].get<double>() / measured["bound"].get<double>());
  EXPECT_NE(run_pith({"plan", "serve", file, "--measure"}).out.find("\nMeasured: "), std::string::npos);
  const Outcome o = run_pith({"plan", "serve", file, "--measure", "--bandwidth", "100"});
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("--measure is of this machine"), std::string::npos) << o.err;
}

}  // namespace
}  // namespace pith::test
