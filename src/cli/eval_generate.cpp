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
#include "cli/reasoning.h"
#include "cli/terminal.h"
#include "text/model_text.h"
#include "text/regex.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct GenerateTask {
  EvaluationOptions evaluation;
  GenerationOptions generation;
  ReasonOptions reason;
  std::string file, match = "exact";
  bool raw = false;
};

constexpr std::pair<std::string_view, AnswerMatch> kMatches[] = {
    {"exact", AnswerMatch::Exact}, {"numeric", AnswerMatch::Numeric}, {"regex", AnswerMatch::Regex}};
AnswerMatch match_of(std::string_view word) {
  return std::ranges::find(kMatches, word, &std::pair<std::string_view, AnswerMatch>::first)->second;
}

// Before anything is generated.
void check_expressions(const std::vector<AnswerItem>& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const std::string& expression : items[i].answers) of_item(i, [&] { return Regex(expression); });
  }
}

// Answers the items that the log does not have; false where the user interrupted.
class Answering {
 public:
  Answering(const std::vector<AnswerItem>& items, Scheduler& scheduler, const Reasoner& reasoner,
            Request request, AnswerMatch match, ItemLog& log)
      : items_(items),
        generator_(scheduler),
        reasoner_(reasoner),
        request_(std::move(request)),
        match_(match),
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
          Request request = request_;
          request.sampling.seed = derive_seed(request.sampling.seed, i);
          outcomes_[i] = reasoner_.answer(generator_, {{"user", items_[i].prompt}}, std::move(request));
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
  const Reasoner& reasoner_;
  const Request request_;
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
  figures.write(o.evaluation.model.json, {{"strategy", o.reason.strategy}, {"match", o.match}});
}

Json header_of(const GenerateTask& o, const Request& request) {
  const SamplingOptions& s = request.sampling;
  return {{"match", o.match},
          {"raw", o.raw},
          {"reasoning", reason_settings(o.reason)},
          {"max_tokens", request.max_tokens},
          {"stop", request.stop},
          {"ignore_eos", request.ignore_eos},
          {"seed", s.seed},
          {"logit_bias", s.logit_bias},
          {"sampling",
           {s.temperature, s.top_k, s.top_p, s.min_p, s.typical, s.repetition_penalty, s.frequency_penalty,
            s.presence_penalty, s.penalty_window}}};
}

int run(const GenerateTask& o) {
  check_evaluation_options(o.evaluation);
  const std::string text = read_file(o.file);
  std::vector<AnswerItem> items = read_answer_items(text, printable(o.file, 400));
  keep_first(items, o.evaluation.limit);
  if (match_of(o.match) == AnswerMatch::Regex) check_expressions(items);
  const Request request = make_request(o.generation);
  const LoadedModel loaded = load_with_tokenizer(o.evaluation.model.model);
  const ModelFile& file = loaded.model->file;
  request.sampling.check(loaded.model->spec.vocab);
  const Reasoner reasoner =
      make_reasoner(o.reason, o.evaluation.model, request.sampling,
                    make_prompts(o.reason, loaded.tokenizer, o.raw ? "" : find_chat_template(file), file.path,
                                 Json::object()));
  Evaluation evaluation(loaded, o.evaluation, 0);
  ItemLog log(o.evaluation.log, result_header("generate", evaluation.engine(), text, header_of(o, request)),
              o.evaluation.resume);
  Answering answering(items, evaluation.scheduler(), reasoner, request, match_of(o.match), log);
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
  o->reason.strategy = "direct";
  options.required("TASK.jsonl", o->file,
                   "a line an item: {\"prompt\", \"answer\": text, number or several}");
  options.choice(
      "--match", o->match, {"exact", "numeric", "regex"},
      "when an answer is right: the same text but for case, blanks and how numbers are written; the "
      "same number; the task's answer is an expression that matches it (exact)");
  options.flag("--raw", o->raw, "no chat template");
  declare_evaluation_options(options, o->evaluation);
  declare_generation_options(options, o->generation,
                             "each item's own seed derives from this and its place (0)");
  declare_reason_options(options, o->reason);
  options.note(
      "Unless asked otherwise, answers are direct ones of at most 256 tokens, the most probable ones, with "
      "seed 0. The chat template is used where the model has one.");
  options.example("pith eval generate -m model.gguf gsm8k.jsonl --match numeric --reason cot");
  return [o] {
    if (o->reason.answer.empty()) o->reason.answer = o->match == "numeric" ? "number" : "text";
    return run(*o);
  };
}

}  // namespace pith::cli
