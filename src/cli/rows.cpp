#include "cli/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/input.h"

namespace pith::cli {

using Json = nlohmann::ordered_json;

/// A format: what stands before the first row, a row, what comes between two, and the end.
struct RowFormat {
  std::string_view name;
  std::string (*begin)(const Json& fields, std::span<const Cell> cells, const std::string& table);
  std::string (*row)(const Json& fields, std::span<const Cell> cells, const std::string& table);
  std::string_view between;
  std::string (*end)(std::string_view footer, bool empty);
};

namespace {

// A value as text; numbers and truth values as llama-bench writes them.
std::string plain(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  if (value.is_number_float()) return fmt::format("{:.6f}", value.get<double>());
  return value.dump();
}

// `text` in quotes, those inside it doubled: CSV (RFC 4180) and SQL.
std::string in_quotes(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

template <class F>
std::string joined(const Json& fields, std::string_view separator, F&& text_of) {
  std::string out;
  for (const auto& [key, value] : fields.items()) {
    if (value.is_array()) continue;
    if (!out.empty()) out += separator;
    out += text_of(key, value);
  }
  return out;
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(std::string_view text, int width) {
  const auto wide = static_cast<std::size_t>(std::abs(width));
  const std::string blanks(wide - std::min(wide, characters(text)), ' ');
  return width < 0 ? std::string(text) + blanks : blanks + std::string(text);
}

std::string keys_of(const Json& fields, std::string_view separator) {
  return joined(fields, separator, [](const std::string& key, const Json&) { return key; });
}

std::string values_of(const Json& fields, std::string_view separator, char quote) {
  return joined(fields, separator,
                [&](const std::string&, const Json& v) { return in_quotes(plain(v), quote); });
}

std::string markdown_head(const Json&, std::span<const Cell> cells, const std::string&) {
  std::string head = "|", rule = "|";
  for (const Cell& c : cells) {
    head += " " + padded(c.header, c.width) + " |";
    const std::string dashes(static_cast<std::size_t>(std::abs(c.width)) - 1, '-');
    rule += " " + dashes + (c.width < 0 ? "-" : ":") + " |";
  }
  return head + "\n" + rule + "\n";
}

std::string markdown_row(const Json&, std::span<const Cell> cells, const std::string&) {
  std::string line = "|";
  for (const Cell& c : cells) line += " " + padded(c.text, c.width) + " |";
  return line + "\n";
}

std::string csv_head(const Json& fields, std::span<const Cell>, const std::string&) {
  return keys_of(fields, ",") + "\n";
}

std::string csv_row(const Json& fields, std::span<const Cell>, const std::string&) {
  return values_of(fields, ",", '"') + "\n";
}

std::string json_object(const Json& fields, std::span<const Cell>, const std::string&) {
  return fields.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string json_line(const Json& fields, std::span<const Cell>, const std::string&) {
  return to_json_text(fields) + "\n";
}

std::string sql_table(const Json& fields, std::span<const Cell>, const std::string& table) {
  const auto declaration = [](const std::string& key, const Json& v) {
    return key + (v.is_string() ? " TEXT" : v.is_number_float() ? " REAL" : " INTEGER");
  };
  return fmt::format("CREATE TABLE IF NOT EXISTS {} (\n  {}\n);\n\n", table,
                     joined(fields, ",\n  ", declaration));
}

std::string sql_row(const Json& fields, std::span<const Cell>, const std::string& table) {
  return fmt::format("INSERT INTO {} ({}) VALUES ({});\n", table, keys_of(fields, ", "),
                     values_of(fields, ", ", '\''));
}

constexpr auto kNoHead = [](const Json&, std::span<const Cell>, const std::string&) { return std::string(); };
constexpr auto kNoEnd = [](std::string_view, bool) { return std::string(); };

constexpr RowFormat kFormats[] = {
    {"md", markdown_head, markdown_row, "",
     [](std::string_view footer, bool) { return "\n" + std::string(footer); }},
    {"csv", csv_head, csv_row, "", kNoEnd},
    {"json", [](const Json&, std::span<const Cell>, const std::string&) { return std::string("[\n"); },
     json_object, ",\n", [](std::string_view, bool empty) { return std::string(empty ? "[]\n" : "\n]\n"); }},
    {"jsonl", kNoHead, json_line, "", kNoEnd},
    {"sql", sql_table, sql_row, "", kNoEnd},
};

}  // namespace

std::vector<std::string> row_formats() {
  std::vector<std::string> names;
  for (const RowFormat& f : kFormats) names.emplace_back(f.name);
  return names;
}

RowWriter::RowWriter(std::string_view format, std::string table, Sink sink)
    : format_(std::ranges::find(kFormats, format, &RowFormat::name)),
      table_(std::move(table)),
      sink_(std::move(sink)) {}

void RowWriter::write(const Json& fields, std::span<const Cell> cells) {
  const std::string before = empty_ ? format_->begin(fields, cells, table_) : std::string(format_->between);
  sink_(before + format_->row(fields, cells, table_));
  empty_ = false;
}

void RowWriter::finish(std::string_view footer) { sink_(format_->end(footer, empty_)); }

}  // namespace pith::cli
