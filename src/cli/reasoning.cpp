#include "cli/reasoning.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "cli/generation.h"
#include "cli/terminal.h"
#include "generate/kv_file.h"
#include "generate/reward.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
struct Word {
  std::string_view word;
  T value;
};

// The options' words and what they stand for; declare_reason_options() lists them.
constexpr std::array kOrders{Word<ExampleOrder>{"first", ExampleOrder::First},
                             Word<ExampleOrder>{"random", ExampleOrder::Random},
                             Word<ExampleOrder>{"nearest", ExampleOrder::Nearest}};
constexpr std::array kWeights{Word<VoteWeight>{"equal", VoteWeight::Equal},
                              Word<VoteWeight>{"probability", VoteWeight::Probability},
                              Word<VoteWeight>{"reward", VoteWeight::Reward}};
constexpr std::array kRules{Word<StoppingRule>{"none", StoppingRule::None},
                            Word<StoppingRule>{"beta", StoppingRule::Beta},
                            Word<StoppingRule>{"dirichlet", StoppingRule::Dirichlet}};
constexpr std::array kJudges{
    Word<JudgeKind>{"logprob", JudgeKind::Logprob}, Word<JudgeKind>{"reward", JudgeKind::Reward},
    Word<JudgeKind>{"program", JudgeKind::Program}, Word<JudgeKind>{"value", JudgeKind::Value},
    Word<JudgeKind>{"votes", JudgeKind::Votes}};

template <class Words>
std::vector<std::string> words_of(const Words& words) {
  std::vector<std::string> list;
  for (const auto& w : words) list.emplace_back(w.word);
  return list;
}

template <class T, std::size_t N>
T value_of(const std::array<Word<T>, N>& words, std::string_view word) {
  return std::ranges::find(words, word, &Word<T>::word)->value;
}

// A reward model reads what it was trained on: its template's prompt and what there is of the answer, or the
// whole conversation as the template closes it.
RewardFunction open_reward_model(const std::string& name, const ModelOptions& engine) {
  struct Opened {
    std::shared_ptr<const Model> model;
    Tokenizer tokenizer;
    PromptMaker prompts;
    RewardScorer reward;
    std::mutex mutex;

    Opened(std::shared_ptr<const Model> m, const EngineOptions& options)
        : model(std::move(m)),
          tokenizer(need_tokenizer(model->file)),
          prompts(
              make_prompts({}, tokenizer, find_chat_template(model->file), model->file.path, Json::object())),
          reward(model, options) {}
  };
  EngineOptions options = engine_options(engine);
  options.context = 0;
  const auto opened = std::make_shared<Opened>(open_model(find_model(name)), options);
  return [opened](const Question& question, std::string_view answer, bool final) {
    std::vector<TokenId> ids;
    if (final) {
      ids = opened->prompts.answered(question, answer);
    } else {
      ids = opened->prompts.make(question, Style::Direct, {}).ids;
      const std::vector<TokenId> rest = opened->tokenizer.encode(answer);
      ids.insert(ids.end(), rest.begin(), rest.end());
    }
    const std::scoped_lock lock(opened->mutex);
    return static_cast<double>(opened->reward.score({{ids}})[0]);
  };
}

// Votes compare answers, so they need to be short; other strategies take the text as it is.
std::string default_rule(const Strategy& strategy) {
  return strategy.name == "self-consistency" || strategy.name == "auto" ? "number" : "text";
}

JudgeKind judge_of(const ReasonOptions& o) {
  if (!o.judge.empty()) return value_of(kJudges, o.judge);
  if (!o.verify.empty()) return JudgeKind::Program;
  return o.reward_model.empty() ? JudgeKind::Logprob : JudgeKind::Reward;
}

// Examples are there to be shown.
constexpr std::size_t kShots = 4;
std::size_t shots_of(const ReasonOptions& o) { return o.shots.value_or(o.examples.empty() ? 0 : kShots); }

// Options that only some strategies read. Words (--trigger, --direct) go with any: scripts give all the same.
struct ReadBy {
  const char* option;
  bool (*given)(const ReasonOptions&);
  std::vector<std::string_view> strategies;
};

void check_read(const ReasonOptions& o, const Strategy& strategy) {
  using Given = const ReasonOptions&;
  static const ReasonOptions usual;
  static const ReadBy kReadBy[] = {
      {"--weight", [](Given v) { return v.weight != usual.weight; }, {"self-consistency", "auto"}},
      {"--stopping", [](Given v) { return v.stopping != usual.stopping; }, {"self-consistency"}},
      {"--confidence",
       [](Given v) { return v.confidence != usual.confidence; },
       {"self-consistency", "auto"}},
      {"--wave",
       [](Given v) { return v.wave != usual.wave; },
       {"self-consistency", "best-of", "tree", "auto"}},
      {"--judge", [](Given v) { return !v.judge.empty(); }, {"best-of", "tree", "auto"}},
      {"--verify", [](Given v) { return !v.verify.empty(); }, {"best-of", "tree", "auto"}},
      {"--reward-model",
       [](Given v) { return !v.reward_model.empty(); },
       {"self-consistency", "best-of", "tree", "auto"}},
      {"--thoughts", [](Given v) { return v.thoughts != usual.thoughts; }, {"tree", "auto"}},
      {"--branch", [](Given v) { return v.branch != usual.branch; }, {"tree", "auto"}},
      {"--search", [](Given v) { return v.search != usual.search; }, {"tree", "auto"}},
      {"--bound", [](Given v) { return v.bound != usual.bound; }, {"tree", "auto"}},
  };
  for (const ReadBy& r : kReadBy) {
    if (r.given(o) && std::ranges::find(r.strategies, strategy.name) == r.strategies.end())
      fail_usage("{} is read by --reason {}, not by {}", r.option, fmt::join(r.strategies, ", "),
                 strategy.name);
  }
  const JudgeKind judge = judge_of(o);
  const bool votes = strategy.name == "self-consistency" || strategy.name == "auto";
  const bool judges = strategy.name != "self-consistency";
  const bool asks_reward = (votes && o.weight == "reward") || (judges && judge == JudgeKind::Reward);
  if (!o.reward_model.empty() && !asks_reward)
    fail_usage("--reward-model needs {}", judges ? "--judge reward" : "--weight reward");
  if (!o.verify.empty() && judge != JudgeKind::Program) fail_usage("--verify needs --judge program");
  if (strategy.name == "self-consistency" && o.confidence != usual.confidence && o.stopping == "none")
    fail_usage("--confidence needs --stopping");
  if (o.votes != usual.votes && o.judge != "votes") fail_usage("--votes needs --judge votes");
  if (o.verify_seconds != usual.verify_seconds && o.verify.empty())
    fail_usage("--verify-timeout needs --verify");
  if (o.order != usual.order && o.examples.empty()) fail_usage("--example-order needs --examples");
  if (o.bound != usual.bound && o.search != "depth") fail_usage("--bound needs --search depth");
}

ReasonSettings make_settings(const ReasonOptions& o, const Strategy& strategy, const ModelOptions& model) {
  ReasonSettings s;
  s.budget = o.budget;
  s.answer = AnswerRule(o.answer.empty() ? default_rule(strategy) : o.answer);
  if (!o.examples.empty()) s.examples = read_examples(o.examples);
  s.shots = shots_of(o);
  s.order = value_of(kOrders, o.order);
  s.weight = value_of(kWeights, o.weight);
  s.rule = value_of(kRules, o.stopping);
  s.confidence = o.confidence;
  s.wave = o.wave;
  s.judge = judge_of(o);
  s.votes = o.votes;
  if (o.thoughts == "line" || o.thoughts == "sentence") {
    s.thoughts = o.thoughts == "line" ? Thoughts::Line : Thoughts::Sentence;
  } else {
    s.thoughts = Thoughts::Delimiter;
    s.delimiter = o.thoughts;
  }
  s.branch = o.branch;
  s.depth_first = o.search == "depth";
  s.bound = o.bound;
  if (!o.verify.empty()) {
    if (!(o.verify_seconds > 0)) fail_usage("--verify-timeout: expected seconds, found {}", o.verify_seconds);
    s.verifier.emplace(o.verify, VerifierLimits{.seconds = o.verify_seconds});
  }
  if (!o.reward_model.empty()) s.reward = open_reward_model(o.reward_model, model);
  return s;
}

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

std::string file_hash(const std::string& path) {
  if (path.empty()) return "none";
  Hash hash;
  hash.add(read_file(path));
  return hex(hash.value());
}

}  // namespace

PromptMaker make_prompts(const ReasonOptions& o, const Tokenizer& tokenizer, const std::string& chat_template,
                         const std::string& name, const Json& variables) {
  std::optional<ChatPrompt> chat;
  if (!chat_template.empty()) chat.emplace(tokenizer, chat_template, name);
  PromptWords words;
  if (o.trigger) words.trigger = *o.trigger;
  words.direct = o.direct;
  return {tokenizer, std::move(chat), variables, std::move(words)};
}

void declare_reason_options(Options& options, ReasonOptions& v) {
  options.group("Reasoning", v.strategy.empty() ? "--reason" : "");
  std::string list;
  for (const Strategy& s : strategies())
    list += fmt::format("{}{}{}{}", list.empty() ? "" : ", ", s.name, s.arguments.empty() ? "" : ":",
                        s.arguments);
  options.option("--reason", v.strategy, "STRATEGY", list);
  options.option("--answer", v.answer, "RULE",
                 "what the answer is in a text: number, boxed, after:PHRASE, regex:EXPR, json:/POINTER, "
                 "choice:A|B, text (number for votes, else text)");
  options.option("--examples", v.examples, "FILE",
                 "worked examples, a JSON object a line: prompt, answer, and worked where it shows steps");
  options.option("-k,--shots", v.shots, "K", "how many of the examples stand before the question (4)");
  options.choice("--example-order", v.order, words_of(kOrders), "which of them (first)");
  options.option("--trigger", v.trigger, "TEXT",
                 "behind a question that asks for steps (Let's think step by step.)");
  options.option("--direct", v.direct, "TEXT", "behind a question that asks for the answer alone (nothing)");
  options.option("--budget", v.budget, "TOKENS", "generated for one question at most, all texts together");
  options.choice("--weight", v.weight, words_of(kWeights), "of a chain in a vote (equal)");
  options.choice("--stopping", v.stopping, words_of(kRules), "a vote ends when it is this sure (none)");
  options.option("--confidence", v.confidence, "P", "how sure, of --stopping and of auto (0.95)");
  options.option("--wave", v.wave, "N",
                 "texts begun together where a rule, a program or a budget may end it (4)");
  options.choice("--judge", v.judge, words_of(kJudges),
                 "of best-of and tree; default: the program, the reward model, else log-probability");
  options.option("--reward-model", v.reward_model, "MODEL", "a model with a reward head (cls.output)");
  options.option("--verify", v.verify, "'CMD ARG...'",
                 "a program, no shell: the text on its standard input, exit status 0 passes");
  options.option("--verify-timeout", v.verify_seconds, "SECONDS", "then it is killed and fails (10)");
  options.option("--votes", v.votes, "N", "asked of the model by --judge votes (3)");
  options.option("--thoughts", v.thoughts, "END", "of a tree: line, sentence, or a delimiter (line)");
  options.option("--branch", v.branch, "N", "thoughts tried at each state of a tree; default: its B");
  options.choice("--search", v.search, {"breadth", "depth"}, "through a tree (breadth)");
  options.option("--bound", v.bound, "X", "a search in depth leaves states that the judge gives less (0)");
}

Reasoner make_reasoner(const ReasonOptions& options, const ModelOptions& model,
                       const SamplingOptions& sampling, PromptMaker prompts) {
  StrategyCall call(options.strategy);
  call.check(sampling);
  check_read(options, call.strategy());
  ReasonSettings settings = make_settings(options, call.strategy(), model);
  call.check(settings);
  return {std::move(call), std::move(settings), std::move(prompts)};
}

std::vector<std::pair<std::string, std::string>> reason_settings(const ReasonOptions& o) {
  if (o.strategy.empty()) return {};
  const auto text = [](const auto& value) { return fmt::format("{}", value); };
  return {
      {"reasoning", o.strategy},
      {"answer rule", o.answer},
      {"examples", file_hash(o.examples)},
      {"shots", text(shots_of(o))},
      {"example order", o.order},
      {"trigger", o.trigger.value_or(PromptWords().trigger)},
      {"direct words", o.direct},
      {"budget", o.budget ? text(*o.budget) : "none"},
      {"weight", o.weight},
      {"stopping rule", o.stopping},
      {"confidence", text(o.confidence)},
      {"wave", text(o.wave)},
      {"judge", o.judge},
      {"reward model",
       o.reward_model.empty() ? "none" : hex(fingerprint(*open_model(find_model(o.reward_model))))},
      {"verifier", o.verify},
      {"verifier's time", text(o.verify_seconds)},
      {"votes", text(o.votes)},
      {"thoughts", o.thoughts},
      {"branch", text(o.branch)},
      {"search", o.search},
      {"bound", text(o.bound)},
  };
}

Json outcome_json(const Outcome& outcome) {
  const ReasonCost& c = outcome.cost;
  Json out{{"strategy", outcome.trace.strategy},
           {"answer", outcome.answer ? Json(*outcome.answer) : Json()},
           {"text", outcome.text},
           {"finish_reason", finish_reason_name(outcome.finish)},
           {"agreement", outcome.agreement},
           {"score", outcome.score ? Json(*outcome.score) : Json()},
           {"usage",
            {{"chains", c.chains},
             {"prompt_tokens", c.prompt_tokens},
             {"completion_tokens", c.generated_tokens},
             {"cancelled_tokens", c.cancelled_tokens},
             {"prefilled_tokens", c.prefilled_tokens},
             {"saved_tokens", c.saved_tokens}}},
           {"timings",
            {{"total_ms", static_cast<double>(c.total_ns) / 1e6},
             {"longest_chain_ms", static_cast<double>(c.chain_ns) / 1e6}}}};
  return out;
}

void report_cost(const Outcome& outcome) {
  const ReasonCost& c = outcome.cost;
  note("{} text{}, {} tokens generated ({} cancelled), {} prefilled, {} saved by sharing", c.chains,
       c.chains == 1 ? "" : "s", c.generated_tokens, c.cancelled_tokens, c.prefilled_tokens, c.saved_tokens);
  note("agreement {:.0f} %, {:.2f} s, {:.2f} times its longest text", 100 * outcome.agreement,
       static_cast<double>(c.total_ns) / 1e9,
       static_cast<double>(c.total_ns) / static_cast<double>(std::max<std::int64_t>(c.chain_ns, 1)));
}

void write_trace(const std::string& path, const Trace& trace) {
  const std::string text = trace_to_json(trace).dump(1) + "\n";
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace pith::cli
