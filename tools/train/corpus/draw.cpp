#include "train/corpus/draw.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace pith::lab {
namespace {

// Sebastiano Vigna's splitmix64 (public domain): one step of the finaliser.
std::uint64_t finalise(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15u;

}  // namespace

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return finalise(h);
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) { return finalise(a * kStep + finalise(b + kStep)); }

std::uint64_t Draw::next() { return finalise(state_ += kStep); }

double Draw::unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

std::size_t Draw::below(std::size_t n) {
  nats_ += std::log(static_cast<double>(n));
  return static_cast<std::size_t>(unit() * static_cast<double>(n));
}

bool Draw::chance(double p) {
  const bool yes = unit() < p;
  if (p > 0 && p < 1) nats_ -= std::log(yes ? p : 1 - p);
  return yes;
}

std::size_t Draw::weighted(std::span<const double> weights) {
  double total = 0;
  for (const double w : weights) total += w;
  double left = unit() * total;
  std::size_t i = 0;
  while (i + 1 < weights.size() && left >= weights[i]) left -= weights[i++];
  nats_ -= std::log(weights[i] / total);
  return i;
}

std::size_t Draw::zipf(std::size_t n, double exponent) {
  // Cumulative weights of the distributions in use: few, and drawn from often.
  thread_local std::map<std::pair<std::size_t, double>, std::vector<double>> known;
  std::vector<double>& sums = known[{n, exponent}];
  if (sums.empty()) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      sums.push_back(sum += std::pow(static_cast<double>(i + 1), -exponent));
    }
  }
  const auto at = std::ranges::upper_bound(sums, unit() * sums.back());
  const auto i = std::min(static_cast<std::size_t>(at - sums.begin()), n - 1);
  nats_ -= std::log((sums[i] - (i == 0 ? 0 : sums[i - 1])) / sums.back());
  return i;
}

}  // namespace pith::lab
