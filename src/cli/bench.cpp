// pith bench: how fast a model runs here, and how near that is to what the machine can do.
#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "analyse/machine.h"
#include "base/error.h"
#include "cli/bench_compare.h"
#include "cli/bench_options.h"
#include "cli/bench_rows.h"
#include "cli/commands.h"
#include "cli/loading.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Rows to standard output and, in another format, to standard error.
class Output {
 public:
  Output(const BenchArguments& a, const char* table) : out_(a.json ? "json" : a.format, table, write_out) {
    if (a.error_format != "none") err_.emplace(a.error_format, table, write_error_stream);
  }
  void write(const Json& fields, const std::vector<Cell>& cells) {
    out_.write(fields, cells);
    if (err_) err_->write(fields, cells);
  }
  void finish(const std::string& footer) {
    out_.finish(footer);
    if (err_) err_->finish(footer);
  }

 private:
  RowWriter out_;
  std::optional<RowWriter> err_;
};

void stop_where_interrupted() {
  if (interrupted()) fail("interrupted");
}

/// The machine's limits for each number of threads that runs.
class Limits {
 public:
  const MachineLimits& of(int threads) {
    const auto known = by_threads_.find(threads);
    if (known != by_threads_.end()) return known->second;
    return by_threads_.emplace(threads, machine_speed(threads, kernels().isa).best).first->second;
  }
  std::string footer() const {
    std::string text;
    for (const auto& [threads, limits] : by_threads_) text += machine_line(threads, limits) + "\n";
    return text;
  }

 private:
  std::map<int, MachineLimits> by_threads_;
};

int run_kernels(const BenchArguments& a) {
  const std::vector<DType> types = read_weight_types("--kernels", a.kernels);
  const auto of_models = {&a.models, &a.prompt, &a.gen,    &a.both,   &a.depth,
                          &a.batch,  &a.ubatch, &a.type_k, &a.type_v, &a.parallel};
  const bool given = std::ranges::any_of(of_models, [](const auto* values) { return !values->empty(); });
  if (given || !a.compare.empty() || a.probe)
    fail_usage("--kernels measures no model: -m, -p, --compare and the like do not go with it");
  const auto threads = read_list("-t", a.threads, 1, 1024);
  Team team(threads.empty() ? default_threads().threads : static_cast<int>(threads.front()));
  Limits limits;
  limits.of(team.size());
  Output output(a, "pith_kernels");
  bench_kernels(team, kernels(), types, [&](const KernelTiming& timing) {
    stop_where_interrupted();
    output.write(kernel_fields(timing), kernel_cells(timing));
  });
  output.finish(limits.footer());
  return 0;
}

int run_models(const BenchArguments& a) {
  const BenchPlan plan = plan_bench(a);
  const bool parallel = !a.parallel.empty(), compare = !a.compare.empty();
  if (parallel && compare) fail_usage("--parallel and --compare exclude each other");
  const std::vector<Json> old_rows = compare ? read_bench_rows(a.compare) : std::vector<Json>();
  const BenchOptions options{a.repetitions, !a.no_warmup, stop_where_interrupted};
  Limits limits;
  Output output(a, compare ? "comparison" : parallel ? "llama_batched_bench" : "llama_bench");
  bool any = false;
  const auto report = [&](const Measurement& m) {
    if (parallel) return output.write(parallel_fields(m), parallel_cells(m));
    if (!compare) return output.write(bench_fields(m), bench_cells(m, plan.shown()));
    const Json now = bench_fields(m);
    if (const Json* before = find_alike(old_rows, now)) {
      const Comparison c = compare_rows(*before, now);
      output.write(comparison_fields(c), comparison_cells(c));
      any = true;
    }
  };
  std::vector<std::string> files;  // a wrong name is said before anything runs
  for (const std::string& name : plan.models) files.push_back(find_model(name).string());
  for (const std::string& file : files) {
    const std::shared_ptr<const Model> model = open_model(file);
    for (const BenchSetting& setting : plan.settings) {
      for (const BenchTest& test : plan.tests) {
        stop_where_interrupted();
        if (a.progress) {
          note("{}: {}, {} thread(s), {} sequence(s)", printable(file),
               test_name(test.prompt, test.gen, test.depth), setting.threads, test.sequences);
        }
        MachineLimits limit = limits.of(setting.threads);
        if (a.probe) limit = present_limits(setting.threads, kernels().isa);
        const BenchResult result = run_bench(model, setting, test, options);
        if (a.probe) limit = highest(std::array{limit, present_limits(setting.threads, kernels().isa)});
        report({file, *model, setting, test, result, limit});
      }
    }
  }
  output.finish((compare ? "noise: one standard error of the ratio\n" : "") + build_line() + "\n" +
                limits.footer());
  if (compare && !any) fail("{}: no row there measures what was measured now", printable(a.compare));
  return 0;
}

}  // namespace

Action declare_bench(Options& options) {
  auto a = std::make_shared<BenchArguments>();
  declare_bench_options(options, *a);
  return [a] { return a->kernels.empty() ? run_models(*a) : run_kernels(*a); };
}

}  // namespace pith::cli
