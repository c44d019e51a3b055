#include "train/preferences.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "train/jsonl.h"

namespace pith::lab {
namespace {

using nlohmann::ordered_json;

Example answered(const Conversations& c, const ordered_json& messages, std::string_view answer) {
  ordered_json whole = messages;
  whole.push_back({{"role", "assistant"}, {"content", answer}});
  Example out = c.example(whole);
  out.tokens.insert(out.tokens.end(), c.after_answer().begin(), c.after_answer().end());
  out.targets.resize(out.tokens.size(), -1);
  return out;
}

// The beginning of an answer; nothing to predict.
Example begun(const Conversations& c, std::string_view prompt, std::string_view prefix) {
  Example out;
  out.tokens = c.prompt(ordered_json::array({{{"role", "user"}, {"content", prompt}}}));
  for (const std::int32_t id : c.tokenizer().encode(prefix)) out.tokens.push_back(id);
  out.targets.resize(out.tokens.size(), -1);
  return out;
}

Comparison read_comparison(const Conversations& c, const nlohmann::json& line) {
  Comparison out;
  if (line.contains("solvable")) {
    Example& side = line.at("solvable").get<bool>() ? out.better : out.worse;
    side = begun(c, line.at("prompt").get<std::string>(), line.at("prefix").get<std::string>());
  } else {
    out.better = answered(c, line.at("messages"), line.at("chosen").get<std::string>());
    out.worse = answered(c, line.at("messages"), line.at("rejected").get<std::string>());
  }
  return out;
}

}  // namespace

LearningFromPairs::LearningFromPairs(const Config& c) : FineTuning(c) {
  train = c.texts("train");
  validation = c.texts("validation");
  comparisons = c.integer("comparisons", 1, 1 << 20);
}

std::vector<Comparison> read_comparisons(std::span<const std::string> files,
                                         const Conversations& conversations, std::int64_t context) {
  std::vector<Comparison> out;
  for (const std::string& file : files) {
    read_jsonl(file, [&](const nlohmann::json& line) {
      out.push_back(read_comparison(conversations, line));
      const std::size_t longest = std::max(out.back().better.tokens.size(), out.back().worse.tokens.size());
      if (static_cast<std::int64_t>(longest) > context)
        fail("{} tokens do not fit the context of {}", longest, context);
    });
  }
  if (out.empty()) fail("no preferences in {}", printable(files.front(), 400));
  return out;
}

std::vector<ComparisonPiece> comparison_pieces(std::span<const Comparison> all,
                                               std::span<const std::int64_t> chosen, std::int64_t rows) {
  std::vector<ComparisonPiece> pieces;
  for (const std::int64_t i : chosen) {
    const Comparison& c = all[i];
    const std::int64_t size = std::ssize(c.better.tokens) + std::ssize(c.worse.tokens);
    if (pieces.empty() || pieces.back().batch.rows() + size > rows) pieces.emplace_back();
    ComparisonPiece& piece = pieces.back();
    piece.index.push_back(i);
    for (int side = 0; side < 2; ++side) {
      const Example& e = side == 0 ? c.better : c.worse;
      const bool empty = e.tokens.empty();
      piece.first_row[side].push_back(empty ? -1 : piece.batch.rows());
      if (!empty) piece.batch.add(e.tokens);
      piece.last_row[side].push_back(empty ? -1 : piece.batch.rows() - 1);
      piece.targets.insert(piece.targets.end(), e.targets.begin(), e.targets.end());
    }
  }
  return pieces;
}

std::vector<ComparisonPiece> comparison_pieces(std::span<const Comparison> all, std::int64_t rows) {
  std::vector<std::int64_t> chosen(all.size());
  std::iota(chosen.begin(), chosen.end(), 0);
  return comparison_pieces(all, chosen, rows);
}

LogisticLoss::LogisticLoss(double margin)
    : value(margin > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin),
      slope(-1 / (1 + std::exp(margin))),
      right(margin == 0 ? 0.5 : static_cast<double>(margin > 0)) {}

}  // namespace pith::lab
