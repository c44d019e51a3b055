// Measurements beside those of an earlier run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/rows.h"

namespace pith::cli {

/// The rows that pith bench or llama-bench wrote with -o json or jsonl. Throws Error.
std::vector<nlohmann::ordered_json> read_bench_rows(const std::filesystem::path& path);

/// The row of the same test with the same settings on a file of the same name; nullptr if there is none.
const nlohmann::ordered_json* find_alike(const std::vector<nlohmann::ordered_json>& rows,
                                         const nlohmann::ordered_json& row);

struct Comparison {
  std::string file, test;
  std::int64_t threads;
  double old_speed, new_speed;  ///< tokens per second
  double ratio, noise;          ///< new to old, and its standard error
  std::string verdict;          ///< faster, slower, or noise: less than two standard errors
  std::string logits;           ///< same or other; empty where not comparable
};
Comparison compare_rows(const nlohmann::ordered_json& before, const nlohmann::ordered_json& now);
nlohmann::ordered_json comparison_fields(const Comparison& c);
std::vector<Cell> comparison_cells(const Comparison& c);

}  // namespace pith::cli
