// pith eval kl: what a quantisation, or any other change, costs.
#include <nlohmann/json.hpp>

#include "analyse/continuation.h"
#include "analyse/divergence.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/evaluation.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Divergence {
  EvaluationOptions evaluation;
  std::string a, b, file;
  std::int64_t window = 0;
};

constexpr int kWindow = 512;

EngineOptions engine_for(const Divergence& o, std::int64_t window) {
  EngineOptions e = engine_options(o.evaluation.model);
  e.context = window;
  e.step_tokens = e.logit_rows = std::min<std::int64_t>(64, window);
  return e;
}

void check_vocabularies(const LoadedModel& a, const LoadedModel& b) {
  const int of_a = a.model->spec.vocab, of_b = b.model->spec.vocab;
  if (of_a != of_b) fail("the models' vocabularies have {} and {} tokens; expected the same", of_a, of_b);
  for (TokenId id = 0; id < std::min(a.tokenizer.size(), b.tokenizer.size()); ++id) {
    if (a.tokenizer.spelling(id) != b.tokenizer.spelling(id)) {
      fail("the models' vocabularies differ: token {} is '{}' and '{}'", id,
           printable(a.tokenizer.spelling(id), 40), printable(b.tokenizer.spelling(id), 40));
    }
  }
}

void report(const Divergence& o, const DivergenceSums& sums, std::int64_t window) {
  Figures figures;
  figures.add("kl", "KL divergence", sums.kl.estimate(), 6);
  figures.add_number("kl_most", "  the largest", sums.most, fmt::format("{:.6f}", sums.most));
  figures.add("same_top", "same most probable", estimate_share(sums.same_top, sums.kl.tokens), 4);
  figures.add("perplexity_ratio", "perplexity ratio b / a", exponential(sums.difference.estimate()), 6);
  figures.add("perplexity_a", "perplexity of a", exponential(sums.a.estimate()), 4);
  figures.add("perplexity_b", "perplexity of b", exponential(sums.b.estimate()), 4);
  figures.write(o.evaluation.model.json, {{"window", window}});
}

int run(const Divergence& o) {
  check_evaluation_options(o.evaluation);
  if (o.window < 0 || o.window == 1) fail_usage("--window: expected at least 2, found {}", o.window);
  const std::string text = valid_text(read_file(o.file), printable(o.file, 400));
  const LoadedModel a = load_with_tokenizer(o.a), b = load_with_tokenizer(o.b);
  check_vocabularies(a, b);
  const int trained = a.model->spec.trained_context;
  const std::int64_t window = o.window > 0 ? o.window : trained > 0 ? std::min(kWindow, trained) : kWindow;
  std::vector<TextWindow> windows =
      sliding_windows(a.tokenizer.encode(text), window, window - 1, first_token(a.tokenizer));
  if (windows.empty()) fail("{}: no tokens to score", printable(o.file, 400));
  keep_first(windows, o.evaluation.limit);
  Engine engine_a(a.model, engine_for(o, window)), engine_b(b.model, engine_for(o, window));
  report_engine(o.evaluation.model, engine_a);

  Json header = result_header("kl", engine_a, text, {{"window", window}});
  header["model_b"] = result_header("kl", engine_b, text, {})["model"];
  ItemLog log(o.evaluation.log, header, o.evaluation.resume);
  {
    Progress progress("kl");
    for (std::int64_t i = 0; i < std::ssize(windows); ++i) {
      if (interrupted()) return tell_interrupted(log, std::ssize(windows));
      if (!log.has(i))
        log.add(i, compare_window(engine_a, engine_b, windows[static_cast<std::size_t>(i)]).json());
      progress.update(static_cast<double>(i + 1) / static_cast<double>(windows.size()));
    }
  }
  DivergenceSums all;
  log.for_each(std::ssize(windows),
               [&](std::int64_t, const Json& j) { all += DivergenceSums::from_json(j); });
  report(o, all, window);
  return 0;
}

}  // namespace

Action declare_eval_kl(Options& options) {
  auto o = std::make_shared<Divergence>();
  options.required("MODEL_A", o->a,
                   "the reference: a .gguf file, a Hugging Face directory or a bundled model");
  options.required("MODEL_B", o->b, "what is held against it, with the same vocabulary");
  options.required("FILE", o->file, "the text");
  options.option("--window", o->window, "N", "tokens read at once; default: 512, or the trained context");
  options.flag("--json", o->evaluation.model.json, "one JSON object");
  options.flag("--verbose", o->evaluation.model.verbose, "say on stderr what is done and why");
  declare_log_options(options, o->evaluation);
  declare_thread_and_cache_options(options, o->evaluation.model);
  options.note(
      "KL(a || b) is the mean over tokens of the sum over the vocabulary of p_a (log p_a - log p_b), in "
      "nats. The perplexity ratio's interval is of the paired difference.");
  options.example("pith eval kl model-f16.gguf model-q4_0.gguf book.txt");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
