// One chain: a direct answer, or one that shows its steps (chain of thought: Wei et al. 2022,
// arXiv:2201.11903).
#include "reason/strategy.h"

namespace pith {
namespace {

Outcome one_chain(Inquiry& inquiry, Style style) {
  const auto tickets = inquiry.begin({{inquiry.prompt(style).ids, {.seed = inquiry.seed}}});
  Candidate chain = inquiry.take(tickets.front());
  chain.node = inquiry.note("chain", chain, -1, chain.text);
  return inquiry.conclude(chain, 1, style);
}

}  // namespace

Outcome answer_directly(Inquiry& inquiry, std::span<const int>) { return one_chain(inquiry, Style::Direct); }
Outcome chain_of_thought(Inquiry& inquiry, std::span<const int>) { return one_chain(inquiry, Style::Worked); }

}  // namespace pith
