// Beam search: the B most probable beginnings are kept at every token; the finished text with the highest
// mean log-probability wins.
#include <algorithm>

#include "reason/strategy.h"

namespace pith {

Outcome beam_search(Inquiry& inquiry, std::span<const int> arguments) {
  const auto beam = static_cast<std::size_t>(arguments.front());
  const Tokenizer& tokenizer = inquiry.prompter.tokenizer();
  const std::vector<TokenId> prompt = inquiry.prompt(Style::Worked).ids;
  const std::int64_t room = inquiry.context() - std::ssize(prompt);
  const std::int64_t asked = inquiry.request.max_tokens, length = asked < 0 ? room : std::min(room, asked);

  std::vector<Candidate> live(1), finished;
  const auto total = [](const Candidate& c) { return mean_logprob(c) * static_cast<double>(c.ids.size()); };
  for (std::int64_t step = 0; step < length && !live.empty() && finished.size() < beam; ++step) {
    if (inquiry.budget_left() < std::ssize(live)) break;
    std::vector<Inquiry::Ask> asks;
    for (const Candidate& c : live) {
      std::vector<TokenId> ids = prompt;
      ids.insert(ids.end(), c.ids.begin(), c.ids.end());
      asks.push_back(
          {std::move(ids),
           {.temperature = 0.0f, .max_tokens = 1, .ignore_eos = true, .logprobs = static_cast<int>(beam)}});
    }
    const auto tickets = inquiry.begin(std::move(asks));
    std::vector<Candidate> next;
    for (std::size_t i = 0; i < tickets.size(); ++i) {
      const Candidate token = inquiry.take(tickets[i]);
      for (const TokenLogprob& t : token.logprobs.front().top) {
        Candidate c = live[i];
        c.ids.push_back(t.id);
        c.logprobs.push_back({t.logprob, {}});
        c.final = tokenizer.contains(t.id) && tokenizer.is_end_of_generation(t.id);
        next.push_back(std::move(c));
      }
    }
    std::ranges::stable_sort(next, std::greater{}, total);
    next.resize(std::min(next.size(), beam));
    live.clear();
    for (Candidate& c : next) (c.final ? finished : live).push_back(std::move(c));
  }
  for (Candidate& c : live) finished.push_back(std::move(c));

  for (Candidate& c : finished) {
    c.finish = c.final ? FinishReason::Stop : FinishReason::Length;
    inquiry.set_text(c);
    c.score = mean_logprob(c);
    c.node = inquiry.note("beam", c, -1, c.text);
    inquiry.trace.nodes[static_cast<std::size_t>(c.node)].score = c.score;
  }
  return inquiry.conclude(
      *std::ranges::max_element(finished, {}, [](const Candidate& c) { return *c.score; }));
}

}  // namespace pith
