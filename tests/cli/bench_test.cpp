// pith bench: what llama-bench's scripts read, and what is more.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/run_pith.h"
#include "model/shapes.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

using Json = nlohmann::ordered_json;

class Bench : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    setenv("XDG_CACHE_HOME", folder_->path().c_str(), 1);  // the limits are measured once for all tests here
    const Outcome o = run_pith({"synth", std::string(shapes().front().name), "Q8_0", model(), "--layers", "2",
                                "--width", "64", "--heads", "4", "--kv-heads", "2", "--head-dim", "32",
                                "--ffn", "64", "--vocab", "512"});
    ASSERT_EQ(o.code, 0) << o.err;
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string model() { return (*folder_ / "model.gguf").string(); }

  static Outcome bench(std::vector<std::string> more) {
    more.insert(more.begin(), {"bench", "-m", model(), "-r", "2"});
    return run_pith(more);
  }
  static Json rows(std::vector<std::string> more) {
    more.insert(more.end(), {"-o", "json"});
    const Outcome o = bench(more);
    EXPECT_EQ(o.code, 0) << o.err;
    return Json::parse(o.out);
  }

  static TemporaryFolder* folder_;
};
TemporaryFolder* Bench::folder_ = nullptr;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The order of llama-bench of August 2026 (shared/reference/bench-format.md), then pith's own.
constexpr const char* kPeerFields[] = {"build_commit",   "build_number",
                                       "cpu_info",       "gpu_info",
                                       "backends",       "model_filename",
                                       "model_type",     "model_size",
                                       "model_n_params", "n_batch",
                                       "n_ubatch",       "n_threads",
                                       "cpu_mask",       "cpu_strict",
                                       "poll",           "type_k",
                                       "type_v",         "n_gpu_layers",
                                       "n_cpu_moe",      "split_mode",
                                       "main_gpu",       "no_kv_offload",
                                       "flash_attn",     "devices",
                                       "tensor_split",   "tensor_buft_overrides",
                                       "load_mode",      "embeddings",
                                       "no_op_offload",  "no_host",
                                       "fit_target",     "fit_min_ctx",
                                       "n_prompt",       "n_gen",
                                       "n_depth",        "test_time",
                                       "avg_ns",         "stddev_ns",
                                       "avg_ts",         "stddev_ts",
                                       "samples_ns",     "samples_ts"};

TEST_F(Bench, FieldsComeInThePeersOrder) {
  const Json row = rows({"-p", "16", "-n", "0"}).at(0);
  auto field = row.begin();
  for (const char* name : kPeerFields) {
    ASSERT_NE(field, row.end());
    EXPECT_EQ(field.key(), name);
    ++field;
  }
  for (const char* own :
       {"use_mmap", "ttft_ns", "token_p50_ns", "token_p99_ns", "bandwidth_gbs", "bandwidth_share", "gops",
        "gops_share", "isa", "read_limit_gbs", "peak_rss", "kv_bytes", "logits_hash"}) {
    EXPECT_TRUE(row.contains(own)) << own;
  }
  for (const char* truth : {"cpu_strict", "no_kv_offload", "embeddings", "no_host"})
    EXPECT_TRUE(row[truth].is_boolean()) << truth;
  const auto mean = [](const Json& v) { return (v[0].get<double>() + v[1].get<double>()) / 2; };
  ASSERT_EQ(row["samples_ns"].size(), 2u);
  EXPECT_NEAR(row["avg_ns"].get<double>(), mean(row["samples_ns"]), 1);  // whole nanoseconds
  EXPECT_NEAR(row["avg_ts"].get<double>(), mean(row["samples_ts"]), 1e-6 * row["avg_ts"].get<double>());
  EXPECT_NEAR(row["samples_ts"][0].get<double>(), 16e9 / row["samples_ns"][0].get<double>(),
              1e-3 * row["samples_ts"][0].get<double>());
  EXPECT_GT(row["bandwidth_share"].get<double>(), 0);
  EXPECT_GT(row["gops_share"].get<double>(), 0);
}

TEST_F(Bench, ListsMakeTheirRowsInOrder) {
  std::vector<std::string> tests;
  for (const Json& r :
       rows({"-p", "8,16", "-p", "32", "-n", "2-4*2", "-pg", "8,2", "-d", "0,5", "-r", "1"})) {
    tests.push_back(
        fmt::format("{}+{}@{}", r["n_prompt"].get<int>(), r["n_gen"].get<int>(), r["n_depth"].get<int>()));
  }
  const std::vector<std::string> expected = {"8+0@0", "16+0@0", "32+0@0", "0+2@0", "0+4@0", "8+2@0",
                                             "8+0@5", "16+0@5", "32+0@5", "0+2@5", "0+4@5", "8+2@5"};
  EXPECT_EQ(tests, expected);
}

TEST_F(Bench, OneTokenIsATest) {
  const Outcome o = bench({"-p", "0", "-n", "1", "-o", "jsonl"});
  EXPECT_EQ(o.code, 0) << o.err;
}

TEST_F(Bench, TheTableIsThePeers) {
  const Outcome o = bench({"-p", "16", "-n", "2", "-pg", "8,2", "-d", "3", "-ctk", "f16,f32"});
  ASSERT_EQ(o.code, 0) << o.err;
  const std::vector<std::string> lines = lines_of(o.out);
  ASSERT_EQ(lines.size(), 2u + 6 + 3) << o.out;
  EXPECT_TRUE(
      lines[0].starts_with("| model                          |       size |     params | backend    | "
                           "threads |     type_k |            test |                  t/s |"))
      << lines[0];
  EXPECT_TRUE(
      lines[1].starts_with("| ------------------------------ | ---------: | ---------: | ---------- | "
                           "------: | ---------: | --------------: | -------------------: |"))
      << lines[1];
  EXPECT_NE(lines[4].find("|    pp8+tg2 @ d3 |"), std::string::npos) << lines[4];
  EXPECT_NE(lines[4].find(" ± "), std::string::npos);
  EXPECT_EQ(lines[8], "");
  EXPECT_TRUE(lines[9].starts_with("build: ")) << lines[9];
  EXPECT_TRUE(lines[10].starts_with("machine: ")) << lines[10];
  EXPECT_EQ(o.err, "");
}

TEST_F(Bench, OtherFormats) {
  const std::vector<std::string> csv = lines_of(bench({"-p", "8", "-n", "0", "-o", "csv"}).out);
  ASSERT_EQ(csv.size(), 2u);
  EXPECT_TRUE(csv[0].starts_with("build_commit,build_number,cpu_info,")) << csv[0];
  EXPECT_EQ(csv[0].find("samples"), std::string::npos);
  EXPECT_TRUE(csv[1].starts_with("\"")) << csv[1];
  EXPECT_EQ(std::count(csv[0].begin(), csv[0].end(), ',') + 1,
            static_cast<std::ptrdiff_t>(std::count(csv[1].begin(), csv[1].end(), '"') / 2));
  const Outcome both = bench({"-p", "8", "-n", "2", "-o", "jsonl", "-oe", "sql"});
  const std::vector<std::string> jsonl = lines_of(both.out);
  ASSERT_EQ(jsonl.size(), 2u);
  EXPECT_EQ(Json::parse(jsonl[1])["n_gen"], 2);
  EXPECT_TRUE(
      both.err.starts_with("CREATE TABLE IF NOT EXISTS llama_bench (\n  build_commit TEXT,\n"
                           "  build_number INTEGER,\n"))
      << both.err;
  EXPECT_NE(both.err.find("INSERT INTO llama_bench (build_commit, build_number, "), std::string::npos);
}

// "Faster" is read together with "the same".
TEST_F(Bench, TheLogitsTellWhetherItIsTheSame) {
  const Json same = rows({"-p", "40", "-n", "0", "-ub", "7,16,512", "-t", "1,2", "-r", "1"});
  ASSERT_EQ(same.size(), 6u);
  for (const Json& row : same) EXPECT_EQ(row["logits_hash"], same[0]["logits_hash"]);
  const Json other = rows({"-p", "40", "-n", "0", "-ctk", "f16,q8_0", "-r", "1"});
  EXPECT_EQ(other[0]["logits_hash"], same[0]["logits_hash"]);
  EXPECT_NE(other[1]["logits_hash"], same[0]["logits_hash"]);
}

TEST_F(Bench, SequencesTogetherInThePeersColumns) {
  const Json all = rows({"-p", "8", "-n", "4", "--parallel", "1-4*2"});
  ASSERT_EQ(all.size(), 3u);
  const Json& row = all[2];
  EXPECT_EQ(row["pl"], 4);
  EXPECT_EQ(row["n_kv"], 48);
  EXPECT_NEAR(row["speed_tg"].get<double>(), 16 / row["t_tg"].get<double>(),
              1e-9 * row["speed_tg"].get<double>());
  EXPECT_NEAR(row["t"].get<double>(), row["t_pp"].get<double>() + row["t_tg"].get<double>(), 1e-12);
  const Outcome o = bench({"-p", "8", "-n", "4", "--parallel", "2"});
  EXPECT_TRUE(
      o.out.starts_with("|     PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s | "
                        "     T s |    S t/s |"))
      << o.out;
}

TEST_F(Bench, ComparesWithAnEarlierRun) {
  Json old = rows({"-p", "16,32", "-n", "0"});
  for (Json& row : old) row["avg_ts"] = 1e-3 * row["avg_ts"].get<double>();
  old[0]["stddev_ts"] = 0;
  const std::string path = folder_->write("old.json", old.dump()).string();
  const Outcome o = bench({"-p", "16", "-n", "4", "--compare", path, "-o", "jsonl"});
  ASSERT_EQ(o.code, 0) << o.err;
  const std::vector<std::string> lines = lines_of(o.out);
  ASSERT_EQ(lines.size(), 1u) << "tg4 has no like: " << o.out;
  const Json row = Json::parse(lines[0]);
  EXPECT_EQ(row["test"], "pp16");
  EXPECT_NEAR(row["ratio"].get<double>(), row["new_ts"].get<double>() / row["old_ts"].get<double>(), 1e-9);
  EXPECT_GT(row["ratio"].get<double>(), 10);
  EXPECT_EQ(row["verdict"], "faster");
  EXPECT_EQ(row["logits"], "same");
  EXPECT_EQ(bench({"-p", "8", "-n", "0", "--compare", path}).code, 1);
  EXPECT_NE(bench({"--compare", folder_->write("bad.json", "[{}]").string()}).err.find("model_filename"),
            std::string::npos);
}

TEST_F(Bench, SlowKernels) {
  const Outcome o = run_pith({"bench", "--kernels", "q4_1", "-o", "jsonl"});
  ASSERT_EQ(o.code, 0) << o.err;
  const std::vector<std::string> lines = lines_of(o.out);
  ASSERT_EQ(lines.size(), 18u);  // shapes x tokens
  EXPECT_EQ(Json::parse(lines[0])["type"], "Q4_1");
  EXPECT_GT(Json::parse(lines[0])["gops_share"].get<double>(), 0);
}

TEST_F(Bench, OptionsThatMakeNoSense) {
  const auto expect = [](const std::vector<std::string>& more, int code, const std::string& text) {
    const Outcome o = bench(more);
    EXPECT_EQ(o.code, code) << o.err;
    EXPECT_EQ(o.out, "");
    EXPECT_TRUE(o.err.starts_with("pith: ")) << o.err;
    EXPECT_EQ(o.err.find('\n'), o.err.size() - 1) << o.err;
    EXPECT_NE(o.err.find(text), std::string::npos) << o.err;
  };
  expect({"-p", "0", "-n", "0"}, 2, "nothing to measure");
  expect({"-p", "12x"}, 2, "-p: expected numbers");
  expect({"-p", "9-3"}, 2, "'9-3'");
  expect({"-p", "1-8*1"}, 2, "'1-8*1'");
  expect({"-p", "0-8*2"}, 2, "'0-8*2'");
  expect({"-p", "-5"}, 2, "-p");
  expect({"-n", "1-100000"}, 2, "10000");
  expect({"-pg", "5"}, 2, "PROMPT,GEN");
  expect({"-t", "0"}, 2, "-t: expected 1 to 1024, found 0");
  expect({"-r", "0"}, 2, "--repetitions");
  expect({"-ctk", "q4_0"}, 2, "-ctk: expected f32, f16, bf16 or q8_0");
  expect({"-o", "xml"}, 2, "md|csv|json|jsonl|sql");
  expect({"--kernels", "Q4_0,Q9"}, 2, "no type 'Q9'");
  expect({"--parallel", "0"}, 2, "--parallel");
  expect({"--kernels", "Q4_0"}, 2, "--kernels measures no model");
  expect({"--compare", "/no/such.json"}, 1, "/no/such.json");
  expect({"--compare", folder_->write("empty.json", "[]").string()}, 1, "holds no rows");
  expect({"-p", "16000000", "-n", "0", "--parallel", "64"}, 1, "MiB are available");
  expect({"-m", "/no/such.gguf"}, 1, "/no/such.gguf");
}

}  // namespace
}  // namespace pith::test
