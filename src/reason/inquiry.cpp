#include "reason/inquiry.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "reason/judge.h"

namespace pith {
namespace {

// All of the text that the ids stand for, the stop string that ended it included.
std::string text_of(const Tokenizer& tokenizer, std::span<const TokenId> ids) {
  StreamDecoder decoder(tokenizer, true);
  std::string text;
  for (const TokenId id : ids) {
    if (tokenizer.contains(id)) text += decoder.add(id);
  }
  return text + decoder.finish();
}

std::string_view without_line_ends(std::string_view text) {
  return text.substr(0, text.find_last_not_of('\n') + 1);  // npos + 1 is 0
}

// Where the last line that is not empty begins.
std::size_t last_line(std::string_view text) { return without_line_ends(text).rfind('\n') + 1; }

}  // namespace

std::string_view Outcome::final_answer() const {
  return without_line_ends(std::string_view(text).substr(steps));
}

double mean_logprob(const Candidate& candidate) {
  double sum = 0;
  for (const Logprobs& p : candidate.logprobs) sum += p.logprob;
  return candidate.logprobs.empty() ? 0 : sum / static_cast<double>(candidate.logprobs.size());
}

void append(Candidate& candidate, Candidate next) {
  candidate.text += next.text;
  candidate.ids.insert(candidate.ids.end(), next.ids.begin(), next.ids.end());
  candidate.logprobs.insert(candidate.logprobs.end(), next.logprobs.begin(), next.logprobs.end());
  candidate.finish = next.finish;
  candidate.final = next.final;
}

std::uint64_t derive_seed(std::uint64_t seed, std::uint64_t chain, std::uint64_t step) {
  if (chain == 0 && step == 0) return seed;
  const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  const auto out = philox({low(chain), high(chain), low(step), high(step)}, {low(seed), high(seed)});
  return std::uint64_t{out[1]} << 32 | out[0];
}

Inquiry::Inquiry(Generator& generator, const PromptMaker& prompter_, const ReasonSettings& settings_,
                 Question question_, Request request_)
    : settings(settings_),
      prompter(prompter_),
      question(std::move(question_)),
      request(std::move(request_)),
      seed(request.sampling.seed),
      generator_(generator) {
  if (question.empty()) fail("there is no question");
  trace.question = question_text();
}

Prompt Inquiry::prompt(Style style) const {
  return prompter.make(
      question, style,
      choose_examples(settings.examples, settings.shots, settings.order, seed, question_text()));
}

void Inquiry::set_text(Candidate& candidate) const {
  candidate.text = text_of(prompter.tokenizer(), candidate.ids);
}

std::int64_t Inquiry::budget_left() const {
  return settings.budget ? std::max<std::int64_t>(0, *settings.budget - spent_)
                         : std::numeric_limits<std::int64_t>::max();
}

std::vector<Generator::Ticket> Inquiry::begin(std::vector<Ask> asks) {
  // What is begun together shares what is left of the budget.
  const std::int64_t share = budget_left() / std::max<std::int64_t>(1, std::ssize(asks));
  std::vector<Request> requests;
  for (Ask& ask : asks) {
    Request& text = requests.emplace_back(request);
    cost.prompt_tokens += std::ssize(ask.ids);
    text.prompt = std::move(ask.ids);
    text.sampling.seed = ask.ways.seed;
    if (ask.ways.temperature) text.sampling.temperature = *ask.ways.temperature;
    text.stop.insert(text.stop.end(), ask.ways.stop.begin(), ask.ways.stop.end());
    if (ask.ways.max_tokens >= 0) text.max_tokens = ask.ways.max_tokens;
    if (settings.budget) {
      text.max_tokens = text.max_tokens < 0 ? share : std::min(text.max_tokens, share);
      limit_ = text.max_tokens;
    }
    text.ignore_eos |= ask.ways.ignore_eos;
    text.logprobs = ask.ways.logprobs;
  }
  cost.chains += std::ssize(requests);
  return generator_.submit(std::move(requests));
}

const Result& Inquiry::settle(const Generator::Ticket& ticket) {
  const Result& result = generator_.wait(ticket);
  cost.generated_tokens += result.answer_tokens;
  cost.prefilled_tokens += result.prompt_tokens - result.cached_tokens;
  cost.saved_tokens += result.cached_tokens;
  cost.chain_ns = std::max(cost.chain_ns, result.timings.total);
  return result;
}

Candidate Inquiry::take(const Generator::Ticket& ticket) {
  const Result& result = settle(ticket);
  const Choice& choice = result.choices.front();
  spent_ += result.answer_tokens;
  Candidate out;
  const bool delimited = choice.stop_string >= static_cast<int>(request.stop.size());
  out.text = choice.text;
  out.ids = choice.ids;
  if (delimited) set_text(out);
  out.logprobs = choice.logprobs;
  out.finish = choice.finish;
  out.final = choice.finish == FinishReason::Stop && !delimited;
  return out;
}

void Inquiry::cancel(std::span<const Generator::Ticket> tickets) {
  for (const Generator::Ticket& ticket : tickets) generator_.cancel(ticket);
  for (const Generator::Ticket& ticket : tickets) {
    cost.cancelled_tokens += settle(ticket).answer_tokens;
    // How far it came is chance. The trace and what is left of the budget are the same every time.
    mark(note("chain", {}, -1, ""), "cancelled");
    spent_ += limit_;
  }
}

void Inquiry::judge(std::span<Candidate> candidates) {
  const std::vector<double> scores = judge_candidates(*this, candidates);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates[i].score = scores[i];
    if (candidates[i].node >= 0) trace.nodes[static_cast<std::size_t>(candidates[i].node)].score = scores[i];
  }
}

int Inquiry::note(std::string kind, const Candidate& candidate, int parent, std::string_view text) {
  TraceNode node;
  node.parent = parent;
  node.kind = std::move(kind);
  node.text = text;
  node.tokens = std::ssize(candidate.ids);
  if (settings.answer.rule() != "text") node.answer = settings.answer.find(candidate.text);
  return trace.add(std::move(node));
}

std::string Inquiry::ballot_of(const Candidate& candidate) const {
  const std::optional<std::string> answer = settings.answer.find(candidate.text);
  return answer ? normalise_answer(*answer) : std::string();
}

void Inquiry::mark(int node, std::string state) {
  if (node >= 0) trace.nodes[static_cast<std::size_t>(node)].state = std::move(state);
}

Outcome Inquiry::conclude(const Candidate& chosen, double agreement, Style style) {
  Outcome outcome;
  outcome.text = chosen.text;
  if (style == Style::Worked) outcome.steps = last_line(outcome.text);
  outcome.answer = settings.answer.find(chosen.text);
  outcome.agreement = agreement;
  outcome.score = chosen.score;
  outcome.finish = chosen.finish;
  for (int node = chosen.node; node >= 0; node = trace.nodes[static_cast<std::size_t>(node)].parent)
    mark(node, "chosen");
  return outcome;
}

}  // namespace pith
