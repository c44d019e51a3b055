// pith plan fit: scaling laws fitted to training runs.
#include <csignal>
#include <nlohmann/json.hpp>

#include "analyse/scaling_plot.h"
#include "analyse/scaling_report.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/paths.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

struct Fit {
  std::string file, plot;
  std::int64_t exclude = 0, resamples = 4000;
  std::uint64_t seed = 0;
  bool json = false;
};

std::string line(std::string_view label, std::string_view text) {
  return fmt::format("{:<15}{}\n", label, text);
}

std::string interval_text(const Resampled& r, int digits) {
  if (!r.interval) return "no interval: too few resamples can be fitted";
  return fmt::format("95 %: {:.{}g} to {:.{}g}", r.interval->low, digits, r.interval->high, digits);
}

std::string law_text(const ScalingReport& report) {
  const LossLaw& law = report.law.law;
  std::string out = line("parametric", "L(N, D) = E + A / N^alpha + B / D^beta, Huber loss of log L");
  if (!report.law.problem.empty()) {
    return out + line("", fmt::format("does not fit: {}", report.law.problem)) +
           line("", fmt::format("best found: A {:.5g}, B {:.5g}, E {:.5g}, alpha {:.4g}, beta {:.4g}, Huber "
                                "losses {:.6g}",
                                law.A, law.B, law.E, law.alpha, law.beta, report.law.huber_sum));
  }
  constexpr const char* kNames[] = {"  A", "  B", "  E", "  alpha", "  beta"};
  for (std::size_t i = 0; i < report.constants.size(); ++i) {
    const Resampled& c = report.constants[i];
    out += line(kNames[i],
                fmt::format("{:<10.5g} standard error {:<9.3g} {}", c.value, c.error, interval_text(c, 4)));
  }
  out += line("  optimum", fmt::format("N ~ C^{:.3f} ({}), D ~ C^{:.3f} ({})", report.params_exponent.value,
                                       interval_text(report.params_exponent, 3), report.tokens_exponent.value,
                                       interval_text(report.tokens_exponent, 3)));
  out +=
      line("  residuals", fmt::format("Huber losses {:.6g} in all, {:.3g} % of the loss (root mean square)",
                                      report.law.huber_sum, 100 * report.residual_rms));
  const auto worst = std::ranges::max_element(report.residuals, {}, [](double r) { return std::abs(r); });
  const TrainingRun& r = report.runs[static_cast<std::size_t>(worst - report.residuals.begin())];
  out += line("", fmt::format("the largest: {:+.2g} % at N = {:.3g}, D = {:.3g}, L = {:.4g}", 100 * *worst,
                              r.params, r.tokens, r.loss));
  const ScalingReport::HeldOut& held = report.held_out;
  const std::string of =
      held.runs == 1 ? "the run of most compute" : fmt::format("the {} runs of most compute", held.runs);
  return out +
         line("  held out", held.problem.empty()
                                ? fmt::format("{}, predicted by the others: {:.2g} % off, {:+.2g} % bias", of,
                                              100 * held.mean_error, 100 * held.bias)
                                : fmt::format("without {}: {}", of, held.problem));
}

std::string frontier_text(const FrontierReport& f, const char* points) {
  if (!f.fit.problem.empty()) return line(f.name, "not supported by these runs: " + f.fit.problem);
  return line(f.name, fmt::format("N ~ C^{:.3f} ({}), D ~ C^{:.3f} ({})", f.params_exponent.value,
                                  interval_text(f.params_exponent, 3), f.tokens_exponent.value,
                                  interval_text(f.tokens_exponent, 3))) +
         line("", fmt::format("through {} {}{}", f.fit.points.size(), points,
                              f.fit.interpolated ? ", interpolated between runs" : ""));
}

std::string kaplan_text(const KaplanReport& k) {
  const std::string label = fmt::format("L({})", k.size);
  if (!k.law.problem.empty()) return line(label, "not supported by these runs: " + k.law.problem);
  return line(label, fmt::format("({:.3g} / {})^{:.4f} ({}), {} runs", k.law.scale, k.size, k.exponent.value,
                                 interval_text(k.exponent, 3), k.law.runs));
}

std::string text(const ScalingReport& report, std::int64_t excluded) {
  std::string out = line("runs", fmt::format("{}{}; intervals from {} resamples", report.runs.size(),
                                             excluded > 0 ? fmt::format(", without the {} of fewest tokens a "
                                                                        "parameter",
                                                                        excluded)
                                                          : "",
                                             report.resamples));
  out += "\n" + law_text(report);
  constexpr const char* kPoints[] = {"runs that no run of less compute beats",
                                     "minima of loss at equal compute"};
  for (std::size_t i = 0; i < report.frontiers.size(); ++i)
    out += "\n" + frontier_text(report.frontiers[i], kPoints[i]);
  out += "\n" + line("Kaplan", "single power laws of the best runs");
  for (const KaplanReport& k : report.kaplan) out += kaplan_text(k);
  return out;
}

int run(const Fit& o) {
  if (o.exclude < 0) fail_usage("--exclude: expected at least 0, found {}", o.exclude);
  if (o.resamples < 0 || o.resamples > 1'000'000)
    fail_usage("--resamples: expected 0 to 1000000, found {}", o.resamples);
  if (!o.plot.empty()) check_output(o.plot, {o.file});
  std::signal(SIGINT, SIG_DFL);  // there is nothing to bring home before the end
  const std::vector<TrainingRun> runs = read_training_runs(read_file(o.file), printable(o.file, 400));
  if (o.exclude >= std::ssize(runs))
    fail_usage("--exclude {}: there are only {} runs", o.exclude, runs.size());
  const ScalingReport report = analyse_scaling(exclude_fewest_tokens(runs, o.exclude), o.resamples, o.seed);
  if (!o.plot.empty()) {
    const std::string svg = plot_scaling(report);
    write_file_atomically(o.plot, std::as_bytes(std::span(svg)));
  }
  if (o.json) {
    nlohmann::ordered_json out = report.json();
    out["file"] = o.file;
    out["excluded"] = o.exclude;
    write_out(to_json_text(out) + "\n");
  } else {
    write_out(text(report, o.exclude));
  }
  if (report.law.problem.empty()) return 0;
  note("the parametric law does not fit: {}", report.law.problem);
  return 1;
}

}  // namespace

Action declare_plan_fit(Options& options) {
  auto o = std::make_shared<Fit>();
  options.required("RUNS.csv", o->file,
                   "a line a run, with the columns loss and two of params, tokens, flops (C = 6 N D)");
  options.option("--exclude", o->exclude, "K", "leave out the K runs of fewest tokens a parameter (0)");
  options.option("--resamples", o->resamples, "N", "of the bootstrap that gives the intervals (4000)");
  options.option("--seed", o->seed, "N", "of the bootstrap (0)");
  options.option("--plot", o->plot, "FILE.svg", "draw the runs and the law");
  options.flag("--json", o->json, "one JSON object; pith plan train --constants takes it");
  options.note(
      "Parametric: L(N, D) = E + A / N^alpha + B / D^beta, Huber loss (delta 1e-3) of log L, L-BFGS from "
      "4,500 starts (Hoffmann et al. 2022, arXiv:2203.15556, approach 3). Envelope and isoflop: approaches 1 "
      "and 2. Kaplan: Kaplan et al. 2020, arXiv:2001.08361, through the best runs.");
  options.example("pith plan fit runs.csv --exclude 5 --plot runs.svg");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
