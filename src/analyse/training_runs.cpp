#include "analyse/training_runs.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "base/error.h"

namespace pith {
namespace {

// The fields of a line (RFC 4180): a quoted one may hold commas and doubled quotes.
std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

std::string normalised(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != ' ' && c != '_' && c != '-') out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  return out;
}

enum Column { kParams, kTokens, kFlops, kLoss, kColumns };
struct ColumnName {
  Column column;
  std::string_view name;
};
constexpr ColumnName kNames[] = {
    {kParams, "params"},      {kParams, "parameters"},
    {kParams, "modelsize"},   {kParams, "n"},
    {kTokens, "tokens"},      {kTokens, "d"},
    {kFlops, "flops"},        {kFlops, "flop"},
    {kFlops, "compute"},      {kFlops, "c"},
    {kFlops, "trainingflop"}, {kFlops, "trainingflops"},
    {kLoss, "loss"},          {kLoss, "l"},
};
constexpr std::string_view kShown[] = {"params", "tokens", "flops", "loss"};

struct Header {
  int place[kColumns] = {-1, -1, -1, -1};
  std::size_t fields;

  Header(std::string_view line, std::string_view what) {
    const std::vector<std::string> names = split(line);
    fields = names.size();
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto known = std::ranges::find(kNames, normalised(names[i]), &ColumnName::name);
      if (known == std::end(kNames)) continue;
      int& at = place[known->column];
      if (at >= 0) {
        fail("{}: the columns '{}' and '{}' both hold {}", what,
             printable(names[static_cast<std::size_t>(at)], 40), printable(names[i], 40),
             kShown[known->column]);
      }
      at = static_cast<int>(i);
    }
    const int sizes = (place[kParams] >= 0) + (place[kTokens] >= 0) + (place[kFlops] >= 0);
    if (place[kLoss] < 0 || sizes < 2) {
      fail("{}: expected a column 'loss' and two of 'params', 'tokens' and 'flops', found: {}", what,
           printable(line, 200));
    }
  }
};

double read_positive(const std::string& field, std::string_view what, std::size_t line, Column column) {
  const std::size_t first = std::min(field.find_first_not_of(' '), field.size()),
                    last = field.find_last_not_of(' ') + 1;
  double value = 0;
  const auto [stop, error] = std::from_chars(field.data() + first, field.data() + last, value);
  if (error != std::errc() || stop != field.data() + last || !std::isfinite(value) || value <= 0) {
    fail("{}: line {}: {}: expected a positive number, found '{}'", what, line, kShown[column],
         printable(field, 40));
  }
  return value;
}

}  // namespace

std::vector<TrainingRun> read_training_runs(std::string_view text, std::string_view what) {
  std::vector<TrainingRun> runs;
  std::optional<Header> header;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (line.find_first_not_of(' ') == std::string_view::npos) continue;
    if (!header) {
      header.emplace(line, what);
      continue;
    }
    const std::vector<std::string> fields = split(line);
    if (fields.size() != header->fields)
      fail("{}: line {}: expected {} fields, found {}", what, number, header->fields, fields.size());
    double value[kColumns] = {};
    for (int c = 0; c < kColumns; ++c) {
      if (const int at = header->place[c]; at >= 0)
        value[c] = read_positive(fields[static_cast<std::size_t>(at)], what, number, static_cast<Column>(c));
    }
    TrainingRun r{value[kParams], value[kTokens], value[kFlops], value[kLoss]};
    if (r.params == 0) r.params = r.flops / training_flops(1, r.tokens);
    if (r.tokens == 0) r.tokens = r.flops / training_flops(r.params, 1);
    if (r.flops == 0) r.flops = training_flops(r.params, r.tokens);
    runs.push_back(r);
  }
  if (runs.empty()) fail("{}: no runs", what);
  return runs;
}

std::vector<TrainingRun> exclude_fewest_tokens(std::vector<TrainingRun> runs, std::int64_t count) {
  if (count >= std::ssize(runs)) fail("--exclude {}: there are only {} runs", count, runs.size());
  std::ranges::stable_sort(runs, std::less(), [](const TrainingRun& r) { return r.tokens / r.params; });
  runs.erase(runs.begin(), runs.begin() + count);
  return runs;
}

}  // namespace pith
