#include "reason/judge.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace pith {
namespace {

// Marks and votes are a number among few words.
constexpr std::int64_t kJudgementTokens = 16;

const AnswerRule& number_rule() {
  static const AnswerRule rule("number");
  return rule;
}

std::optional<double> read_number(std::string_view text) {
  const std::optional<std::string> found = number_rule().find(text);
  if (!found) return std::nullopt;
  const std::string plain = normalise_answer(*found);
  double value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

// The model's own words on its work.
std::vector<std::string> consult(Inquiry& inquiry, const std::vector<std::string>& questions, bool sample) {
  std::vector<Inquiry::Ask> asks;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    Inquiry::Ask ask{inquiry.prompter.ask(questions[i]).ids, {}};
    ask.ways.seed = derive_seed(inquiry.seed, i, static_cast<std::uint64_t>(inquiry.cost.chains));
    if (!sample) ask.ways.temperature = 0.0f;
    ask.ways.max_tokens = kJudgementTokens;
    asks.push_back(std::move(ask));
  }
  std::vector<std::string> answers;
  for (const Generator::Ticket& ticket : inquiry.begin(std::move(asks)))
    answers.push_back(inquiry.take(ticket).text);
  return answers;
}

std::vector<double> by_logprob(std::span<const Candidate> candidates) {
  std::vector<double> scores;
  for (const Candidate& c : candidates) scores.push_back(mean_logprob(c));
  return scores;
}

std::vector<double> by_reward(Inquiry& inquiry, std::span<const Candidate> candidates) {
  std::vector<double> scores;
  for (const Candidate& c : candidates)
    scores.push_back(inquiry.settings.reward(inquiry.question, c.text, c.final));
  return scores;
}

std::vector<double> by_program(Inquiry& inquiry, std::span<const Candidate> candidates) {
  std::vector<double> scores;
  for (const Candidate& c : candidates) {
    const Verifier::Verdict verdict =
        inquiry.settings.verifier->check(inquiry.question_text(), c.text, c.final);
    scores.push_back(verdict == Verifier::Verdict::Passed ? 1 : 0);
    if (verdict == Verifier::Verdict::TimedOut) inquiry.mark(c.node, "check timed out");
    if (verdict == Verifier::Verdict::WroteTooMuch) inquiry.mark(c.node, "check wrote too much");
  }
  return scores;
}

// Yao et al. 2023, "Tree of Thoughts", arXiv:2305.10601, section 3: value each state independently.
std::vector<double> by_value(Inquiry& inquiry, std::span<const Candidate> candidates) {
  std::vector<std::string> questions;
  for (const Candidate& c : candidates) {
    questions.push_back(fmt::format(
        "Question:\n{}\n\nWork so far:\n{}\n\nHow likely does this work lead to the right answer? "
        "Give one mark from 0 to 10.",
        inquiry.question_text(), c.text));
  }
  std::vector<double> scores;
  for (const std::string& answer : consult(inquiry, questions, false))
    scores.push_back(std::clamp(read_number(answer).value_or(0), 0.0, 10.0) / 10);
  return scores;
}

// The same section: vote across states.
std::vector<double> by_votes(Inquiry& inquiry, std::span<const Candidate> candidates) {
  std::string ballot = fmt::format("Question:\n{}\n", inquiry.question_text());
  for (std::size_t i = 0; i < candidates.size(); ++i)
    ballot += fmt::format("\nAttempt {}:\n{}\n", i + 1, candidates[i].text);
  ballot += "\nWhich attempt is the best? Give its number.";
  std::vector<double> scores(candidates.size());
  const std::vector<std::string> ballots(static_cast<std::size_t>(inquiry.settings.votes), ballot);
  for (const std::string& answer : consult(inquiry, ballots, true)) {
    const double number = read_number(answer).value_or(0);
    if (number >= 1 && number < static_cast<double>(candidates.size()) + 1)
      scores[static_cast<std::size_t>(number) - 1] += 1.0 / inquiry.settings.votes;
  }
  return scores;
}

}  // namespace

std::vector<double> judge_candidates(Inquiry& inquiry, std::span<const Candidate> candidates) {
  switch (inquiry.settings.judge) {
    case JudgeKind::Logprob: return by_logprob(candidates);
    case JudgeKind::Reward: return by_reward(inquiry, candidates);
    case JudgeKind::Program: return by_program(inquiry, candidates);
    case JudgeKind::Value: return by_value(inquiry, candidates);
    case JudgeKind::Votes: break;
  }
  return by_votes(inquiry, candidates);
}

}  // namespace pith
