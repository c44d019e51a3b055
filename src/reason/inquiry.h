// The answer to one question on its way: what a strategy works with. An Inquiry asks the model for text,
// counts what it costs, has candidates judged and keeps the trace.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reason/answer.h"
#include "reason/generator.h"
#include "reason/prompt.h"
#include "reason/trace.h"
#include "reason/verifier.h"

namespace pith {

/// A reward model: how good a (partial) answer to the question is; higher is better. Called from several
/// threads, one at a time.
using RewardFunction = std::function<double(const Question& question, std::string_view answer, bool final)>;

/// By what candidates are compared.
enum class JudgeKind {
  Logprob,  ///< mean log-probability of their tokens
  Reward,   ///< ReasonSettings::reward
  Program,  ///< ReasonSettings::verifier: 1 where it passes, else 0
  Value,    ///< the model itself, asked for a mark from 0 to 10
  Votes,    ///< the model itself, asked several times which is the best
};

enum class VoteWeight { Equal, Probability, Reward };
/// When self-consistency stops before its last chain, beyond where the vote can no longer turn.
enum class StoppingRule { None, Beta, Dirichlet };
enum class Thoughts { Line, Sentence, Delimiter };

struct ReasonSettings {
  std::optional<std::int64_t> budget;  ///< tokens generated for one question, all in all

  AnswerRule answer{"text"};
  std::vector<Example> examples;
  std::size_t shots = 0;  ///< how many of them
  ExampleOrder order = ExampleOrder::First;

  VoteWeight weight = VoteWeight::Equal;
  StoppingRule rule = StoppingRule::None;
  double confidence = 0.95;  ///< of the stopping rule, and with which `auto` is content
  int wave = 4;              ///< texts begun together where a rule, a budget or a program may stop them

  JudgeKind judge = JudgeKind::Logprob;
  RewardFunction reward;
  std::optional<Verifier> verifier;
  int votes = 3;  ///< questions asked by Votes

  Thoughts thoughts = Thoughts::Line;
  std::string delimiter;     ///< with Thoughts::Delimiter
  int branch = 0;            ///< thoughts tried at each state of a tree; 0: its beam
  bool depth_first = false;  ///< instead of breadth-first
  double bound = 0;          ///< depth-first search goes no further where the judge gives less
};

struct ReasonCost {
  std::int64_t chains = 0;            ///< texts asked of the model
  std::int64_t prompt_tokens = 0;     ///< of their prompts
  std::int64_t generated_tokens = 0;  ///< cancelled ones included
  std::int64_t cancelled_tokens = 0;  ///< generated for nothing, since the answer was clear before
  std::int64_t prefilled_tokens = 0;  ///< of prompts, read
  std::int64_t saved_tokens = 0;      ///< of prompts, not read again: found in the shared cache
  std::int64_t total_ns = 0;          ///< of it all
  std::int64_t chain_ns = 0;          ///< of the longest chain in it, in the company of the others
};

struct Outcome {
  std::string text;                   ///< the chosen chain
  std::size_t steps = 0;              ///< so much of the text led to the final answer, which is the rest
  std::optional<std::string> answer;  ///< found in it by the rule
  double agreement = 1;               ///< share of the chains that came to this answer
  std::optional<double> score;        ///< the judge's of this text; of a checking program 0: none passed
  FinishReason finish = FinishReason::Stop;
  ReasonCost cost;
  Trace trace;

  /// What the steps led to, without the ends of lines behind it.
  std::string_view final_answer() const;
};

/// A text of the model, from the end of the prompt on.
struct Candidate {
  std::string text;
  std::vector<TokenId> ids;
  std::vector<Logprobs> logprobs;  ///< of the ids, where asked for
  FinishReason finish = FinishReason::Length;
  bool final = false;           ///< the model ended it
  int node = -1;                ///< in the trace
  std::optional<double> score;  ///< by a judge
};

/// 0 where no log-probabilities were asked for.
double mean_logprob(const Candidate& candidate);
/// Adds what came behind it.
void append(Candidate& candidate, Candidate next);

class Inquiry {
 public:
  /// `request`: how every text is asked for unless a strategy has its own way; it has no prompt yet.
  Inquiry(Generator& generator, const PromptMaker& prompter, const ReasonSettings& settings,
          Question question, Request request);

  const ReasonSettings& settings;
  const PromptMaker& prompter;
  const Question question;
  const Request request;
  const std::uint64_t seed;  ///< the request's
  Trace trace;
  ReasonCost cost;

  std::string_view question_text() const { return question.back().content; }
  /// With the settings' examples.
  Prompt prompt(Style style) const;

  /// Asks for one text behind `ids`; `ways` is what differs from the request.
  struct Ways {
    std::uint64_t seed = 0;
    std::optional<float> temperature;
    std::vector<std::string> stop;  ///< beside the request's
    std::int64_t max_tokens = -1;   ///< -1: the request's
    bool ignore_eos = false;        ///< an end-of-generation token is a token like others
    int logprobs = -1;              ///< with this many alternatives; 0: of the tokens alone; -1: none
  };
  struct Ask {
    std::vector<TokenId> ids;
    Ways ways;
  };
  std::vector<Generator::Ticket> begin(std::vector<Ask> asks);
  /// Waits for it and counts what it cost.
  Candidate take(const Generator::Ticket& ticket);
  /// Ends them, counts what they have by now and notes it.
  void cancel(std::span<const Generator::Ticket> tickets);

  /// Tokens of prompt and answer together, at most.
  std::int64_t context() const { return generator_.scheduler().context(); }
  /// The candidate's text from its ids.
  void set_text(Candidate& candidate) const;
  /// Tokens that may still be generated.
  std::int64_t budget_left() const;

  /// Scores all candidates by the settings' judge; higher is better.
  void judge(std::span<Candidate> candidates);

  /// Adds a node with this text, which is the candidate's or its last part, and the answer in all of it.
  int note(std::string kind, const Candidate& candidate, int parent, std::string_view text);
  void mark(int node, std::string state);
  /// The answer in its normalised form; empty where there is none.
  std::string ballot_of(const Candidate& candidate) const;

  /// The outcome with this text, its answer found, its path in the trace marked. The final answer is a worked
  /// text's last line, and all of a direct one.
  Outcome conclude(const Candidate& chosen, double agreement = 1, Style style = Style::Worked);

 private:
  const Result& settle(const Generator::Ticket& ticket);

  Generator& generator_;
  std::int64_t spent_ = 0;  // of the budget
  std::int64_t limit_ = 0;  // of a text begun last, where there is a budget
};

/// The seed of a part of the work, from the whole's: chain 0 has the seed itself, so that one chain is what
/// pith run gives.
std::uint64_t derive_seed(std::uint64_t seed, std::uint64_t chain, std::uint64_t step = 0);

}  // namespace pith
