#include "analyse/expert_stats.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

std::uint64_t key_of(std::int32_t expert, std::int32_t token) {
  return static_cast<std::uint64_t>(expert) << 32 | static_cast<std::uint32_t>(token);
}

// Figures as people read them, and no longer than the counts justify.
double rounded(double x) { return std::round(x * 1e6) / 1e6; }

Json rows_of(std::span<const std::int64_t> counts, std::size_t width, double total) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < counts.size(); i += width) {
    Json& row = rows.emplace_back(Json::array());
    for (std::int64_t c : counts.subspan(i, width)) row.push_back(rounded(static_cast<double>(c) / total));
  }
  return rows;
}

}  // namespace

Balance balance_of(std::span<const std::int64_t> load) {
  const double n = static_cast<double>(load.size());
  const double sum = static_cast<double>(std::accumulate(load.begin(), load.end(), std::int64_t{0}));
  if (sum == 0) return {0, 0};
  double entropy = 0, squares = 0;
  for (std::int64_t l : load) {
    const double share = static_cast<double>(l) / sum;
    if (l > 0) entropy -= share * std::log2(share);
    squares += std::pow(share * n - 1, 2);
  }
  return {entropy, std::sqrt(squares / n)};
}

ExpertStats::ExpertStats(const Spec& spec) {
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const MoeSpec& m = spec.layers[i].ffn.moe;
    place_.push_back(static_cast<int>(layers_.size()));
    if (m.experts == 0) continue;
    const auto e = static_cast<std::size_t>(m.experts);
    Layer& l = layers_.emplace_back(Layer{.index = i, .experts = m.experts, .active = m.active});
    l.load.resize(e);
    l.weight.resize(e);
    l.together.resize(e * e);
  }
}

void ExpertStats::routed(std::size_t layer, std::span<const std::int32_t> tokens,
                         std::span<const std::int32_t> expert, std::span<const float> weight) {
  Layer& l = layers_[static_cast<std::size_t>(place_[layer])];
  if (&l == &layers_.front()) {
    tokens_ += std::ssize(tokens);
    for (std::int32_t t : tokens) ++seen_[t];
  }
  const auto active = static_cast<std::size_t>(l.active);
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    const auto chosen = expert.subspan(t * active, active);
    for (std::size_t i = 0; i < active; ++i) {
      const auto e = static_cast<std::size_t>(chosen[i]);
      ++l.load[e];
      l.weight[e] += weight[t * active + i];
      ++l.taken[key_of(chosen[i], tokens[t])];
      for (std::int32_t other : chosen) ++l.together[e * l.load.size() + static_cast<std::size_t>(other)];
    }
  }
}

std::vector<Speciality> ExpertStats::specialities(const Layer& layer, int expert, std::size_t most) const {
  struct Candidate {
    Speciality token;
    double excess;  // times beyond the expert's share of all tokens
  };
  const double share =
      static_cast<double>(layer.load[static_cast<std::size_t>(expert)]) / static_cast<double>(tokens_);
  std::vector<Candidate> all;
  for (const auto& [token, seen] : seen_) {
    const auto found = layer.taken.find(key_of(expert, token));
    if (found == layer.taken.end()) continue;
    const double expected = share * static_cast<double>(seen), count = static_cast<double>(found->second);
    if (count > expected) all.push_back({{token, found->second, count / expected}, count - expected});
  }
  std::ranges::sort(all, [](const Candidate& a, const Candidate& b) {
    return a.excess != b.excess ? a.excess > b.excess : a.token.token < b.token.token;
  });
  std::vector<Speciality> best;
  for (std::size_t i = 0; i < std::min(most, all.size()); ++i) best.push_back(all[i].token);
  return best;
}

Json ExpertStats::report(const std::string& model, std::size_t specialities_each,
                         const std::function<std::string(std::int32_t)>& piece) const {
  const double total = static_cast<double>(std::max<std::int64_t>(tokens_, 1));
  Json layers = Json::array();
  for (const Layer& l : layers_) {
    const auto experts = static_cast<std::size_t>(l.experts);
    Json weights = Json::array(), favourites = Json::array();
    for (std::size_t e = 0; e < experts; ++e) {
      weights.push_back(l.load[e] > 0 ? rounded(l.weight[e] / static_cast<double>(l.load[e])) : 0.0);
      Json& list = favourites.emplace_back(Json::array());
      for (const Speciality& s : specialities(l, static_cast<int>(e), specialities_each)) {
        Json& token = list.emplace_back(Json{{"token", s.token}});
        if (piece) token["piece"] = piece(s.token);
        token["count"] = s.count;
        token["lift"] = rounded(s.lift);
      }
    }
    const Balance balance = balance_of(l.load);
    layers.push_back({{"layer", l.index},
                      {"experts", l.experts},
                      {"active", l.active},
                      {"load", rows_of(l.load, experts, total)[0]},
                      {"weight", std::move(weights)},
                      {"entropy", rounded(balance.entropy)},
                      {"max_entropy", rounded(std::log2(static_cast<double>(l.experts)))},
                      {"variation", rounded(balance.variation)},
                      {"coactivation", rows_of(l.together, experts, total)},
                      {"specialities", std::move(favourites)}});
  }
  return {{"model", model}, {"tokens", tokens_}, {"layers", std::move(layers)}};
}

}  // namespace pith
