// What a strategy is: a function that answers one question through an Inquiry. A new one is one file and a
// row of the table in strategy.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reason/inquiry.h"

namespace pith {

struct Strategy {
  std::string_view name, arguments;
  std::size_t arguments_count;
  bool samples;  ///< needs a temperature above 0
  Outcome (*run)(Inquiry& inquiry, std::span<const int> arguments);
};
std::span<const Strategy> strategies();

/// A strategy with its arguments: "direct", "self-consistency:16", "tree:5,3".
class StrategyCall {
 public:
  /// Throws UsageError listing the strategies, or the arguments of this one.
  explicit StrategyCall(std::string_view text);
  const Strategy& strategy() const { return *strategy_; }
  const std::string& text() const { return text_; }

  /// Throw UsageError where the settings, or how texts are sampled, lack what the strategy needs.
  void check(const ReasonSettings& settings) const;
  void check(const SamplingOptions& sampling) const;
  /// Answers one question. `request`: as Inquiry() has it. Blocks: for a thread of Generator::start().
  Outcome run(Generator& generator, const PromptMaker& prompter, const ReasonSettings& settings,
              Question question, Request request) const;

 private:
  std::string text_;
  const Strategy* strategy_;
  std::vector<int> arguments_;
};

/// A strategy with everything it needs, made once for any number of questions.
struct Reasoner {
  StrategyCall call;
  ReasonSettings settings;
  PromptMaker prompts;

  /// As StrategyCall::run().
  Outcome answer(Generator& generator, Question question, Request request) const {
    return call.run(generator, prompts, settings, std::move(question), std::move(request));
  }
  /// Throws Error where the rule found no answer, unless all of a text is one, and where there is no text.
  void need_answer(const Outcome& outcome) const;
};

// The strategies, one file each.
Outcome answer_directly(Inquiry& inquiry, std::span<const int>);
Outcome chain_of_thought(Inquiry& inquiry, std::span<const int>);
Outcome self_consistency(Inquiry& inquiry, std::span<const int> chains);
/// The same with another stopping rule than the settings', and `done` as the first of the chains.
Outcome vote_among_chains(Inquiry& inquiry, std::size_t chains, StoppingRule rule,
                          std::vector<Candidate> done = {});
Outcome best_of(Inquiry& inquiry, std::span<const int> chains);
Outcome tree_of_thoughts(Inquiry& inquiry, std::span<const int> beam_and_depth);
Outcome beam_search(Inquiry& inquiry, std::span<const int> beam);
Outcome spend_where_it_pays(Inquiry& inquiry, std::span<const int>);

}  // namespace pith
