#include "analyse/scaling_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pith {
namespace {

constexpr double kWidth = 460, kHeight = 320, kLeft = 64, kTop = 36, kGap = 90, kBottom = 60;

// From a quantity to pixels, linearly or by its logarithm.
struct Axis {
  double low, high, first, last;  // in units of the quantity, and in pixels
  bool logarithmic;

  double at(double v) const {
    const double share = logarithmic ? std::log(v / low) / std::log(high / low) : (v - low) / (high - low);
    return first + share * (last - first);
  }

  std::vector<double> ticks() const {
    std::vector<double> values;
    if (logarithmic && high / low >= 20) {
      const int decades = static_cast<int>(std::log10(high / low)) / 6 + 1;
      for (double p = std::ceil(std::log10(low)); p <= std::log10(high); p += decades)
        values.push_back(std::pow(10, p));
      return values;
    }
    double step = std::pow(10, std::floor(std::log10(high - low)));
    while ((high - low) / step < 4) step /= 2;
    for (double v = std::ceil(low / step) * step; v <= high; v += step)
      values.push_back(std::abs(v) < step / 2 ? 0 : v);
    return values;
  }
};

Axis spanning(std::vector<double> values, double first, double last, bool logarithmic) {
  const auto [least, most] = std::ranges::minmax(values);
  if (logarithmic) {
    const double margin = std::max(1.02, std::pow(most / least, 0.05));
    return {least / margin, most * margin, first, last, true};
  }
  const double margin = std::max(1e-9, 0.05 * (most - least));
  return {least - margin, most + margin, first, last, false};
}

struct Panel {
  std::string title, y_label;
  Axis x, y;
};

std::string text(double x, double y, const char* anchor, const std::string& words) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, words);
}

std::string frame(const Panel& p) {
  const Axis &x = p.x, &y = p.y;
  std::string out = fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"none\" stroke=\"#444\"/>\n",
      x.first, y.last, x.last - x.first, y.first - y.last);
  out += text((x.first + x.last) / 2, y.last - 12, "middle", p.title);
  out += text((x.first + x.last) / 2, y.first + 40, "middle", "operations of training");
  out += text(x.first - 50, y.last - 12, "start", p.y_label);
  const auto grid = [](double x1, double y1, double x2, double y2) {
    return fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" stroke=\"#ddd\"/>\n", x1, y1, x2, y2);
  };
  for (const double v : x.ticks())
    out += grid(x.at(v), y.first, x.at(v), y.last) +
           text(x.at(v), y.first + 18, "middle", fmt::format("{:.3g}", v));
  for (const double v : y.ticks())
    out += grid(x.first, y.at(v), x.last, y.at(v)) +
           text(x.first - 6, y.at(v) + 4, "end", fmt::format("{:.3g}", v));
  return out;
}

// From blue (the smallest) over violet to orange (the largest).
std::string colour(double share) {
  const auto between = [&](double a, double b) { return static_cast<int>(a + share * (b - a)); };
  return fmt::format("rgb({},{},{})", between(40, 245), between(70, 140), between(200, 30));
}

}  // namespace

std::string plot_scaling(const ScalingReport& report) {
  std::vector<double> flops, loss, params, percent{0};
  for (const TrainingRun& r : report.runs) {
    flops.push_back(r.flops);
    loss.push_back(r.loss);
    params.push_back(r.params);
  }
  for (const double r : report.residuals) percent.push_back(100 * r);
  const auto x_axis = [&](double left) { return spanning(flops, left, left + kWidth, true); };
  const auto y_axis = [&](const std::vector<double>& values, bool logarithmic) {
    return spanning(values, kTop + kHeight, kTop, logarithmic);
  };
  const Panel panels[] = {
      {"runs, and the best loss by the law", "loss", x_axis(kLeft), y_axis(loss, true)},
      {"residuals", "% of the loss", x_axis(kLeft + kWidth + kGap), y_axis(percent, false)}};
  const Axis size = spanning(params, 0, 1, true);

  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"white\"/>\n",
      kLeft + 2 * kWidth + kGap + 20, kTop + kHeight + kBottom);
  for (const Panel& p : panels) out += frame(p);
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const TrainingRun& r = report.runs[i];
    const double values[] = {r.loss, percent[i + 1]};
    for (std::size_t k = 0; k < 2; ++k) {
      out += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"><title>N {:.3g}, D {:.3g}, loss {:.4g}"
          "</title></circle>\n",
          panels[k].x.at(r.flops), panels[k].y.at(values[k]), colour(size.at(r.params)), r.params, r.tokens,
          r.loss);
    }
  }
  std::string path;
  const auto& [title, label, x, y] = panels[0];
  constexpr int kSteps = 100;
  for (int i = 0; report.law.problem.empty() && i <= kSteps; ++i) {
    const double c = x.low * std::pow(x.high / x.low, static_cast<double>(i) / kSteps);
    const Allocation best = optimum_for_flops(report.law.law, c);
    const double l = report.law.law.loss(best.params, best.tokens);
    if (l < y.low || l > y.high) continue;
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x.at(c), y.at(l));
  }
  out += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"black\" stroke-width=\"1.5\"/>\n", path);
  out += text(kLeft + 10, kTop + kHeight - 10, "start",
              fmt::format("blue: {:.3g} parameters, orange: {:.3g}", std::ranges::min(params),
                          std::ranges::max(params)));
  return out + "</svg>\n";
}

}  // namespace pith
