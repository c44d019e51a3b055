// Self-consistency: several chains, the answer that most of them come to (Wang et al. 2022,
// arXiv:2203.11171).
//
// Ballots are counted in the order of the chains, so that where the vote stops does not depend on who is
// ready first.
#include <algorithm>
#include <cmath>

#include "reason/budget.h"
#include "reason/strategy.h"
#include "reason/vote.h"

namespace pith {
namespace {

double ballot_weight(Inquiry& inquiry, const Candidate& chain) {
  switch (inquiry.settings.weight) {
    case VoteWeight::Equal: break;
    case VoteWeight::Probability: return std::exp(mean_logprob(chain));
    case VoteWeight::Reward:
      return 1 / (1 + std::exp(-inquiry.settings.reward(inquiry.question, chain.text, chain.final)));
  }
  return 1;
}

bool is_settled(const Vote& vote, std::size_t remaining, StoppingRule rule, double confidence) {
  if (vote.is_decided(remaining)) return true;
  switch (rule) {
    case StoppingRule::None: break;
    case StoppingRule::Beta: return vote.beta_confidence() >= confidence;
    case StoppingRule::Dirichlet: return vote.dirichlet_confidence() >= confidence;
  }
  return false;
}

}  // namespace

Outcome vote_among_chains(Inquiry& inquiry, std::size_t chains, StoppingRule rule,
                          std::vector<Candidate> done) {
  const ReasonSettings& settings = inquiry.settings;
  const std::vector<TokenId> prompt = inquiry.prompt(Style::Worked).ids;
  const std::size_t wave =
      rule == StoppingRule::None && !settings.budget ? chains : static_cast<std::size_t>(settings.wave);
  Vote vote;
  const auto count = [&](const Candidate& chain) {
    const std::string answer = inquiry.ballot_of(chain);
    if (answer.empty()) {
      vote.add_none();
    } else {
      vote.add(answer, ballot_weight(inquiry, chain));
    }
  };
  std::ranges::for_each(done, count);
  bool settled = false;
  while (!settled) {
    const std::size_t first = done.size(), more = affordable(inquiry, std::min(wave, chains - first));
    if (more == 0) break;
    std::vector<Inquiry::Ask> asks;
    for (std::size_t i = first; i < first + more; ++i) {
      Inquiry::Ways ways{.seed = derive_seed(inquiry.seed, i)};
      if (settings.weight == VoteWeight::Probability) ways.logprobs = 0;
      asks.push_back({prompt, ways});
    }
    const auto tickets = inquiry.begin(std::move(asks));
    for (std::size_t i = 0; i < tickets.size() && !settled; ++i) {
      Candidate& chain = done.emplace_back(inquiry.take(tickets[i]));
      chain.node = inquiry.note("chain", chain, -1, chain.text);
      count(chain);
      settled = is_settled(vote, chains - done.size(), rule, settings.confidence);
      if (settled) inquiry.cancel(std::span(tickets).subspan(i + 1));
    }
  }
  const Vote::Option* leader = vote.leader();
  return inquiry.conclude(leader ? done[leader->first] : done.front(), vote.agreement());
}

Outcome self_consistency(Inquiry& inquiry, std::span<const int> chains) {
  return vote_among_chains(inquiry, static_cast<std::size_t>(chains.front()), inquiry.settings.rule);
}

}  // namespace pith
