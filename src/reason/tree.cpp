// Tree of thoughts: a text is grown thought by thought; at every state several next thoughts are tried, a
// judge values the states they lead to, and the search goes on from the best (Yao et al. 2023,
// arXiv:2305.10601).
#include <algorithm>

#include "reason/strategy.h"

namespace pith {
namespace {

std::vector<std::string> thought_ends(const ReasonSettings& settings) {
  switch (settings.thoughts) {
    case Thoughts::Line: break;
    case Thoughts::Sentence: return {". ", "! ", "? ", "\n"};
    case Thoughts::Delimiter: return {settings.delimiter};
  }
  return {"\n"};
}

class Tree {
 public:
  Tree(Inquiry& inquiry, int beam, int depth)
      : inquiry_(inquiry),
        settings_(inquiry.settings),
        prompt_(inquiry.prompt(Style::Worked).ids),
        ends_(thought_ends(settings_)),
        beam_(static_cast<std::size_t>(beam)),
        depth_(depth),
        branch_(static_cast<std::size_t>(settings_.branch > 0 ? settings_.branch : beam)) {}

  // With a budget, a search that found nothing with less begins again, with other thoughts.
  Outcome search() {
    std::int64_t before;
    do {
      before = inquiry_.budget_left();
      settings_.depth_first ? descend(Candidate{}, 0) : breadth_first();
    } while (settings_.budget && inquiry_.budget_left() < before && !has_enough());
    // Without a finished text the best of the last states is all there is.
    std::vector<Candidate>& from = finished_.empty() ? last_ : finished_;
    if (from.empty()) from.emplace_back();
    return inquiry_.conclude(
        *std::ranges::max_element(from, {}, [](const Candidate& c) { return c.score.value_or(0); }));
  }

 private:
  void breadth_first() {
    std::vector<Candidate> states(1);
    for (int level = 0; level < depth_ && !states.empty() && !has_enough(); ++level) {
      std::vector<Candidate> next = expand(states, level);
      if (next.empty()) break;
      last_ = next;
      std::erase_if(next, [](const Candidate& c) { return c.final; });
      for (std::size_t i = 0; i < next.size(); ++i)
        inquiry_.mark(next[i].node, i < beam_ ? "kept" : "dropped");
      next.resize(std::min(next.size(), beam_));
      states = std::move(next);
    }
  }

  void descend(const Candidate& state, int level) {
    if (level == depth_ || has_enough()) return;
    std::vector<Candidate> next = expand({&state, 1}, level);
    if (!next.empty()) last_ = next;
    for (const Candidate& c : next) {
      if (has_enough()) return;
      if (c.final || *c.score < settings_.bound) continue;
      inquiry_.mark(c.node, "kept");
      descend(c, level + 1);
    }
  }

  // What a checking program has passed needs no second opinion.
  bool has_enough() const {
    return finished_.size() >= (settings_.judge == JudgeKind::Program || settings_.depth_first ? 1 : beam_);
  }

  // The states that the thoughts behind these lead to, the best first. Where a text is the same as an earlier
  // one, the earlier one stands for both.
  std::vector<Candidate> expand(std::span<const Candidate> states, int level) {
    std::vector<Candidate> next;
    const std::size_t thoughts = states.size() * branch_;
    // A few at a time where they share a budget: the last ones would be cut short.
    const std::size_t wave = settings_.budget ? static_cast<std::size_t>(settings_.wave) : thoughts;
    for (std::size_t first = 0, count; first < thoughts && inquiry_.budget_left() > 0; first += count) {
      count = std::min({wave, thoughts - first, static_cast<std::size_t>(inquiry_.budget_left())});
      try_thoughts(states, level, first, count, next);
    }
    inquiry_.judge(next);
    if (settings_.judge == JudgeKind::Program) {
      std::erase_if(next, [&](const Candidate& c) {
        if (*c.score > 0) return false;
        inquiry_.mark(c.node, "failed");
        return true;
      });
    }
    std::ranges::stable_sort(next, std::greater{}, [](const Candidate& c) { return *c.score; });
    for (const Candidate& c : next) {
      if (c.final) finished_.push_back(c);
    }
    return next;
  }

  void try_thoughts(std::span<const Candidate> states, int level, std::size_t first, std::size_t count,
                    std::vector<Candidate>& next) {
    std::vector<Inquiry::Ask> asks;
    for (std::size_t i = first; i < first + count; ++i) {
      const Candidate& state = states[i / branch_];
      std::vector<TokenId> ids = prompt_;
      ids.insert(ids.end(), state.ids.begin(), state.ids.end());
      asks.push_back({std::move(ids),
                      {.seed = derive_seed(inquiry_.seed, asked_++, static_cast<std::uint64_t>(level) + 1),
                       .stop = ends_,
                       .logprobs = settings_.judge == JudgeKind::Logprob ? 0 : -1}});
    }
    const auto tickets = inquiry_.begin(std::move(asks));
    for (std::size_t i = first; i < first + count; ++i) {
      Candidate thought = inquiry_.take(tickets[i - first]);
      const std::string text = thought.text;
      const Candidate& state = states[i / branch_];
      Candidate grown = state;
      append(grown, std::move(thought));
      grown.node = inquiry_.note("thought", grown, state.node, text);
      inquiry_.trace.nodes[static_cast<std::size_t>(grown.node)].tokens -= std::ssize(state.ids);
      const bool known = std::ranges::find(next, grown.text, &Candidate::text) != next.end();
      const bool cut = grown.finish == FinishReason::Length;
      inquiry_.mark(grown.node, known ? "duplicate" : cut ? "cut" : "");
      if (!known && !cut) next.push_back(std::move(grown));
    }
  }

  Inquiry& inquiry_;
  const ReasonSettings& settings_;
  const std::vector<TokenId> prompt_;
  const std::vector<std::string> ends_;
  const std::size_t beam_;
  const int depth_;
  const std::size_t branch_;
  std::uint64_t asked_ = 0;  // thoughts so far
  std::vector<Candidate> finished_, last_;
};

}  // namespace

Outcome tree_of_thoughts(Inquiry& inquiry, std::span<const int> beam_and_depth) {
  return Tree(inquiry, beam_and_depth[0], beam_and_depth[1]).search();
}

}  // namespace pith
