// pith plan train, pith plan lifetime: what a scaling law says about training and using a model.
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "analyse/scaling_report.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/loading.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Law {
  std::string source;
  LossLaw law;
  std::vector<LossLaw> resamples;
};

// The constants of a paper, or those that pith plan fit --json wrote.
Law find_law(const std::string& name) {
  for (const PublishedLaw& p : published_laws()) {
    if (p.name == name) return {std::string(p.source), p.law, published_uncertainty(name)};
  }
  StoredLaw stored = read_stored_law(read_file(name), printable(name, 400));
  return {name, stored.law, std::move(stored.resamples)};
}

void declare_constants(Options& options, std::string& constants, bool& json) {
  options.option("--constants", constants, "NAME|FILE",
                 "of L = E + A / N^alpha + B / D^beta: besiroglu (arXiv:2404.10102; without the option), "
                 "hoffmann (arXiv:2203.15556), or what pith plan fit --json wrote");
  options.flag("--json", json, "one JSON object");
}

std::string line(std::string_view label, std::string_view text) {
  return fmt::format("{:<12}{}\n", label, text);
}

std::string law_line(const Law& l) {
  return line("constants",
              fmt::format("{}: E {:.5g}, A {:.5g}, B {:.5g}, alpha {:.4g}, beta {:.4g}",
                          printable(l.source, 400), l.law.E, l.law.A, l.law.B, l.law.alpha, l.law.beta));
}

Json law_json(const Law& l) {
  return {{"source", l.source}, {"E", l.law.E},         {"A", l.law.A},
          {"B", l.law.B},       {"alpha", l.law.alpha}, {"beta", l.law.beta}};
}

// A number that follows from a law, with the interval that the law's resamples give it.
struct Derived {
  double value;
  std::optional<Interval> interval;

  std::string text(std::string (*show)(double)) const {
    return show(value) +
           (interval ? fmt::format(" (95 %: {} to {})", show(interval->low), show(interval->high)) : "");
  }
  Json json() const {
    return {{"value", value}, {"interval", interval ? Json{interval->low, interval->high} : Json(nullptr)}};
  }
};

template <class F>
Derived derive(const Law& law, F&& of) {
  Derived d{of(law.law)};
  std::vector<double> values;
  for (const LossLaw& l : law.resamples) {
    // A resample may put its irreducible loss above the target: nothing reaches it then.
    try {
      values.push_back(of(l));
    } catch (const Error&) {
      values.push_back(std::numeric_limits<double>::infinity());
    }
  }
  if (values.size() < 2) return d;
  d.interval = middle_95(std::move(values));
  // What was given has no uncertainty but rounding.
  if (d.interval->high - d.interval->low < 1e-9 * d.value) d.interval.reset();
  return d;
}

std::string flops_text(double flops) { return fmt::format("{:.3g}", flops); }
std::string loss_text(double loss) { return fmt::format("{:.4g}", loss); }

// --- train ----------------------------------------------------------------------------------------

struct Train {
  std::optional<double> flops, params, tokens, loss;
  std::string constants = "besiroglu";
  bool json = false;
};

// What was given, and the optimum that follows from it.
struct Budget {
  const char* option;
  std::optional<double> Train::*given;
  Allocation (*optimum)(const LossLaw&, double);
};
constexpr Budget kBudgets[] = {{"--flops", &Train::flops, optimum_for_flops},
                               {"--params", &Train::params, optimum_for_params},
                               {"--tokens", &Train::tokens, optimum_for_tokens},
                               {"--loss", &Train::loss, optimum_for_loss}};

struct Departure {
  const char* what;
  double params, tokens;  // times the optimum's
};
constexpr Departure kDepartures[] = {
    {"half the data, twice the model", 2, 0.5},
    {"twice the data, half the model", 0.5, 2},
    {"half the data", 1, 0.5},
    {"half the model", 0.5, 1},
    {"twice the data", 1, 2},
    {"twice the model", 2, 1},
};

const Budget& find_budget(const Train& o) {
  const Budget* found = nullptr;
  for (const Budget& b : kBudgets) {
    const std::optional<double>& value = o.*b.given;
    if (!value) continue;
    if (!(*value > 0)) fail_usage("{}: expected a positive number, found {}", b.option, *value);
    if (found) fail_usage("plan train: {} and {} exclude each other", found->option, b.option);
    found = &b;
  }
  if (!found) fail_usage("plan train: one of --flops, --params, --tokens and --loss is missing");
  return *found;
}

int run_train(const Train& o) {
  const Budget& budget = find_budget(o);
  const double given = *(o.*budget.given);
  const Law law = find_law(o.constants);
  const Allocation best = budget.optimum(law.law, given);
  const auto derived = [&](auto of) {
    return derive(law, [&](const LossLaw& l) { return of(l, budget.optimum(l, given)); });
  };
  const Derived params = derived([](const LossLaw&, const Allocation&a) { return a.params; }),
                tokens = derived([](const LossLaw&, const Allocation&a) { return a.tokens; }),
                flops = derived(
                    [](const LossLaw&, const Allocation&a) { return training_flops(a.params, a.tokens); }),
                loss =
                    derived([](const LossLaw&l, const Allocation&a) { return l.loss(a.params, a.tokens); });

  std::string out = law_line(law);
  out += line("parameters", params.text(count_string));
  out += line("tokens",
              tokens.text(count_string) + fmt::format(", {:.3g} a parameter", best.tokens / best.params));
  out += line("compute", flops.text(flops_text) + " operations, 6 N D");
  out += line("loss", loss.text(loss_text));
  if (law.resamples.empty()) out += line("", "no intervals: these constants come without their uncertainty");
  out += "\nLeaving the optimum               loss     compute  the optimum has that loss at\n";
  Json departures = Json::array();
  for (const Departure& d : kDepartures) {
    const double n = best.params * d.params, t = best.tokens * d.tokens, there = law.law.loss(n, t);
    const Allocation equal = optimum_for_loss(law.law, there);
    const double compute = d.params * d.tokens, enough = training_flops(equal.params, equal.tokens) /
                                                         training_flops(best.params, best.tokens);
    out += fmt::format("  {:<30} {:>+8.4f} {:>8.0f} % {:>8.0f} %\n", d.what, there - loss.value,
                       100 * compute, 100 * enough);
    departures.push_back({{"what", d.what},
                          {"params", n},
                          {"tokens", t},
                          {"loss", there},
                          {"compute", compute},
                          {"optimal_compute_for_that_loss", enough}});
  }
  if (!o.json) {
    write_out(out);
    return 0;
  }
  write_out(to_json_text({{"constants", law_json(law)},
                          {"params", params.json()},
                          {"tokens", tokens.json()},
                          {"flops", flops.json()},
                          {"loss", loss.json()},
                          {"departures", std::move(departures)}}) +
            "\n");
  return 0;
}

// --- lifetime ---------------------------------------------------------------------------------------

struct Lifetime {
  std::optional<double> inference_tokens, loss, params;
  std::string constants = "besiroglu";
  bool json = false;
};

struct Costs {
  Allocation model;
  double training, inference;
  double total() const { return training + inference; }
};

int run_lifetime(const Lifetime& o) {
  if (!o.inference_tokens) fail_usage("plan lifetime: --inference-tokens is missing");
  if (!(*o.inference_tokens >= 0))
    fail_usage("--inference-tokens: expected at least 0, found {}", *o.inference_tokens);
  if (o.loss.has_value() == o.params.has_value())
    fail_usage("plan lifetime: expected one of --loss and --params");
  if (o.params && !(*o.params > 0)) fail_usage("--params: expected a positive number, found {}", *o.params);
  const Law law = find_law(o.constants);
  const auto target = [&](const LossLaw& l) {
    if (o.loss) return *o.loss;
    const Allocation a = optimum_for_params(l, *o.params);
    return l.loss(a.params, a.tokens);
  };
  const auto cost = [&](const Allocation& a) {
    return Costs{a, training_flops(a.params, a.tokens), inference_flops(a.params, *o.inference_tokens)};
  };
  const auto best_of = [&](const LossLaw& l) {
    return optimum_for_lifetime(l, target(l), *o.inference_tokens);
  };
  const double loss = target(law.law);
  const Costs usual = cost(optimum_for_loss(law.law, loss)), best = cost(best_of(law.law));
  const Derived params = derive(law, [&](const LossLaw&l) { return best_of(l).params; }),
                tokens = derive(law, [&](const LossLaw&l) { return best_of(l).tokens; });
  if (o.json) {
    const auto json = [](const Costs& c) {
      return Json{{"params", c.model.params},
                  {"tokens", c.model.tokens},
                  {"training_flops", c.training},
                  {"inference_flops", c.inference},
                  {"total_flops", c.total()}};
    };
    write_out(to_json_text({{"constants", law_json(law)},
                            {"loss", loss},
                            {"inference_tokens", *o.inference_tokens},
                            {"params", params.json()},
                            {"tokens", tokens.json()},
                            {"best", json(best)},
                            {"training_optimum", json(usual)}}) +
              "\n");
    return 0;
  }
  std::string out = law_line(law);
  out += line("target",
              fmt::format("loss {}, {} tokens of use", loss_text(loss), count_string(*o.inference_tokens)));
  out += line("parameters", params.text(count_string));
  out += line("tokens", tokens.text(count_string) +
                            fmt::format(", {:.3g} a parameter", best.model.tokens / best.model.params));
  out += "\nOperations                parameters    tokens  training       use    in all\n";
  for (const auto& [what, c] :
       {std::pair{"least in training alone", usual}, std::pair{"least in all", best}}) {
    out +=
        fmt::format("  {:<24}{:>10} {:>9} {:>9.3g} {:>9.3g} {:>9.3g}\n", what, count_string(c.model.params),
                    count_string(c.model.tokens), c.training, c.inference, c.total());
  }
  out += fmt::format(
      "\n{:.0f} % fewer parameters for {:.0f} % more training: {:.0f} % fewer operations in all. Training is "
      "paid once,\nparameters with every token of use, so a smaller model trained for longer is the cheaper "
      "one.\n",
      100 * (1 - best.model.params / usual.model.params), 100 * (best.training / usual.training - 1),
      100 * (1 - best.total() / usual.total()));
  write_out(out);
  return 0;
}

}  // namespace

Action declare_plan_train(Options& options) {
  auto o = std::make_shared<Train>();
  options.option("--flops", o->flops, "C", "operations of training, 6 N D");
  options.option("--params", o->params, "N", "the model's parameters");
  options.option("--tokens", o->tokens, "D", "the data");
  options.option("--loss", o->loss, "L", "the loss to reach");
  declare_constants(options, o->constants, o->json);
  options.note(
      "The least L(N, D) = E + A / N^alpha + B / D^beta with C = 6 N D (Hoffmann et al. 2022, approach 3). "
      "Hoffmann's "
      "constants are the paper's printed ones: at 5.76e23 they give 32.2 B, the paper's 40 B comes from "
      "unrounded ones.");
  options.example("pith plan train --flops 5.76e23");
  options.example("pith plan train --params 7e9 --constants hoffmann");
  return [o] { return run_train(*o); };
}

Action declare_plan_lifetime(Options& options) {
  auto o = std::make_shared<Lifetime>();
  options.option("--inference-tokens", o->inference_tokens, "T", "read and written in the model's life");
  options.option("--loss", o->loss, "L", "the loss to reach");
  options.option("--params", o->params, "N", "the loss of a model of this size, trained at its optimum");
  declare_constants(options, o->constants, o->json);
  options.note(
      "The least 6 N D + 2 N T for the loss (Sardana et al. 2023, arXiv:2401.00448): training is paid once, "
      "parameters with every token of use. Touvron et al. 2023 (arXiv:2302.13971) trained with that in "
      "view.");
  options.example("pith plan lifetime --params 70e9 --inference-tokens 1e13");
  return [o] { return run_lifetime(*o); };
}

}  // namespace pith::cli
