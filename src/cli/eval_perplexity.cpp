// pith eval perplexity: how surprised a model is by a text.
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "analyse/continuation.h"
#include "analyse/perplexity.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/evaluation.h"
#include "cli/input.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Perplexity {
  EvaluationOptions evaluation;
  std::string file;
  std::int64_t window = 0, stride = 0;
  bool compat = false;
};

constexpr std::int64_t kLongestWindow = 2048;

Json to_json(const SurpriseSums& s) { return {{"tokens", s.tokens}, {"sum", s.sum}, {"squares", s.squares}}; }

SurpriseSums sums_in(const ItemLog& log, std::int64_t windows) {
  SurpriseSums all;
  log.for_each(windows, [&](std::int64_t, const Json& r) {
    all += {r.value("tokens", std::int64_t{0}), r.value("sum", 0.0), r.value("squares", 0.0)};
  });
  return all;
}

std::string shown_name(const Perplexity& o) {
  return o.file == "-" ? "standard input" : printable(o.file, 400);
}

struct Plan {
  std::vector<TextWindow> windows;
  std::int64_t window, stride;
};

Plan plan_windows(const Perplexity& o, const LoadedModel& loaded, const std::string& text) {
  const Tokenizer& tokenizer = loaded.tokenizer;
  const int trained = loaded.model->spec.trained_context;
  Plan plan;
  plan.window = o.window > 0 ? o.window
                : o.evaluation.model.context > 0
                    ? o.evaluation.model.context
                    : std::min<std::int64_t>(trained > 0 ? trained : kLongestWindow, kLongestWindow);
  plan.stride = o.compat ? plan.window : o.stride > 0 ? o.stride : std::max<std::int64_t>(1, plan.window / 2);
  if (plan.window < (o.compat ? 4 : 2))
    fail_usage("--window: expected at least {}, found {}", o.compat ? 4 : 2, plan.window);
  if (!o.compat && plan.stride >= plan.window)
    fail_usage("--stride: expected less than the window of {}, found {}", plan.window, plan.stride);
  if (o.compat) {
    const std::vector<TokenId> ids = tokenizer.encode(text, {.add_special = true});
    plan.windows = disjoint_windows(ids, plan.window, tokenizer.adds_bos() ? tokenizer.bos() : std::nullopt);
    if (plan.windows.empty())
      fail("{}: {} tokens do not fill one window of {}", shown_name(o), ids.size(), plan.window);
  } else {
    const std::vector<TokenId> ids = tokenizer.encode(text);
    plan.windows = sliding_windows(ids, plan.window, plan.stride, first_token(tokenizer));
    if (plan.windows.empty()) fail("{}: no tokens to score", shown_name(o));
  }
  return plan;
}

// The text of all scored tokens.
std::string scored_text(const Tokenizer& tokenizer, const std::vector<TextWindow>& windows) {
  std::vector<TokenId> ids;
  for (const TextWindow& w : windows) ids.insert(ids.end(), w.tokens.begin() + w.from, w.tokens.end());
  return tokenizer.decode(ids);
}

void report(const Perplexity& o, const Plan& plan, const SurpriseSums& sums, const std::string& text) {
  const MeanEstimate mean = sums.estimate();
  Figures figures;
  figures.add("perplexity", "perplexity", exponential(mean), 4);
  if (!o.compat) {
    // The same sum over other units: the interval is the token's, scaled.
    const auto per = [&](double units) {
      const double scale = static_cast<double>(sums.tokens) / units;
      return MeanEstimate{mean.value * scale,
                          mean.error * scale,
                          {mean.interval.low * scale, mean.interval.high * scale},
                          mean.n};
    };
    const double words = static_cast<double>(std::max<std::int64_t>(1, count_words(text))),
                 bytes = static_cast<double>(std::max<std::size_t>(1, text.size()));
    figures.add("word_perplexity", "perplexity of words", exponential(per(words)), 4);
    figures.add("byte_perplexity", "perplexity of bytes", exponential(per(bytes)), 4);
    figures.add("bits_per_byte", "bits a byte", per(bytes * std::numbers::ln2), 4);
  }
  figures.add_number("windows", "windows", static_cast<double>(plan.windows.size()),
                     fmt::format("{} of {} tokens{}", plan.windows.size(), plan.window,
                                 o.compat ? ", the second half of each scored"
                                          : fmt::format(", each {} further", plan.stride)));
  figures.write(o.evaluation.model.json, {{"window", plan.window},
                                          {"stride", plan.stride},
                                          {"compat", o.compat},
                                          {"tokens", sums.tokens},
                                          {"negative_log_likelihood", mean.value}});
}

int run(const Perplexity& o) {
  check_evaluation_options(o.evaluation);
  if (o.compat && o.stride > 0) fail_usage("eval perplexity: --compat and --stride exclude each other");
  if (o.window < 0) fail_usage("--window: expected at least 2, found {}", o.window);
  if (o.stride < 0) fail_usage("--stride: expected at least 1, found {}", o.stride);
  const std::int64_t context = o.evaluation.model.context;
  if (context > 0 && o.window > context)
    fail_usage("--window: expected at most the context of {} (--ctx), found {}", context, o.window);
  const std::string text = valid_text(o.file == "-" ? read_stdin() : read_file(o.file), shown_name(o));
  const LoadedModel loaded = load_with_tokenizer(o.evaluation.model.model);
  Plan plan = plan_windows(o, loaded, text);
  const auto all = plan.windows.size();
  keep_first(plan.windows, o.evaluation.limit);

  EvaluationOptions options = o.evaluation;
  if (options.model.context == 0) options.model.context = o.window;  // where it was asked for
  Evaluation evaluation(loaded, options, plan.window);
  ItemLog log(o.evaluation.log,
              result_header("perplexity", evaluation.engine(), text,
                            {{"window", plan.window}, {"stride", plan.stride}, {"compat", o.compat}}),
              o.evaluation.resume);
  const auto count = std::ssize(plan.windows);
  const bool done = evaluation.run(
      "perplexity", count, log,
      [&](std::int64_t i) {
        return std::vector<Request>{window_request(plan.windows[static_cast<std::size_t>(i)])};
      },
      [&](std::int64_t, std::vector<Result> results) {
        return to_json(sums_of(results[0].prompt_logprobs));
      });
  if (!done) return kInterrupted;
  report(o, plan, sums_in(log, count),
         plan.windows.size() == all ? text : scored_text(loaded.tokenizer, plan.windows));
  return 0;
}

}  // namespace

Action declare_eval_perplexity(Options& options) {
  auto o = std::make_shared<Perplexity>();
  options.required("FILE", o->file, "the text; '-': standard input");
  options.option("--window", o->window, "N",
                 "tokens read at once; default: --ctx, or the trained context up to 2048");
  options.option("--stride", o->stride, "N", "how far apart windows begin; default: half the window");
  options.flag("--compat", o->compat,
               "as llama.cpp's perplexity tool: windows that do not overlap, the second half of each scored, "
               "the tail left out");
  declare_evaluation_options(options, o->evaluation);
  options.note(
      "Every token is scored once, with at least window - stride tokens before it; each window begins with "
      "BOS (or EOS) where the model has one. Intervals are of the mean over tokens, as if they were "
      "independent.");
  options.example("pith eval perplexity -m model.gguf book.txt");
  options.example(
      "pith eval perplexity -m model.gguf --compat --ctx 512 --cache-type-k f32 --cache-type-v f32 book.txt");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
