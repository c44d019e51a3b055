// pith eval choice: questions with answers to choose from.
#include <nlohmann/json.hpp>

#include "analyse/choice.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/evaluation.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ChoiceTask {
  EvaluationOptions evaluation;
  std::string file;
};

std::vector<TokenizedPair> tokenize(const Tokenizer& tokenizer, const ChoiceItem& item) {
  std::vector<TokenizedPair> pairs;
  for (const std::string& choice : item.choices)
    pairs.push_back(tokenize_pair(tokenizer, item.prompt, item.delimiter + choice));
  return pairs;
}

int run(const ChoiceTask& o) {
  check_evaluation_options(o.evaluation);
  const std::string text = read_file(o.file);
  std::vector<ChoiceItem> items = read_choice_items(text, printable(o.file, 400));
  keep_first(items, o.evaluation.limit);
  const LoadedModel loaded = load_with_tokenizer(o.evaluation.model.model);
  const ScoredItems scored(items, [&](const ChoiceItem& i) { return tokenize(loaded.tokenizer, i); });
  Evaluation evaluation(loaded, o.evaluation, static_cast<std::int64_t>(scored.longest));
  ItemLog log(o.evaluation.log, result_header("choice", evaluation.engine(), text, Json::object()),
              o.evaluation.resume);
  const bool done = evaluation.run(
      "choice", std::ssize(items), log,
      [&](std::int64_t i) { return score_requests(scored.pairs[static_cast<std::size_t>(i)]); },
      [&](std::int64_t i, std::vector<Result> results) {
        const ChoiceItem& item = items[static_cast<std::size_t>(i)];
        ChoiceResult r{item.answer, {}, {}};
        for (std::size_t c = 0; c < results.size(); ++c) {
          r.log_likelihood.push_back(log_likelihood(results[c]));
          r.characters.push_back(count_characters(item.choices[c]));
        }
        return r.json();
      });
  if (!done) return kInterrupted;

  std::vector<ChoiceResult> results;
  log.for_each(std::ssize(items),
               [&](std::int64_t, const Json& json) { results.push_back(ChoiceResult::from_json(json)); });
  const ChoiceReport report = report_choices(results);
  Figures figures;
  figures.add("acc", "acc", report.accuracy, 4);
  figures.add("acc_norm", "acc_norm", report.accuracy_norm, 4);
  figures.add("calibration_error", "calibration error", report.calibration_error, 4);
  figures.add("brier", "Brier score", report.brier, 4);
  figures.add("log_probability", "log probability", report.log_probability, 4);
  figures.write(o.evaluation.model.json, Json::object());
  return 0;
}

}  // namespace

Action declare_eval_choice(Options& options) {
  auto o = std::make_shared<ChoiceTask>();
  options.required(
      "TASK.jsonl", o->file,
      "a line an item: {\"prompt\", \"choices\": [...], \"answer\": index or text, \"delimiter\": \" \"}");
  declare_evaluation_options(options, o->evaluation);
  options.note(
      "acc: the choice of highest log likelihood is the answer. acc_norm: of highest log likelihood a "
      "Unicode character of the choice, without its delimiter (as lm-evaluation-harness). Calibration error: "
      "ten bins of equal width. Brier score: squared errors of the softmax over log likelihoods, summed over "
      "choices. Log probability: of the answer, by that softmax.");
  options.example("pith eval choice -m model.gguf task.jsonl");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
