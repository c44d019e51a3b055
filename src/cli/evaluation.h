// What the commands that measure a model share: the options, a model that takes many items at a time, the log
// of results, the progress, the table at the end.
#pragma once

#include <algorithm>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "analyse/continuation.h"
#include "analyse/item_log.h"
#include "analyse/item_loop.h"
#include "analyse/statistics.h"
#include "base/error.h"
#include "cli/loading.h"
#include "cli/options.h"
#include "generate/scheduler.h"

namespace pith::cli {

struct EvaluationOptions {
  ModelOptions model;
  std::int64_t limit = -1;
  std::int64_t parallel = 0;
  std::string log;
  bool resume = false;
};

/// --limit, --log, --resume.
void declare_log_options(Options& options, EvaluationOptions& values);
/// These, -m, --json, --parallel and those of the engine.
void declare_evaluation_options(Options& options, EvaluationOptions& values,
                                const std::string& json_help = "one JSON object");
/// Throws UsageError.
void check_evaluation_options(const EvaluationOptions& values);

/// The first `limit` of `items`, if it is not negative.
template <class T>
void keep_first(std::vector<T>& items, std::int64_t limit) {
  if (limit >= 0 && limit < std::ssize(items)) items.resize(static_cast<std::size_t>(limit));
}

/// f(), whose Error then names the item.
template <class F>
auto of_item(std::size_t item, F&& f) {
  try {
    return f();
  } catch (const Error& e) {
    fail("item {}: {}", item + 1, e.what());
  }
}

struct LoadedModel {
  std::shared_ptr<const Model> model;
  Tokenizer tokenizer;
};
/// Throws Error, also where the model has no vocabulary.
LoadedModel load_with_tokenizer(const std::string& name);

/// The continuations of each item that are scored.
struct ScoredItems {
  std::vector<std::vector<TokenizedPair>> pairs;
  std::size_t longest = 0;  ///< in tokens, of all pairs

  template <class Item, class Tokenize>
  ScoredItems(const std::vector<Item>& items, Tokenize&& tokenize) {
    for (const Item& item : items) {
      pairs.push_back(of_item(pairs.size(), [&] { return tokenize(item); }));
      for (const TokenizedPair& p : pairs.back()) longest = std::max(longest, p.tokens.size());
    }
  }
};

/// All that a log's results depend on: the model and how it computes, the task's text, and `more`.
nlohmann::ordered_json result_header(std::string_view what, const Engine& engine, std::string_view task,
                                     const nlohmann::ordered_json& more);

/// Tells how far the items are and how to go on; the exit code.
int tell_interrupted(const ItemLog& log, std::int64_t items);

/// An engine for several sequences of at most `context` tokens (0: the default), unless --ctx says another
/// length, and its scheduler.
class Evaluation {
 public:
  Evaluation(const LoadedModel& loaded, const EvaluationOptions& options, std::int64_t context);

  std::int64_t context() const { return scheduler_.context(); }
  const Engine& engine() const { return engine_; }
  Scheduler& scheduler() { return scheduler_; }
  int parallel() const { return scheduler_.options().parallel; }

  using Requests = std::function<std::vector<Request>(std::int64_t item)>;
  using ResultOf = std::function<nlohmann::ordered_json(std::int64_t item, std::vector<Result> results)>;
  /// Runs the items from 0 to count - 1 that the log does not have. False where the user interrupted, which
  /// then has been told.
  bool run(std::string_view what, std::int64_t count, ItemLog& log, const Requests& requests,
           const ResultOf& result_of);

 private:
  Evaluation(const LoadedModel& loaded, const ModelOptions& values, std::int64_t parallel);

  Engine engine_;
  Scheduler scheduler_;
};

/// Figures as a table of text and as JSON: value, interval, n.
class Figures {
 public:
  /// `digits`: of the text, behind the point.
  void add(const std::string& key, const std::string& label, const MeanEstimate& estimate, int digits);
  void add_number(const std::string& key, const std::string& label, double value, const std::string& text);
  void write(bool json, const nlohmann::ordered_json& more) const;

 private:
  std::string text_;
  std::vector<std::pair<std::string, nlohmann::ordered_json>> figures_;
};

}  // namespace pith::cli
