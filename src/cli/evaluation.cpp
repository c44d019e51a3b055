#include "cli/evaluation.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hash.h"
#include "cli/exit_code.h"
#include "cli/generation.h"
#include "cli/input.h"
#include "cli/paths.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "generate/kv_file.h"
#include "kernels/kernels.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kParallel = 8;
constexpr std::int64_t kLogitBytes = 64 << 20;  // room for the rows of one step that want logits

// With the context that the items need, where the user asked for none and memory allows it.
ModelOptions with_context(const Model& model, ModelOptions values, std::int64_t context) {
  if (values.context == 0 && context <= Engine::default_context(model, engine_options(values)))
    values.context = context;
  return values;
}

EngineOptions evaluation_engine(const Model& model, const ModelOptions& values, std::int64_t parallel) {
  EngineOptions o = plan_engine(model, values, static_cast<int>(parallel > 0 ? parallel : kParallel));
  o.logit_rows =
      std::min(o.step_tokens, std::max<std::int64_t>(16, kLogitBytes / (std::int64_t{4} * model.spec.vocab)));
  o.logit_rows = std::max<std::int64_t>(o.logit_rows, o.sequences);
  return o;
}

}  // namespace

void declare_log_options(Options& options, EvaluationOptions& v) {
  options.option("--limit", v.limit, "N", "only the first N items");
  options.option("--log", v.log, "FILE", "keep each item's result in this file, a line of JSON each");
  options.flag("--resume", v.resume, "go on with what the log holds");
}

void declare_evaluation_options(Options& options, EvaluationOptions& v, const std::string& json_help) {
  declare_model_options(options, v.model, json_help);
  declare_log_options(options, v);
  options.option("--parallel", v.parallel, "N", fmt::format("items at a time ({})", kParallel));
  declare_engine_options(options, v.model);
}

void check_evaluation_options(const EvaluationOptions& v) {
  if (v.limit == 0 || v.limit < -1) fail_usage("--limit: expected at least 1, found {}", v.limit);
  if (v.parallel < 0 || v.parallel > 1024) fail_usage("--parallel: expected 1 to 1024, found {}", v.parallel);
  if (v.resume && v.log.empty()) fail_usage("--resume needs --log FILE");
  if (!v.resume && holds_something(v.log))
    fail_usage("{}: is there already; --resume goes on with it", printable(v.log, 400));
}

LoadedModel load_with_tokenizer(const std::string& name) {
  std::shared_ptr<const Model> model = open_model(find_model(name));
  Tokenizer tokenizer = need_tokenizer(model->file);
  return {std::move(model), std::move(tokenizer)};
}

Evaluation::Evaluation(const LoadedModel& loaded, const EvaluationOptions& options, std::int64_t context)
    : Evaluation(loaded, with_context(*loaded.model, options.model, context), options.parallel) {}

Evaluation::Evaluation(const LoadedModel& loaded, const ModelOptions& values, std::int64_t parallel)
    : engine_(loaded.model, evaluation_engine(*loaded.model, values, parallel)),
      scheduler_(engine_, loaded.tokenizer, scheduler_options(values)) {
  report_engine(values, engine_);
}

Json result_header(std::string_view what, const Engine& engine, std::string_view task, const Json& more) {
  Hash hash;
  hash.add(task);
  const KvTypes kv = engine.options().kv;
  Json header{{"evaluation", what},
              {"model", fmt::format("{:016x}", fingerprint(engine.model()))},
              {"task", fmt::format("{:016x}", hash.value())},
              {"kernels", kernels().isa},
              {"cache", {type_info(kv.k).name, type_info(kv.v).name}}};
  if (more.is_object()) header.update(more);
  return header;
}

int tell_interrupted(const ItemLog& log, std::int64_t items) {
  note("interrupted after {} of {} items{}", log.size(), items,
       log.keeps() ? "; the same command with --resume goes on" : "");
  return kInterrupted;
}

bool Evaluation::run(std::string_view what, std::int64_t count, ItemLog& log, const Requests& requests,
                     const ResultOf& result_of) {
  std::vector<std::int64_t> missing;
  for (std::int64_t i = 0; i < count; ++i) {
    if (!log.has(i)) missing.push_back(i);
  }
  bool done = true;
  {
    Progress progress(what);
    std::int64_t finished = count - std::ssize(missing);
    ItemLoop loop;
    loop.requests = requests;
    loop.done = [&](std::int64_t item, std::vector<Result> results) {
      log.add(item, result_of(item, std::move(results)));
      progress.update(static_cast<double>(++finished) / static_cast<double>(count));
    };
    loop.stop = interrupted;
    done = run_items(scheduler_, missing, loop);
  }
  if (!done) tell_interrupted(log, count);
  return done;
}

void Figures::add(const std::string& key, const std::string& label, const MeanEstimate& e, int digits) {
  text_ += fmt::format("{:<24}{:<12.{}f} 95 %: {:.{}f} to {:.{}f}, n = {}\n", label, e.value, digits,
                       e.interval.low, digits, e.interval.high, digits, e.n);
  figures_.emplace_back(key, Json{{"value", e.value},
                                  {"standard_error", e.error},
                                  {"interval", {e.interval.low, e.interval.high}},
                                  {"n", e.n}});
}

void Figures::add_number(const std::string& key, const std::string& label, double value,
                         const std::string& text) {
  text_ += fmt::format("{:<24}{}\n", label, text);
  figures_.emplace_back(key, value);
}

void Figures::write(bool json, const Json& more) const {
  if (!json) return write_out(text_);
  Json out = Json::object();
  for (const auto& [key, value] : figures_) out[key] = value;
  out.update(more);
  write_out(to_json_text(out) + "\n");
}

}  // namespace pith::cli
