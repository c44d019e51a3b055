#include "analyse/divergence.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

// Log probabilities, in double.
void log_softmax(std::span<const float> logits, std::vector<double>& out) {
  const double top = std::ranges::max(logits);
  double sum = 0;
  for (const float l : logits) sum += std::exp(l - top);
  if (!std::isfinite(sum)) fail("the largest of the logits is {}; expected a finite number", top);
  const double all = top + std::log(sum);
  out.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) out[i] = logits[i] - all;
}

void compare(std::span<const double> a, std::span<const double> b, std::size_t target, DivergenceSums& sums) {
  double kl = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double p = std::exp(a[i]);
    if (p > 0) kl += p * (a[i] - b[i]);
  }
  sums.kl.add(kl);
  sums.most = std::max(sums.most, kl);
  sums.a.add(-a[target]);
  sums.b.add(-b[target]);
  sums.difference.add(a[target] - b[target]);
  sums.same_top += std::ranges::max_element(a) - a.begin() == std::ranges::max_element(b) - b.begin();
}

Json to_json(const SurpriseSums& s) { return {s.tokens, s.sum, s.squares}; }

SurpriseSums sums_from(const Json& j) {
  return {j.at(0).get<std::int64_t>(), j.at(1).get<double>(), j.at(2).get<double>()};
}

}  // namespace

DivergenceSums& DivergenceSums::operator+=(const DivergenceSums& other) {
  kl += other.kl, a += other.a, b += other.b, difference += other.difference;
  same_top += other.same_top;
  most = std::max(most, other.most);
  return *this;
}

Json DivergenceSums::json() const {
  return {{"kl", to_json(kl)},    {"a", to_json(a)}, {"b", to_json(b)}, {"difference", to_json(difference)},
          {"same_top", same_top}, {"most", most}};
}

DivergenceSums DivergenceSums::from_json(const Json& j) {
  try {
    return {sums_from(j.at("kl")),
            sums_from(j.at("a")),
            sums_from(j.at("b")),
            sums_from(j.at("difference")),
            j.at("same_top").get<std::int64_t>(),
            j.at("most").get<double>()};
  } catch (const Json::exception&) {
    fail("expected a window's sums, found {}", printable(j.dump(), 60));
  }
}

DivergenceSums compare_window(Engine& a, Engine& b, const TextWindow& window) {
  DivergenceSums sums;
  const auto vocab = static_cast<std::size_t>(a.outputs());
  Sequence of_a = a.new_sequence(), of_b = b.new_sequence();
  const auto rows = static_cast<std::size_t>(std::min(a.options().logit_rows, b.options().logit_rows));
  std::span<const TokenId> tokens = window.tokens;
  const auto before = static_cast<std::size_t>(window.from - 1);
  a.prefill(of_a, tokens.first(before));
  b.prefill(of_b, tokens.first(before));
  std::vector<double> p, q;
  for (std::size_t at = before; at + 1 < tokens.size();) {
    const std::size_t n = std::min(rows, tokens.size() - 1 - at);
    const Chunk chunk_a{&of_a, tokens.subspan(at, n), WantLogits::All},
        chunk_b{&of_b, tokens.subspan(at, n), WantLogits::All};
    const std::span<const float> logits_a = a.step({&chunk_a, 1}), logits_b = b.step({&chunk_b, 1});
    for (std::size_t i = 0; i < n; ++i) {
      log_softmax(logits_a.subspan(i * vocab, vocab), p);
      log_softmax(logits_b.subspan(i * vocab, vocab), q);
      compare(p, q, static_cast<std::size_t>(tokens[at + i + 1]), sums);
    }
    at += n;
  }
  return sums;
}

}  // namespace pith
