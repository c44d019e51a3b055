// --reason and all that belongs to it: strategies of reasoning for the commands that generate.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/generation.h"
#include "reason/strategy.h"

namespace pith::cli {

struct ReasonOptions {
  std::string strategy;  ///< empty: none
  std::string answer;    ///< empty: the strategy's own default
  std::string examples, order = "first", direct;
  std::optional<std::string> trigger;
  std::size_t shots = 0;
  std::string weight = "equal", stopping = "none", judge, reward_model, verify, thoughts = "line",
              search = "breadth";
  std::string trace;
  double confidence = 0.95, verify_seconds = 10, bound = 0;
  int wave = 4, branch = 0, votes = 3;
  std::optional<std::int64_t> budget;
  bool answer_only = false;
};
void declare_reason_options(Options& options, ReasonOptions& values);

PromptWords prompt_words(const ReasonOptions& options);

/// A strategy with everything it needs, made once for any number of questions.
class Reasoner {
 public:
  /// `request`: what the options of generation say; `model`: how a reward model runs. Throws UsageError and
  /// Error.
  Reasoner(const ReasonOptions& options, const ModelOptions& model, const Request& request,
           PromptMaker prompts);

  /// One question to its end; nothing where the user interrupts. Throws Error.
  std::optional<Outcome> answer(Scheduler& scheduler, const Question& question, std::uint64_t seed) const;

  const ReasonSettings& settings() const { return settings_; }
  /// Whether a text without an answer is a failure: not where all of a text counts.
  bool needs_answer() const { return settings_.answer.rule() != "text"; }

 private:
  StrategyCall call_;
  ReasonSettings settings_;
  PromptMaker prompts_;
};

/// The strategy, the answer, its chain, agreement and costs.
nlohmann::ordered_json outcome_json(const Outcome& outcome);
/// What it cost, on stderr.
void report_cost(const Outcome& outcome);
/// --trace. Throws Error.
void write_trace(const std::string& path, const Trace& trace);

}  // namespace pith::cli
