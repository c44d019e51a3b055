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
  std::string_view name, arguments, summary;
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

  /// Throws UsageError where the settings lack what the strategy needs.
  void check(const ReasonSettings& settings) const;
  /// Blocks: for a thread of Generator::start().
  Outcome run(Generator& generator, const PromptMaker& prompter, const ReasonSettings& settings,
              Question question, std::uint64_t seed) const;

 private:
  std::string text_;
  const Strategy* strategy_;
  std::vector<int> arguments_;
};

// The strategies, one file each.
Outcome answer_directly(Inquiry& inquiry, std::span<const int>);
Outcome chain_of_thought(Inquiry& inquiry, std::span<const int>);
Outcome self_consistency(Inquiry& inquiry, std::span<const int> chains);
/// The same with another stopping rule than the settings'.
Outcome vote_among_chains(Inquiry& inquiry, std::size_t chains, StoppingRule rule);
Outcome best_of(Inquiry& inquiry, std::span<const int> chains);
Outcome tree_of_thoughts(Inquiry& inquiry, std::span<const int> beam_and_depth);
Outcome beam_search(Inquiry& inquiry, std::span<const int> beam);
Outcome spend_where_it_pays(Inquiry& inquiry, std::span<const int>);

}  // namespace pith
