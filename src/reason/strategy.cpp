#include "reason/strategy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/error.h"

namespace pith {
namespace {

constexpr std::array<Strategy, 7> kStrategies{{
    {"direct", "", 0, false, answer_directly},
    {"cot", "", 0, false, chain_of_thought},
    {"self-consistency", "N", 1, true, self_consistency},
    {"best-of", "N", 1, true, best_of},
    {"tree", "B,D", 2, true, tree_of_thoughts},
    {"beam", "B", 1, false, beam_search},
    {"auto", "", 0, true, spend_where_it_pays},
}};

constexpr int kMost = 4096;

std::string names() {
  std::string list;
  for (const Strategy& s : kStrategies) {
    list += (list.empty() ? "" : ", ") + std::string(s.name);
    if (!s.arguments.empty()) list += ":" + std::string(s.arguments);
  }
  return list;
}

}  // namespace

std::span<const Strategy> strategies() { return kStrategies; }

StrategyCall::StrategyCall(std::string_view text) : text_(text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  strategy_ = std::ranges::find(kStrategies, text.substr(0, colon), &Strategy::name);
  if (strategy_ == kStrategies.end())
    fail_usage("--reason: expected one of {}, found '{}'", names(), printable(text));
  for (std::size_t at = colon + 1; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    int& value = arguments_.emplace_back(0);
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + comma, value);
    if (error != std::errc() || end != text.data() + comma || value < 1 || value > kMost) {
      fail_usage("--reason {}: expected whole numbers from 1 to {}, found '{}'", strategy_->name, kMost,
                 printable(text.substr(at, comma - at)));
    }
    at = comma + 1;
  }
  if (arguments_.size() != strategy_->arguments_count) {
    if (strategy_->arguments.empty())
      fail_usage("--reason {}: takes no arguments, found '{}'", strategy_->name, printable(text));
    fail_usage("--reason {}: expected {}:{}, found '{}'", strategy_->name, strategy_->name,
               strategy_->arguments, printable(text));
  }
}

void StrategyCall::check(const SamplingOptions& sampling) const {
  if (strategy_->samples && sampling.temperature <= 0)
    fail_usage("--reason {}: its chains are all the same at --temp 0", strategy_->name);
}

void StrategyCall::check(const ReasonSettings& settings) const {
  if (settings.judge == JudgeKind::Reward && !settings.reward)
    fail_usage("--judge reward needs --reward-model");
  if (settings.weight == VoteWeight::Reward && !settings.reward)
    fail_usage("--weight reward needs --reward-model");
  if (settings.judge == JudgeKind::Program && !settings.verifier)
    fail_usage("--judge program needs --verify");
  if (settings.thoughts == Thoughts::Delimiter && settings.delimiter.empty())
    fail_usage("--thoughts: the delimiter is empty");
  if (!(settings.confidence > 0 && settings.confidence <= 1))
    fail_usage("--confidence: expected a probability above 0 and at most 1, found {}", settings.confidence);
  if (settings.wave < 1) fail_usage("--wave: expected at least 1, found {}", settings.wave);
  if (settings.votes < 1) fail_usage("--votes: expected at least 1, found {}", settings.votes);
  if (settings.branch < 0) fail_usage("--branch: expected at least 1, found {}", settings.branch);
  if (settings.budget && *settings.budget < 1)
    fail_usage("--budget: expected at least 1 token, found {}", *settings.budget);
  if (settings.shots > 0 && settings.examples.empty()) fail_usage("-k needs --examples");
}

Outcome StrategyCall::run(Generator& generator, const PromptMaker& prompter, const ReasonSettings& settings,
                          Question question, Request request) const {
  const auto begun = std::chrono::steady_clock::now();
  Inquiry inquiry(generator, prompter, settings, std::move(question), std::move(request));
  inquiry.trace.strategy = text_;
  Outcome outcome = strategy_->run(inquiry, arguments_);
  inquiry.cost.total_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begun).count();
  outcome.cost = inquiry.cost;
  outcome.trace = std::move(inquiry.trace);
  return outcome;
}

void Reasoner::need_answer(const Outcome& outcome) const {
  const std::string& rule = settings.answer.rule();
  // Of a search that kept nothing: each text was cut off by its length, or the program refused it.
  if (outcome.text.empty() && outcome.finish == FinishReason::Length)
    fail("--reason {}: nothing came of {} texts", call.text(), outcome.cost.chains);
  if (outcome.answer || rule == "text") return;
  fail("--answer {} found nothing in any of {} texts, such as '{}'", printable(rule), outcome.cost.chains,
       printable(outcome.text, 60));
}

}  // namespace pith
