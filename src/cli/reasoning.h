// --reason and all that belongs to it: strategies of reasoning for the commands that generate.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/loading.h"
#include "cli/options.h"
#include "reason/strategy.h"

namespace pith::cli {

struct ReasonOptions {
  std::string strategy;  ///< empty: none
  std::string answer;    ///< empty: the strategy's own default
  std::string examples, order = "first", direct;
  std::optional<std::string> trigger;
  std::optional<std::size_t> shots;
  std::string weight = "equal", stopping = "none", judge, reward_model, verify, thoughts = "line",
              search = "breadth";
  double confidence = 0.95, verify_seconds = 10, bound = 0;
  int wave = 4, branch = 0, votes = 3;
  std::optional<std::int64_t> budget;
};
/// Where `values` has no strategy, its options are refused without --reason.
void declare_reason_options(Options& options, ReasonOptions& values);

/// What a strategy's questions become. `chat_template`: its source, empty where texts are continued as they
/// are; `name`: where it comes from; `variables`: an object for it. Throws Error.
PromptMaker make_prompts(const ReasonOptions& options, const Tokenizer& tokenizer,
                         const std::string& chat_template, const std::string& name,
                         const nlohmann::ordered_json& variables);

/// `model`: how a reward model runs; `sampling`: of texts that say nothing else. Throws UsageError and Error.
Reasoner make_reasoner(const ReasonOptions& options, const ModelOptions& model,
                       const SamplingOptions& sampling, PromptMaker prompts);

/// All options that an answer depends on, each with the name that messages give it; nothing without a
/// strategy.
std::vector<std::pair<std::string, std::string>> reason_settings(const ReasonOptions& options);

/// The strategy, the answer, its chain, agreement and costs.
nlohmann::ordered_json outcome_json(const Outcome& outcome);
/// What it cost, on stderr.
void report_cost(const Outcome& outcome);
/// --trace. Throws Error.
void write_trace(const std::string& path, const Trace& trace);

}  // namespace pith::cli
