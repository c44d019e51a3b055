// Best of N: several chains, the one that the judge likes best (Cobbe et al. 2021, arXiv:2110.14168). Where
// the judge is a checking program the first chain that passes is as good as any, and ends it.
#include <algorithm>

#include "reason/budget.h"
#include "reason/strategy.h"

namespace pith {

Outcome best_of(Inquiry& inquiry, std::span<const int> arguments) {
  const ReasonSettings& settings = inquiry.settings;
  const auto chains = static_cast<std::size_t>(arguments.front());
  const bool first_passes = settings.judge == JudgeKind::Program;
  const std::size_t wave = first_passes || settings.budget ? static_cast<std::size_t>(settings.wave) : chains;
  const std::vector<TokenId> prompt = inquiry.prompt(Style::Worked).ids;
  std::vector<Candidate> done;
  bool passed = false;
  while (!passed) {
    const std::size_t first = done.size(), more = affordable(inquiry, std::min(wave, chains - first));
    if (more == 0) break;
    std::vector<Inquiry::Ask> asks;
    for (std::size_t i = first; i < first + more; ++i)
      asks.push_back({prompt,
                      {.seed = derive_seed(inquiry.seed, i),
                       .logprobs = settings.judge == JudgeKind::Logprob ? 0 : -1}});
    for (const Generator::Ticket& ticket : inquiry.begin(std::move(asks))) {
      Candidate& chain = done.emplace_back(inquiry.take(ticket));
      chain.node = inquiry.note("chain", chain, -1, chain.text);
    }
    if (!first_passes) continue;
    const auto begun = std::span(done).subspan(first);
    inquiry.judge(begun);
    passed = std::ranges::any_of(begun, [](const Candidate& c) { return *c.score > 0; });
  }
  // Marks of the model itself are relative: all at once.
  if (!first_passes) inquiry.judge(done);
  const auto best = std::ranges::max_element(done, {}, [](const Candidate& c) { return *c.score; });
  return inquiry.conclude(*best);
}

}  // namespace pith
