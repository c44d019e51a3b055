// What pith bench prints of one measurement: the fields that programs read, and the cells of people's table.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "analyse/bench.h"
#include "analyse/kernel_bench.h"
#include "cli/bench_options.h"
#include "cli/rows.h"

namespace pith::cli {

struct Measurement {
  std::string file;
  const Model& model;
  BenchSetting setting;
  BenchTest test;
  BenchResult result;
  MachineLimits limits;
};

/// llama-bench's fields in their order, then more.
nlohmann::ordered_json bench_fields(const Measurement& m);
std::vector<Cell> bench_cells(const Measurement& m, const ShownSettings& shown);

/// llama-batched-bench's, then more.
nlohmann::ordered_json parallel_fields(const Measurement& m);
std::vector<Cell> parallel_cells(const Measurement& m);

nlohmann::ordered_json kernel_fields(const KernelTiming& timing);
std::vector<Cell> kernel_cells(const KernelTiming& timing);

/// "pp512+tg128 @ d4096".
std::string test_name(std::int64_t prompt, std::int64_t gen, std::int64_t depth);
/// "build: 0123abc (456)".
std::string build_line();
/// The processor and its limits.
std::string machine_line(int threads, const MachineLimits& limits);

}  // namespace pith::cli
