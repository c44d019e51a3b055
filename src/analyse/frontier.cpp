#include "analyse/frontier.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "analyse/statistics.h"
#include "base/error.h"

namespace pith {
namespace {

constexpr std::size_t kFewestPoints = 3;  // of a power law
constexpr std::size_t kFewestSizes = 3;   // of a parabola
constexpr double kSameCompute = 1.2;      // ratio of the most to the least in a group
constexpr int kInterpolatedLevels = 12;

using Points = std::vector<Frontier::Point>;

PowerLaw fit_power_law(const Points& points, double (*y)(const Frontier::Point&)) {
  std::vector<double> log_c, log_y;
  for (const Frontier::Point& p : points) {
    log_c.push_back(std::log(p.flops));
    log_y.push_back(std::log(y(p)));
  }
  const Line line = fit_line(log_c, log_y);
  return {std::exp(line.intercept), line.slope};
}

Frontier from_points(Points points, const char* of_what) {
  Frontier f;
  f.points = std::move(points);
  if (f.points.size() < kFewestPoints) {
    f.problem = fmt::format("{} {}, a power law needs {}", f.points.size(), of_what, kFewestPoints);
    return f;
  }
  f.params = fit_power_law(f.points, [](const Frontier::Point& p) { return p.params; });
  f.tokens =
      fit_power_law(f.points, [](const Frontier::Point& p) { return p.flops / training_flops(p.params, 1); });
  return f;
}

// A loss at some compute, of a model size.
struct Cell {
  double params, loss;
};

// The minimum of a parabola through the cells, where it lies between them.
void add_minimum(const std::vector<Cell>& cells, double flops, Points& points) {
  std::vector<double> log_n, loss;
  for (const Cell& c : cells) {
    log_n.push_back(std::log(c.params));
    loss.push_back(c.loss);
  }
  const Parabola p = fit_parabola(log_n, loss);
  if (!p.valid || p.c[2] <= 0) return;
  const auto [least, most] = std::ranges::minmax(log_n);
  if (p.turn() <= least || p.turn() >= most) return;
  points.push_back({flops, std::exp(p.turn()), p.c[0] + p.turn() * (p.c[1] + p.turn() * p.c[2])});
}

std::size_t distinct_sizes(std::span<const TrainingRun> runs) {
  std::vector<double> sizes;
  for (const TrainingRun& r : runs) sizes.push_back(r.params);
  std::ranges::sort(sizes);
  return static_cast<std::size_t>(std::unique(sizes.begin(), sizes.end()) - sizes.begin());
}

// The largest group of runs of nearly equal compute is taken out, again and again.
Points equal_compute(std::vector<TrainingRun> runs) {
  Points points;
  std::ranges::sort(runs, {}, &TrainingRun::flops);
  for (;;) {
    std::size_t first = 0, count = 0;
    for (std::size_t i = 0, end = 0; i < runs.size(); ++i) {
      while (end < runs.size() && runs[end].flops <= runs[i].flops * kSameCompute) ++end;
      if (end - i > count) first = i, count = end - i;
    }
    const auto group = std::span(runs).subspan(first, count);
    if (count < kFewestSizes) break;
    if (distinct_sizes(group) >= kFewestSizes) {
      std::vector<Cell> cells;
      std::vector<double> log_c;
      for (const TrainingRun& r : group) {
        cells.push_back({r.params, r.loss});
        log_c.push_back(std::log(r.flops));
      }
      add_minimum(cells, std::exp(mean(log_c)), points);
    }
    const auto at = runs.begin() + static_cast<std::ptrdiff_t>(first);
    runs.erase(at, at + static_cast<std::ptrdiff_t>(count));
  }
  return points;
}

// Loss of a size's runs (sorted by compute) at another compute; nothing outside them.
bool interpolate(const std::vector<TrainingRun>& runs, double flops, double* loss) {
  for (std::size_t i = 0; i + 1 < runs.size(); ++i) {
    const TrainingRun &a = runs[i], &b = runs[i + 1];
    if (flops < a.flops || flops > b.flops || a.flops == b.flops) continue;
    const double share = std::log(flops / a.flops) / std::log(b.flops / a.flops);
    *loss = a.loss * std::pow(b.loss / a.loss, share);
    return true;
  }
  return false;
}

Points interpolated_compute(std::span<const TrainingRun> runs) {
  std::map<double, std::vector<TrainingRun>> sizes;
  for (const TrainingRun& r : runs) sizes[r.params].push_back(r);
  for (auto& [params, of_size] : sizes) std::ranges::sort(of_size, {}, &TrainingRun::flops);
  const auto [least, most] = std::ranges::minmax(runs, {}, &TrainingRun::flops);
  Points points;
  for (int i = 0; i < kInterpolatedLevels; ++i) {
    const double flops = least.flops * std::pow(most.flops / least.flops, (i + 0.5) / kInterpolatedLevels);
    std::vector<Cell> cells;
    for (const auto& [params, of_size] : sizes) {
      Cell cell{params, 0};
      if (interpolate(of_size, flops, &cell.loss)) cells.push_back(cell);
    }
    if (cells.size() >= kFewestSizes) add_minimum(cells, flops, points);
  }
  return points;
}

}  // namespace

double PowerLaw::at(double x) const { return scale * std::pow(x, exponent); }

std::vector<TrainingRun> lower_envelope(std::span<const TrainingRun> runs, double TrainingRun::*size) {
  std::vector<TrainingRun> sorted(runs.begin(), runs.end()), envelope;
  std::ranges::sort(sorted, [&](const TrainingRun& a, const TrainingRun& b) {
    return a.*size != b.*size ? a.*size < b.*size : a.loss < b.loss;
  });
  for (const TrainingRun& r : sorted) {
    if (envelope.empty() || (r.loss < envelope.back().loss && r.*size > envelope.back().*size))
      envelope.push_back(r);
  }
  return envelope;
}

Frontier fit_envelope(std::span<const TrainingRun> runs) {
  Points points;
  for (const TrainingRun& r : lower_envelope(runs, &TrainingRun::flops))
    points.push_back({r.flops, r.params, r.loss});
  Frontier f = from_points(std::move(points), "runs on the envelope");
  if (f.problem.empty() && (f.params.exponent <= 0 || f.params.exponent >= 1))
    f.problem = fmt::format("N or D would fall with compute (N ~ C^{:.2f})", f.params.exponent);
  return f;
}

Frontier fit_isoflop(std::span<const TrainingRun> runs) {
  constexpr const char* kMinima = "groups of equal compute with a minimum between their model sizes";
  Frontier f = from_points(equal_compute({runs.begin(), runs.end()}), kMinima);
  if (f.problem.empty()) return f;
  f = from_points(interpolated_compute(runs), kMinima);
  f.interpolated = true;
  return f;
}

KaplanLaw fit_kaplan(std::span<const TrainingRun> runs, double TrainingRun::*size) {
  std::vector<double> log_x, log_l;
  for (const TrainingRun& r : lower_envelope(runs, size)) {
    log_x.push_back(std::log(r.*size));
    log_l.push_back(std::log(r.loss));
  }
  KaplanLaw law;
  law.runs = log_x.size();
  if (law.runs < kFewestPoints) {
    law.problem = fmt::format("{} runs on the envelope, a power law needs {}", law.runs, kFewestPoints);
    return law;
  }
  const Line line = fit_line(log_x, log_l);
  law.exponent = -line.slope;
  law.scale = std::exp(line.intercept / law.exponent);
  return law;
}

}  // namespace pith
