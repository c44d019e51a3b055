#include "analyse/choice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/utf8.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

std::size_t best(std::span<const double> scores) {
  return static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
}

std::vector<double> softmax(std::span<const double> log_likelihood) {
  const double top = std::ranges::max(log_likelihood);
  std::vector<double> p;
  double sum = 0;
  for (const double l : log_likelihood) sum += p.emplace_back(std::exp(l - top));
  for (double& v : p) v /= sum;
  return p;
}

// What an item adds to the calibration error.
struct Confidence {
  double probability;
  bool right;
};

double calibration_error(std::span<const Confidence> items) {
  constexpr std::size_t kBins = 10;
  std::array<double, kBins> distance{};  // of confidence less accuracy, summed
  for (const Confidence& c : items) {
    const auto bin = std::min(kBins - 1, static_cast<std::size_t>(c.probability * kBins));
    distance[bin] += c.probability - (c.right ? 1 : 0);
  }
  double sum = 0;
  for (const double d : distance) sum += std::abs(d);
  return sum / static_cast<double>(items.size());
}

MeanEstimate estimate_calibration(std::span<const Confidence> items) {
  constexpr std::int64_t kResamples = 1000;
  MeanEstimate e;
  e.n = std::ssize(items);
  if (e.n == 0) return e;
  e.value = calibration_error(items);
  std::vector<double> values;
  std::vector<Confidence> drawn(items.size());
  for (std::int64_t k = 0; k < kResamples; ++k) {
    for (std::int64_t i = 0; i < e.n; ++i)
      drawn[static_cast<std::size_t>(i)] = items[static_cast<std::size_t>(resampled(0, k, i, e.n))];
    values.push_back(calibration_error(drawn));
  }
  e.error = standard_deviation(values);
  e.interval = middle_95(std::move(values));
  return e;
}

}  // namespace

std::int64_t count_characters(std::string_view text) {
  std::int64_t n = 0;
  for (; !text.empty(); ++n) text.remove_prefix(decode_utf8(text).length);
  return n;
}

Json ChoiceResult::json() const {
  return {{"answer", answer}, {"log_likelihood", log_likelihood}, {"characters", characters}};
}

ChoiceResult ChoiceResult::from_json(const Json& j) {
  try {
    ChoiceResult r{j.at("answer").get<std::size_t>(), j.at("log_likelihood").get<std::vector<double>>(),
                   j.at("characters").get<std::vector<std::int64_t>>()};
    if (r.answer < r.log_likelihood.size() && r.characters.size() == r.log_likelihood.size()) return r;
  } catch (const Json::exception&) {
  }
  fail("expected a choice's result, found {}", printable(j.dump(), 60));
}

ChoiceReport report_choices(std::span<const ChoiceResult> results) {
  std::int64_t right = 0, right_norm = 0;
  std::vector<double> brier, log_probability;
  std::vector<Confidence> confidence;
  for (const ChoiceResult& r : results) {
    std::vector<double> norm = r.log_likelihood;
    for (std::size_t i = 0; i < norm.size(); ++i) norm[i] /= static_cast<double>(r.characters[i]);
    const std::size_t taken = best(r.log_likelihood);
    right += taken == r.answer;
    right_norm += best(norm) == r.answer;
    const std::vector<double> p = softmax(r.log_likelihood);
    confidence.push_back({p[taken], taken == r.answer});
    double squares = 0;
    for (std::size_t i = 0; i < p.size(); ++i) squares += std::pow(p[i] - (i == r.answer ? 1 : 0), 2);
    brier.push_back(squares);
    log_probability.push_back(std::log(p[r.answer]));
  }
  const std::int64_t n = std::ssize(results);
  return {estimate_share(right, n), estimate_share(right_norm, n), estimate_calibration(confidence),
          estimate_mean(brier), estimate_mean(log_probability)};
}

}  // namespace pith
