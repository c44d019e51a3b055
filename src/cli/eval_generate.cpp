// pith eval generate: questions that the model answers in its own words, by any strategy.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "analyse/answers.h"
#include "analyse/tasks.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/evaluation.h"
#include "cli/generation.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "reason/strategy.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct GenerateTask {
  EvaluationOptions evaluation;
  GenerationOptions generation;
  std::string file, examples, match = "exact", answer, strategy = "direct", order = "first";
  int shots = 4;
  bool raw = false;
};

constexpr std::pair<std::string_view, AnswerMatch> kMatches[] = {
    {"exact", AnswerMatch::Exact}, {"numeric", AnswerMatch::Numeric}, {"regex", AnswerMatch::Regex}};
constexpr std::pair<std::string_view, ExampleOrder> kOrders[] = {
    {"first", ExampleOrder::First}, {"random", ExampleOrder::Random}, {"nearest", ExampleOrder::Nearest}};

template <class T, std::size_t N>
T value_of(const std::pair<std::string_view, T> (&table)[N], std::string_view word) {
  return std::ranges::find(table, word, &std::pair<std::string_view, T>::first)->second;
}

ReasonSettings make_settings(const GenerateTask& o, const Request& request) {
  ReasonSettings s;
  s.sampling = request.sampling;
  s.max_tokens = request.max_tokens;
  s.stop = request.stop;
  s.answer = AnswerRule(!o.answer.empty() ? o.answer : o.match == "numeric" ? "number" : "text");
  if (!o.examples.empty()) {
    s.examples = read_examples(o.examples);
    s.shots = static_cast<std::size_t>(o.shots);
    s.order = value_of(kOrders, o.order);
  }
  return s;
}

PromptMaker make_prompter(const GenerateTask& o, const LoadedModel& loaded) {
  const std::string source = o.raw ? "" : find_chat_template(loaded.model->file);
  std::optional<ChatPrompt> chat;
  if (!source.empty()) chat.emplace(loaded.tokenizer, source, loaded.model->file.path + ": chat template");
  return PromptMaker(loaded.tokenizer, std::move(chat), Json::object(), PromptWords{});
}

// Answers the items that the log does not have; false where the user interrupted.
class Answering {
 public:
  Answering(const GenerateTask& o, const std::vector<AnswerItem>& items, Evaluation& evaluation,
            const PromptMaker& prompter, const ReasonSettings& settings, ItemLog& log)
      : items_(items),
        generator_(evaluation.scheduler()),
        prompter_(prompter),
        settings_(settings),
        call_(o.strategy),
        match_(value_of(kMatches, o.match)),
        log_(log),
        outcomes_(items.size()) {}

  bool run(int parallel) {
    Progress progress("generate");
    std::size_t next = 0;
    for (bool stopped = false;;) {
      for (; !stopped && next < items_.size() && running_ < parallel; ++next) {
        if (!log_.has(static_cast<std::int64_t>(next))) start(next);
      }
      const bool moved = generator_.step();
      if (failure_) std::rethrow_exception(failure_);
      if (!moved && running_ == 0 && (stopped || next == items_.size())) return !stopped;
      progress.update(static_cast<double>(log_.size()) / static_cast<double>(items_.size()));
      if (interrupted() && !std::exchange(stopped, true)) generator_.cancel_all();
    }
  }

 private:
  void start(std::size_t i) {
    ++running_;
    generator_.start(
        [this, i] {
          outcomes_[i] = call_.run(generator_, prompter_, settings_, {{"user", items_[i].prompt}},
                                   derive_seed(settings_.sampling.seed, i));
        },
        [this, i](std::exception_ptr problem) { finish(i, std::move(problem)); });
  }

  void finish(std::size_t i, std::exception_ptr problem) {
    --running_;
    try {
      if (problem) std::rethrow_exception(problem);
    } catch (const Interrupted&) {
      return;
    } catch (const Error& e) {
      failure_ = std::make_exception_ptr(Error(fmt::format("item {}: {}", i + 1, e.what())));
      return;
    }
    Outcome& outcome = outcomes_[i];
    log_.add(static_cast<std::int64_t>(i),
             {{"text", outcome.text},
              {"answer", outcome.answer ? Json(*outcome.answer) : Json(nullptr)},
              {"right", is_right(match_, outcome.answer, items_[i].answers)},
              {"tokens", outcome.cost.generated_tokens}});
    outcome = {};
  }

  const std::vector<AnswerItem>& items_;
  Generator generator_;
  const PromptMaker& prompter_;
  const ReasonSettings& settings_;
  const StrategyCall call_;
  const AnswerMatch match_;
  ItemLog& log_;
  std::vector<Outcome> outcomes_;
  int running_ = 0;
  std::exception_ptr failure_;
};

void report(const GenerateTask& o, const ItemLog& log, std::int64_t items) {
  std::int64_t right = 0, answered = 0;
  std::vector<double> tokens;
  log.for_each(items, [&](std::int64_t, const Json& r) {
    right += r.value("right", false);
    answered += r.contains("answer") && !r["answer"].is_null();
    tokens.push_back(r.value("tokens", 0.0));
  });
  Figures figures;
  figures.add("accuracy",
              o.match == "exact"     ? "exact match"
              : o.match == "numeric" ? "same number"
                                     : "matches",
              estimate_share(right, items), 4);
  figures.add("answered", "answers found", estimate_share(answered, items), 4);
  figures.add("tokens", "tokens generated", estimate_mean(tokens), 1);
  figures.write(o.evaluation.model.json, {{"strategy", o.strategy}, {"match", o.match}});
}

int run(const GenerateTask& o) {
  check_evaluation_options(o.evaluation);
  if (o.shots < 1) fail_usage("--shots: expected at least 1, found {}", o.shots);
  const std::string text = read_file(o.file);
  std::vector<AnswerItem> items = read_answer_items(text, printable(o.file, 400));
  keep_first(items, o.evaluation.limit);
  Request request = make_request(o.generation);
  const ReasonSettings settings = make_settings(o, request);
  StrategyCall(o.strategy).check(settings);
  const LoadedModel loaded = load_with_tokenizer(o.evaluation.model.model);
  settings.sampling.check(loaded.model->spec.vocab);
  const PromptMaker prompter = make_prompter(o, loaded);
  Evaluation evaluation(loaded, o.evaluation, 0);
  const SamplingOptions& s = settings.sampling;
  ItemLog log(o.evaluation.log,
              result_header("generate", evaluation.engine(), text,
                            {{"strategy", o.strategy},
                             {"match", o.match},
                             {"answer", settings.answer.rule()},
                             {"examples", o.examples},
                             {"shots", settings.shots},
                             {"order", o.order},
                             {"raw", o.raw},
                             {"max_tokens", settings.max_tokens},
                             {"stop", settings.stop},
                             {"seed", s.seed},
                             {"sampling",
                              {s.temperature, s.top_k, s.top_p, s.min_p, s.typical, s.repetition_penalty,
                               s.frequency_penalty, s.presence_penalty}}}),
              o.evaluation.resume);
  Answering answering(o, items, evaluation, prompter, settings, log);
  if (!answering.run(evaluation.parallel())) return tell_interrupted(log, std::ssize(items));
  report(o, log, std::ssize(items));
  return 0;
}

}  // namespace

Action declare_eval_generate(Options& options) {
  auto o = std::make_shared<GenerateTask>();
  o->generation.sampling.temperature = 0;
  o->generation.max_tokens = 256;
  o->generation.seed = 0;
  options.required("TASK.jsonl", o->file,
                   "a line an item: {\"prompt\", \"answer\": text, number or several}");
  options.choice(
      "--match", o->match, {"exact", "numeric", "regex"},
      "when an answer is right: the same text but for case, blanks and how numbers are written; the "
      "same number; the task's answer is an expression that matches it (exact)");
  options.option(
      "--answer", o->answer, "RULE",
      "how the answer is found: number, boxed, after:PHRASE, regex:EXPR, json:/POINTER, choice:A|B, "
      "text; default: text, with --match numeric: number");
  options.option("--reason", o->strategy, "STRATEGY", "direct (the default), cot, self-consistency:N, ...");
  options.option("--examples", o->examples, "FILE.jsonl",
                 "in-context examples: {\"prompt\", \"answer\", \"worked\"}");
  options.option("-k,--shots", o->shots, "K", "how many of them (4)");
  options.choice("--examples-order", o->order, {"first", "random", "nearest"}, "which of them (first)");
  options.flag("--raw", o->raw, "no chat template");
  declare_evaluation_options(options, o->evaluation);
  declare_generation_options(options, o->generation);
  options.note(
      "Unless asked otherwise, answers have at most 256 tokens, the most probable ones, with seed 0. The "
      "chat template is "
      "used where the model has one.");
  options.example("pith eval generate -m model.gguf gsm8k.jsonl --match numeric --reason cot");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
