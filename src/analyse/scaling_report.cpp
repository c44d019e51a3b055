#include "analyse/scaling_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::pair<const char*, double LossLaw::*> kConstants[] = {{"A", &LossLaw::A},
                                                                    {"B", &LossLaw::B},
                                                                    {"E", &LossLaw::E},
                                                                    {"alpha", &LossLaw::alpha},
                                                                    {"beta", &LossLaw::beta}};

double params_exponent(const LossLaw& l) { return l.beta / (l.alpha + l.beta); }

Resampled resampled_value(double value, std::vector<double> values, std::int64_t resamples) {
  Resampled r{value};
  if (values.size() < 2 || std::ssize(values) * 2 < resamples) return r;
  r.error = standard_deviation(values);
  r.interval = middle_95(std::move(values));
  return r;
}

std::vector<TrainingRun> draw(std::span<const TrainingRun> runs, std::int64_t k, std::uint64_t seed) {
  std::vector<TrainingRun> drawn;
  for (std::int64_t i = 0; i < std::ssize(runs); ++i)
    drawn.push_back(runs[static_cast<std::size_t>(resampled(seed, k, i, std::ssize(runs)))]);
  return drawn;
}

void add_law(ScalingReport& report, std::uint64_t seed) {
  report.law = fit_loss_law(report.runs);
  const LossLaw& law = report.law.law;
  for (const TrainingRun& r : report.runs)
    report.residuals.push_back(std::log(r.loss / law.loss(r.params, r.tokens)));
  double squares = 0;
  for (const double r : report.residuals) squares += r * r;
  report.residual_rms = std::sqrt(squares / static_cast<double>(report.runs.size()));
  if (!report.law.problem.empty()) return;
  report.law_resamples = bootstrap_loss_law(report.runs, law, report.resamples, seed);
  const auto over = [&](auto value_of) {
    std::vector<double> values;
    for (const LossLaw& l : report.law_resamples) values.push_back(value_of(l));
    return resampled_value(value_of(law), std::move(values), report.resamples);
  };
  for (std::size_t i = 0; i < report.constants.size(); ++i)
    report.constants[i] = over([&](const LossLaw& l) { return l.*kConstants[i].second; });
  report.params_exponent = over(params_exponent);
  report.tokens_exponent = over([](const LossLaw& l) { return 1 - params_exponent(l); });
}

void add_held_out(ScalingReport& report) {
  std::vector<TrainingRun> runs = report.runs;
  std::ranges::stable_sort(runs, {}, &TrainingRun::flops);
  ScalingReport::HeldOut& held = report.held_out;
  held.runs = (runs.size() + 9) / 10;
  const auto [seen, unseen] =
      std::pair(std::span(runs).first(runs.size() - held.runs), std::span(runs).last(held.runs));
  try {
    const LossLawFit fit = fit_loss_law(seen);
    held.problem = fit.problem;
    for (const TrainingRun& r : unseen) {
      const double error = fit.law.loss(r.params, r.tokens) / r.loss - 1;
      held.bias += error / static_cast<double>(held.runs);
      held.mean_error += std::abs(error) / static_cast<double>(held.runs);
    }
  } catch (const Error& e) {
    held.problem = e.what();
  }
}

void add_frontier(ScalingReport& report, const char* name, Frontier (*fit)(std::span<const TrainingRun>),
                  std::uint64_t seed) {
  FrontierReport f{name, fit(report.runs)};
  if (f.fit.problem.empty()) {
    std::vector<double> params, tokens;
    for (std::int64_t k = 0; k < report.resamples; ++k) {
      const Frontier drawn = fit(draw(report.runs, k, seed));
      if (!drawn.problem.empty() || drawn.interpolated != f.fit.interpolated) continue;
      params.push_back(drawn.params.exponent);
      tokens.push_back(drawn.tokens.exponent);
    }
    f.params_exponent = resampled_value(f.fit.params.exponent, std::move(params), report.resamples);
    f.tokens_exponent = resampled_value(f.fit.tokens.exponent, std::move(tokens), report.resamples);
  }
  report.frontiers.push_back(std::move(f));
}

void add_kaplan(ScalingReport& report, char name, double TrainingRun::*size, std::uint64_t seed) {
  KaplanReport k{name, fit_kaplan(report.runs, size)};
  if (k.law.problem.empty()) {
    std::vector<double> exponents;
    for (std::int64_t i = 0; i < report.resamples; ++i) {
      const KaplanLaw law = fit_kaplan(draw(report.runs, i, seed), size);
      if (law.problem.empty()) exponents.push_back(law.exponent);
    }
    k.exponent = resampled_value(k.law.exponent, std::move(exponents), report.resamples);
  }
  report.kaplan.push_back(std::move(k));
}

Json to_json(const Resampled& r) {
  Json j{{"value", r.value}, {"standard_error", r.error}};
  j["interval"] = r.interval ? Json{r.interval->low, r.interval->high} : Json(nullptr);
  return j;
}

Json to_json(const std::string& problem) { return problem.empty() ? Json(nullptr) : Json(problem); }

Json to_json(const FrontierReport& f) {
  Json j{{"problem", to_json(f.fit.problem)}, {"interpolated", f.fit.interpolated}};
  Json& points = j["points"] = Json::array();
  for (const Frontier::Point& p : f.fit.points)
    points.push_back({{"flops", p.flops}, {"params", p.params}, {"loss", p.loss}});
  if (!f.fit.problem.empty()) return j;
  j["params"] = {{"scale", f.fit.params.scale}, {"exponent", to_json(f.params_exponent)}};
  j["tokens"] = {{"scale", f.fit.tokens.scale}, {"exponent", to_json(f.tokens_exponent)}};
  return j;
}

}  // namespace

ScalingReport analyse_scaling(std::vector<TrainingRun> runs, std::int64_t resamples, std::uint64_t seed) {
  ScalingReport report;
  report.runs = std::move(runs);
  report.resamples = resamples;
  add_law(report, seed);
  add_held_out(report);
  add_frontier(report, "envelope", fit_envelope, seed);
  add_frontier(report, "isoflop", fit_isoflop, seed);
  add_kaplan(report, 'N', &TrainingRun::params, seed);
  add_kaplan(report, 'D', &TrainingRun::tokens, seed);
  add_kaplan(report, 'C', &TrainingRun::flops, seed);
  return report;
}

Json ScalingReport::json() const {
  Json parametric{{"problem", to_json(law.problem)}, {"huber_sum", law.huber_sum}};
  for (std::size_t i = 0; i < constants.size(); ++i) {
    Resampled constant = constants[i];
    constant.value = law.law.*kConstants[i].second;
    parametric[kConstants[i].first] = to_json(constant);
  }
  parametric["params_exponent"] = to_json(params_exponent);
  parametric["tokens_exponent"] = to_json(tokens_exponent);
  parametric["residual_rms"] = residual_rms;
  parametric["held_out"] = {{"runs", held_out.runs},
                            {"mean_error", held_out.mean_error},
                            {"bias", held_out.bias},
                            {"problem", to_json(held_out.problem)}};
  Json& samples = parametric["resamples"] = Json::array();
  for (const LossLaw& l : law_resamples) {
    Json& sample = samples.emplace_back(Json::array());
    for (const auto& [name, member] : kConstants) sample.push_back(l.*member);
  }
  Json out{{"runs", Json::array()}, {"resamples", resamples}, {"parametric", std::move(parametric)}};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const TrainingRun& r = runs[i];
    out["runs"].push_back({{"params", r.params},
                           {"tokens", r.tokens},
                           {"flops", r.flops},
                           {"loss", r.loss},
                           {"residual", residuals[i]}});
  }
  for (const FrontierReport& f : frontiers) out[f.name] = to_json(f);
  for (const KaplanReport& k : kaplan) {
    out["kaplan"][std::string(1, k.size)] = {{"problem", to_json(k.law.problem)},
                                             {"runs", k.law.runs},
                                             {"scale", k.law.scale},
                                             {"exponent", to_json(k.exponent)}};
  }
  return out;
}

StoredLaw read_stored_law(std::string_view text, std::string_view what) {
  const nlohmann::json j = parse_json(text, what);
  const auto constant = [&](const nlohmann::json& value, const char* name) {
    if (!value.is_number() || !(value.get<double>() > 0))
      fail("{}: parametric.{}: expected a positive number", what, name);
    return value.get<double>();
  };
  if (!j.is_object() || !j.contains("parametric") || !j["parametric"].is_object())
    fail("{}: expected the output of pith plan fit --json", what);
  const nlohmann::json& p = j["parametric"];
  StoredLaw stored;
  for (const auto& [name, member] : kConstants) {
    if (!p.contains(name)) fail("{}: parametric.{} is missing", what, name);
    const nlohmann::json& value = p[name];
    stored.law.*member =
        constant(value.is_object() && value.contains("value") ? value["value"] : value, name);
  }
  if (p.contains("resamples") && p["resamples"].is_array()) {
    for (const nlohmann::json& sample : p["resamples"]) {
      if (!sample.is_array() || sample.size() != std::size(kConstants))
        fail("{}: parametric.resamples: expected lists of {} numbers", what, std::size(kConstants));
      LossLaw& law = stored.resamples.emplace_back();
      for (std::size_t i = 0; i < std::size(kConstants); ++i)
        law.*kConstants[i].second = constant(sample[i], "resamples");
    }
  }
  return stored;
}

}  // namespace pith
