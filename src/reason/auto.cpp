// Spends only where it pays: a direct answer, and more only as long as there is doubt.
#include <cmath>

#include "reason/budget.h"
#include "reason/strategy.h"

namespace pith {
namespace {

constexpr std::size_t kChains = 8;         // of the vote
constexpr std::array<int, 2> kTree{4, 8};  // beam and depth, where a judge from outside makes it worth trying

// The probability of the whole text: of an answer without steps, how sure the model is of it.
double probability(const Candidate& chain) {
  return std::exp(mean_logprob(chain) * static_cast<double>(chain.logprobs.size()));
}

}  // namespace

Outcome spend_where_it_pays(Inquiry& inquiry, std::span<const int>) {
  const ReasonSettings& settings = inquiry.settings;
  const auto greedy = [&](Style style) {
    const auto tickets = inquiry.begin(
        {{inquiry.prompt(style).ids, {.seed = inquiry.seed, .temperature = 0.0f, .logprobs = 0}}});
    Candidate chain = inquiry.take(tickets.front());
    chain.node = inquiry.note(style == Style::Direct ? "direct" : "chain", chain, -1, chain.text);
    return chain;
  };
  const Candidate direct = greedy(Style::Direct);
  const std::string first = inquiry.ballot_of(direct);
  if ((!first.empty() && probability(direct) >= settings.confidence) || affordable(inquiry, 1) == 0)
    return inquiry.conclude(direct, 1, Style::Direct);

  // Two ways to the same answer.
  const Candidate worked = greedy(Style::Worked);
  if ((!first.empty() && first == inquiry.ballot_of(worked)) || affordable(inquiry, 1) == 0)
    return inquiry.conclude(worked);

  const Outcome voted = vote_among_chains(inquiry, kChains, StoppingRule::Beta, {worked});
  const bool judged = settings.judge == JudgeKind::Program || settings.judge == JudgeKind::Reward;
  if (!judged || voted.agreement >= 0.5 || inquiry.budget_left() <= 0) return voted;
  return tree_of_thoughts(inquiry, kTree);
}

}  // namespace pith
