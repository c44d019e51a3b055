#include "cli/bench_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/bench_rows.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

// What must be equal for two rows to measure the same; and what a file must have.
constexpr const char* kSame[] = {"n_prompt", "n_gen",    "n_depth", "n_threads",
                                 "n_batch",  "n_ubatch", "type_k",  "type_v"};

std::string file_of(const Json& row) {
  return std::filesystem::path(row["model_filename"].get<std::string>()).filename().string();
}

bool alike(const Json& a, const Json& b) {
  return file_of(a) == file_of(b) &&
         std::ranges::all_of(kSame, [&](const char* key) { return a[key] == b[key]; });
}

void check(const Json& row, const std::string& path) {
  const auto need = [&](const char* key, bool good) {
    if (!row.is_object() || !row.contains(key) || !good)
      fail("{}: not what pith bench -o json writes: a row has no usable '{}'", printable(path), key);
  };
  const auto is = [&](const char* key, auto test) {
    return row.is_object() && row.contains(key) && (row[key].*test)();
  };
  need("model_filename", is("model_filename", &Json::is_string));
  need("avg_ts", is("avg_ts", &Json::is_number) && row["avg_ts"].get<double>() > 0);
  need("stddev_ts", is("stddev_ts", &Json::is_number));
  for (const char* key : kSame) need(key, is(key, &Json::is_primitive));
}

/// Relative standard error of a row's mean speed.
double error_of(const Json& row) {
  const auto samples = row.find("samples_ts");
  const double n = samples != row.end() && samples->is_array() ? static_cast<double>(samples->size()) : 1;
  return row["stddev_ts"].get<double>() / row["avg_ts"].get<double>() / std::sqrt(std::max(n, 1.0));
}

// Hashes say something only where the same instructions computed them.
std::string logits_text(const Json& a, const Json& b) {
  const auto comparable = [&](const char* key) { return a.contains(key) && b.contains(key); };
  if (!comparable("logits_hash") || !comparable("isa") || a["isa"] != b["isa"]) return "";
  return a["logits_hash"] == b["logits_hash"] ? "same" : "other";
}

}  // namespace

std::vector<Json> read_bench_rows(const std::filesystem::path& path) {
  const std::string text = read_file(path), name = path.string();
  std::vector<Json> rows;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '[') {
    Json all = parse_ordered_json(text, name);
    for (Json& row : all) rows.push_back(std::move(row));
  } else {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string_view line(text.data() + begin, end - begin);
      if (line.find_first_not_of(" \t\r") != line.npos) rows.push_back(parse_ordered_json(line, name));
      begin = end + 1;
    }
  }
  if (rows.empty()) fail("{}: holds no rows of pith bench -o json", printable(name, 400));
  for (const Json& row : rows) check(row, name);
  return rows;
}

const Json* find_alike(const std::vector<Json>& rows, const Json& row) {
  const auto found = std::ranges::find_if(rows, [&](const Json& r) { return alike(r, row); });
  return found == rows.end() ? nullptr : &*found;
}

Comparison compare_rows(const Json& before, const Json& now) {
  const auto count = [&](const char* key) { return now[key].get<std::int64_t>(); };
  Comparison c;
  c.file = file_of(now);
  c.test = test_name(count("n_prompt"), count("n_gen"), count("n_depth"));
  c.threads = count("n_threads");
  c.old_speed = before["avg_ts"].get<double>();
  c.new_speed = now["avg_ts"].get<double>();
  c.ratio = c.new_speed / c.old_speed;
  c.noise = c.ratio * std::hypot(error_of(before), error_of(now));
  c.verdict = std::abs(c.ratio - 1) <= 2 * c.noise ? "noise" : c.ratio > 1 ? "faster" : "slower";
  c.logits = logits_text(before, now);
  return c;
}

Json comparison_fields(const Comparison& c) {
  return {{"model", c.file},       {"test", c.test},        {"n_threads", c.threads},
          {"old_ts", c.old_speed}, {"new_ts", c.new_speed}, {"ratio", c.ratio},
          {"noise", c.noise},      {"verdict", c.verdict},  {"logits", c.logits}};
}

std::vector<Cell> comparison_cells(const Comparison& c) {
  return {{"model", -30, c.file},
          {"threads", 7, std::to_string(c.threads)},
          {"test", 15, c.test},
          {"old t/s", 10, fmt::format("{:.2f}", c.old_speed)},
          {"new t/s", 10, fmt::format("{:.2f}", c.new_speed)},
          {"ratio", 15, fmt::format("{:.3f} ± {:.3f}", c.ratio, c.noise)},
          {"verdict", -7, c.verdict},
          {"logits", -6, c.logits}};
}

}  // namespace pith::cli
