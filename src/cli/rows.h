// Rows of measurements in the formats of llama-bench: md, csv, json, jsonl and sql.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pith::cli {

/// A column of the table for people. `width` is in characters, negative: aligned left.
struct Cell {
  std::string header;
  int width;
  std::string text;
};

/// Writes rows as they come, all with the same fields in the same order. Arrays appear in JSON alone.
class RowWriter {
 public:
  using Sink = std::function<void(std::string_view)>;
  /// `format` is one of row_formats(); `table` is the name in SQL.
  RowWriter(std::string_view format, std::string table, Sink sink);

  void write(const nlohmann::ordered_json& fields, std::span<const Cell> cells);
  /// The end of the format; `footer` stands below the table for people.
  void finish(std::string_view footer);

 private:
  const struct RowFormat* format_;
  std::string table_;
  Sink sink_;
  bool empty_ = true;
};

std::vector<std::string> row_formats();

}  // namespace pith::cli
