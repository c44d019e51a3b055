// pith plan serve: what a model takes to run, and how fast it can be, here or on another machine.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "analyse/bench.h"
#include "analyse/machine.h"
#include "analyse/serving.h"
#include "base/error.h"
#include "base/threads.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/loading.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Serve {
  ModelOptions model;
  std::optional<std::string> path;
  std::optional<double> bandwidth, int8, f32;
  bool measure = false;

  bool given_machine() const { return bandwidth || int8 || f32; }
};

constexpr std::int64_t kContexts[] = {128, 512, 2048, 8192, 32768, 131072};
constexpr std::int64_t kSequences[] = {1, 2, 4, 8, 16, 32, 64};
constexpr std::int64_t kUsualContext = 512;
constexpr std::int64_t kMostSequences = 1024;

MachineLimits limits_of(const Serve& o, int threads) {
  for (const auto& [name, value] :
       {std::pair{"--bandwidth", o.bandwidth}, std::pair{"--int8", o.int8}, std::pair{"--f32", o.f32}}) {
    if (value && !(*value > 0)) fail_usage("{}: expected a positive number, found {}", name, *value);
  }
  MachineLimits limits{};
  if (!o.bandwidth || !o.int8 || !o.f32) limits = machine_speed(threads, kernels().isa).usual;
  if (o.bandwidth) limits.read_bytes = *o.bandwidth * 1e9;
  if (o.int8) limits.int8_ops = *o.int8 * 1e12;
  if (o.f32) limits.f32_ops = *o.f32 * 1e12, limits.bf16_ops = 0;
  return limits;
}

const char* source_of(const std::optional<double>& limit) { return limit ? "as given" : "measured"; }

std::string line(std::string_view label, std::string_view text) {
  return fmt::format("{:<14}{}\n", label, text);
}

Json to_json(const ServingPoint& p) {
  return {{"sequences", p.sequences},
          {"context", p.context},
          {"memory", p.memory},
          {"read_bytes", p.work.read_bytes},
          {"operations", p.work.ops()},
          {"tokens_per_second", p.tokens_per_second()},
          {"limit", p.arithmetic ? "arithmetic" : "bandwidth"}};
}

std::string row(const ServingPoint& p) {
  return fmt::format("{:>9} {:>9} {:>10} {:>12} {:>11} {:>10.4g} {:>10.4g}  {}\n", p.sequences, p.context,
                     size_string(p.memory), size_string(static_cast<std::uint64_t>(p.work.read_bytes)),
                     fmt::format("{:.3g}", p.work.ops()), p.tokens_per_second(),
                     p.tokens_per_second() / static_cast<double>(p.sequences),
                     p.arithmetic ? "arithmetic" : "bandwidth");
}

// Weights are most of what a token reads: with another type, their share changes.
Json quantisations(const Model& model, const ServingPoint& now, const MachineLimits& limits,
                   std::string& text) {
  Json list = Json::array();
  text += "\nQuantised to    weights    saved   at most tokens/s of one sequence\n";
  const double weights = static_cast<double>(model.weight_bytes());
  for (const QuantRecipe& r : quant_recipes()) {
    const double bytes = static_cast<double>(quantised_bytes(model, r));
    const double read = now.work.read_bytes * bytes / weights;
    const double speed = 1 / std::max(read / limits.read_bytes, now.work.arithmetic_seconds(limits));
    text += fmt::format("  {:<10} {:>10} {:>6.0f} %  {:>10.4g}\n", r.name,
                        size_string(static_cast<std::uint64_t>(bytes)), 100 * (1 - bytes / weights), speed);
    list.push_back({{"type", r.name}, {"weight_bytes", bytes}, {"tokens_per_second", speed}});
  }
  return list;
}

constexpr BenchTest kMeasured{.gen = 16};
constexpr double kLook = 0.02;  // seconds on each limit, before each repetition and after the last

// What pith bench does, for a moment. A shared machine changes its speed from second to second: its limits
// are those seen in between.
BenchResult measure(const std::shared_ptr<const Model>& model, ServingOptions& options) {
  Team team(options.threads);
  MachineProbe probe(team, kernels().isa);
  std::vector<MachineLimits> seen;
  const auto look = [&] {
    if (interrupted()) fail("interrupted");
    seen.push_back(probe.measure(kLook).usual);
  };
  BenchResult result = run_bench(model, {.kv = options.kv, .threads = options.threads}, kMeasured,
                                 {.repetitions = 8, .between = look});
  look();
  options.limits = mean(seen);
  return result;
}

// How near one sequence comes to the bound of the same steps.
Json measured(const BenchResult& r, const MachineLimits& limits, std::string& text) {
  const double tokens = static_cast<double>(kMeasured.gen), speed = tokens / mean(r.gen_seconds),
               bound =
                   tokens / std::max(r.gen_work.read_seconds(limits), r.gen_work.arithmetic_seconds(limits));
  text += fmt::format(
      "\nMeasured: {:.4g} tokens/s of one sequence, {:.0f} % of the bound of these steps, {:.4g}.\n", speed,
      100 * speed / bound, bound);
  return {{"tokens_per_second", speed}, {"bound", bound}, {"share", speed / bound}};
}

int run(const Serve& o) {
  if (o.measure && o.given_machine())
    fail_usage("--measure is of this machine: not with --bandwidth, --int8, --f32");
  if (o.path && !o.model.model.empty()) fail_usage("plan serve: MODEL and -m exclude each other");
  const EngineOptions engine = engine_options(o.model);
  const auto model = open_model(find_model(o.path ? *o.path : o.model.model));
  ServingOptions options{engine.kv, engine.threads > 0 ? engine.threads : default_threads().threads, {}};
  std::optional<BenchResult> bench;
  if (o.measure)
    bench = measure(model, options);
  else
    options.limits = limits_of(o, options.threads);
  const int trained = model->spec.trained_context;
  const std::int64_t longest = o.model.context > 0 ? o.model.context
                               : trained > 0       ? trained
                                                   : 4096,
                     usual = std::min(longest, kUsualContext);
  const MachineLimits& m = options.limits;
  const double all = static_cast<double>(model->parameters()),
               active = static_cast<double>(model->active_parameters());
  const ServingPoint one = plan_serving(*model, options, 1, usual);
  const std::uint64_t kv = kv_bytes_per_token(*model, options.kv, longest);

  std::string text = line("parameters", active == all ? count_string(all)
                                                      : fmt::format("{}, of them {} active per token",
                                                                    count_string(all), count_string(active)));
  text += line("weights", size_string(model->weight_bytes()));
  text += line("a token", fmt::format("{:.3g} operations, {} read, at a context of {}", one.work.ops(),
                                      size_string(static_cast<std::uint64_t>(one.work.read_bytes)), usual));
  text += line("KV cache", fmt::format("{} a token", size_string(kv)));
  text +=
      line("machine",
           fmt::format("{:.4g} GB/s ({}), {:.3g} T int8 ({}) and {:.3g} T f32 ({}) operations/s, {} thread{}",
                       m.read_bytes / 1e9, source_of(o.bandwidth), m.int8_ops / 1e12, source_of(o.int8),
                       m.f32_ops / 1e12, source_of(o.f32), options.threads, options.threads == 1 ? "" : "s"));
  const std::string head =
      "\nsequences   context     memory  a step reads  operations   tokens/s       each  limit\n";
  text += head;
  Json contexts = Json::array(), batches = Json::array();
  for (const std::int64_t c : kContexts) {
    if (c > longest) break;
    const ServingPoint p = plan_serving(*model, options, 1, c);
    contexts.push_back(to_json(p));
    text += row(p);
  }
  text += head;
  for (const std::int64_t n : kSequences) {
    const ServingPoint p = plan_serving(*model, options, n, usual);
    batches.push_back(to_json(p));
    text += row(p);
  }
  const std::int64_t best = best_batch(*model, options, usual, kMostSequences);
  text += line(
      "\nbest batch",
      best > 0 ? fmt::format(
                     "{} sequences: from there on arithmetic is the limit, and more of them only wait longer",
                     best)
               : fmt::format("beyond {} sequences: memory is the limit for as many", kMostSequences));
  Json types = quantisations(*model, one, m, text);
  text += "\nSpeeds are bounds: no step can be faster than reading its bytes or computing its operations.\n";
  Json measurement = bench ? measured(*bench, m, text) : Json(nullptr);
  if (!o.model.json) {
    write_out(text);
    return 0;
  }
  write_out(to_json_text({{"model", model->file.path},
                          {"parameters", all},
                          {"active_parameters", active},
                          {"weight_bytes", model->weight_bytes()},
                          {"kv_bytes_per_token", kv},
                          {"machine",
                           {{"read_bytes", m.read_bytes},
                            {"int8_ops", m.int8_ops},
                            {"f32_ops", m.f32_ops},
                            {"bf16_ops", m.bf16_ops},
                            {"threads", options.threads}}},
                          {"contexts", std::move(contexts)},
                          {"batches", std::move(batches)},
                          {"best_batch", best},
                          {"types", std::move(types)},
                          {"measured", std::move(measurement)}}) +
            "\n");
  return 0;
}

}  // namespace

Action declare_plan_serve(Options& options) {
  auto o = std::make_shared<Serve>();
  options.positional("MODEL", o->path, "as for -m");
  declare_model_options(options, o->model, "one JSON object");
  options.option("--bandwidth", o->bandwidth, "GB/S", "of reading memory, instead of this machine's");
  options.option("--int8", o->int8, "TOPS", "8-bit operations, 10^12 a second");
  options.option("--f32", o->f32, "TFLOPS", "32-bit operations, 10^12 a second");
  options.flag("--measure", o->measure,
               "run the model for a moment, as pith bench does, and say how near it comes to the bound");
  declare_thread_and_cache_options(options, o->model);
  options.option("--ctx", o->model.context, "N", "the longest context; default: the trained length");
  options.note(
      "A step reads each weight once (of a mixture, the experts that its tokens are expected to take) and "
      "the keys and values of each sequence; it computes two operations for each weight and token. Reading "
      "and computing overlap, so that the longer of them bounds the speed (the roofline of Williams et al. "
      "2009, doi:10.1145/1498765.1498785).");
  options.example("pith plan serve model.gguf --measure");
  options.example("pith plan serve model.gguf --bandwidth 200 --int8 20 --f32 2");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
