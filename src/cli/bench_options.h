// The options of pith bench: those of llama-bench, lists and ranges included.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "analyse/bench.h"
#include "cli/options.h"

namespace pith::cli {

/// As typed; an option that may be given several times or holds a list has all its texts.
struct BenchArguments {
  std::vector<std::string> models, prompt, gen, both, depth, batch, ubatch, type_k, type_v, threads, parallel;
  std::vector<std::string> without_meaning;  ///< what other programs' scripts pass
  int repetitions = 5;
  std::string format = "md", error_format = "none", kernels, compare;
  bool no_warmup = false, progress = false, json = false, probe = false;
};

void declare_bench_options(Options& options, BenchArguments& arguments);

/// Which settings differ between rows, or from their defaults: people see these alone.
struct ShownSettings {
  bool batch, ubatch, type_k, type_v;
};

/// What to run. The order of the rows is llama-bench's: prompts, generation, both.
struct BenchPlan {
  std::vector<std::string> models;
  std::vector<BenchSetting> settings;
  std::vector<BenchTest> tests;
  ShownSettings shown() const;
};

/// Throws UsageError. With --parallel the tests have so many sequences.
BenchPlan plan_bench(const BenchArguments& arguments);

/// "all", or names of weight types. Throws UsageError.
std::vector<DType> read_weight_types(std::string_view option, const std::string& text);

/// "512", "256,512", "1-4", "128-1024+128", "1-32*2"; each number from `least` to `most`. Throws UsageError.
std::vector<std::int64_t> read_list(std::string_view option, const std::vector<std::string>& texts,
                                    std::int64_t least, std::int64_t most);

}  // namespace pith::cli
