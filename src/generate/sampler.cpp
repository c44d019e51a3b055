#include "generate/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace pith {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Logits looked at together when only those above a threshold matter: few enough that one hit costs little,
// enough that the maximum of all the others costs next to nothing.
constexpr std::size_t kBlock = 128;

// Calls body(id) for every logit above threshold(), in the order of ids. The threshold may rise meanwhile.
template <class Threshold, class Body>
void each_above(const Kernels& kernels, std::span<const float> logits, std::size_t first, Threshold threshold,
                Body body) {
  for (std::size_t at = first; at < logits.size(); at += kBlock) {
    const std::size_t end = std::min(at + kBlock, logits.size());
    if (!(kernels.max(logits.data() + at, static_cast<std::int64_t>(end - at)) > threshold())) continue;
    for (std::size_t i = at; i < end; ++i) {
      if (logits[i] > threshold()) body(static_cast<TokenId>(i));
    }
  }
}

bool has_nan(std::span<const float> x) {
  int found = 0;
  for (float value : x) found |= value != value;
  return found != 0;
}

// Keeps the first elements in the order of `before` that together have `mass`, in that order, without sorting
// the others.
template <class Candidates, class Before>
void keep_mass(Candidates& candidates, double mass, Before before) {
  const auto last = [&](const auto& a, const auto& b) { return before(b, a); };
  std::ranges::make_heap(candidates, last);
  auto kept = candidates.end();  // from here on, in reverse
  for (double sum = 0; kept != candidates.begin() && (kept == candidates.end() || sum < mass);) {
    std::pop_heap(candidates.begin(), kept, last);
    sum += (--kept)->p;
  }
  std::reverse(candidates.begin(), candidates.end());
  candidates.resize(static_cast<std::size_t>(candidates.end() - kept));
}

}  // namespace

void SamplingOptions::check(int vocab) const {
  struct Row {
    const char* name;
    double value, least, most;
    const char* expected;
  };
  constexpr double kAny = std::numeric_limits<float>::max();
  const Row rows[] = {
      {"repetition penalty", repetition_penalty, 1e-6, kAny, "a number above 0"},
      {"frequency penalty", frequency_penalty, -kAny, kAny, "a finite number"},
      {"presence penalty", presence_penalty, -kAny, kAny, "a finite number"},
      {"penalty window", static_cast<double>(penalty_window), 0, 1e18, "0 (all) or a number of tokens"},
      {"temperature", temperature, 0, kAny, "0 or a positive number"},
      {"top-k", static_cast<double>(top_k), 0, 1e18, "0 (all) or a number of tokens"},
      {"top-p", top_p, 0, 1, "a number from 0 to 1"},
      {"min-p", min_p, 0, 1, "a number from 0 to 1"},
      {"typical", typical, 0, 1, "a number from 0 to 1"},
  };
  for (const Row& row : rows) {
    if (!(row.value >= row.least && row.value <= row.most))  // NaN too
      fail_usage("{} is {}; expected {}", row.name, row.value, row.expected);
  }
  for (const auto& [id, bias] : logit_bias) {
    if (id < 0 || id >= vocab)
      fail_usage("logit bias for token {}; expected an id from 0 to {}", id, vocab - 1);
    if (!(bias < kInfinity))
      fail_usage("logit bias of token {} is {}; expected a finite number or -inf", id, bias);
  }
}

Sampler::Sampler(const Kernels& kernels, int vocab)
    : kernels_(kernels),
      logits_(static_cast<std::size_t>(vocab)),
      probabilities_(static_cast<std::size_t>(vocab)),
      counts_(static_cast<std::size_t>(vocab)) {}

// The logits without NaN, with bias and penalties; a copy only where something changes.
std::span<const float> Sampler::adjusted(std::span<const float> logits, const SamplingOptions& o,
                                         std::span<const TokenId> prompt, std::span<const TokenId> answer) {
  const bool penalties = o.repetition_penalty != 1 || o.frequency_penalty != 0 || o.presence_penalty != 0;
  const bool nan = has_nan(logits);
  if (!nan && !penalties && o.logit_bias.empty()) return logits;

  std::ranges::copy(logits, logits_.begin());
  if (nan)
    std::ranges::replace_if(
        logits_, [](float x) { return x != x; }, -kInfinity);
  for (const auto& [id, bias] : o.logit_bias) logits_[static_cast<std::size_t>(id)] += bias;
  if (!penalties) return logits_;

  if (o.penalty_window > 0) {
    const auto window = static_cast<std::size_t>(o.penalty_window);
    answer = answer.last(std::min(window, answer.size()));
    prompt = prompt.last(std::min(window - answer.size(), prompt.size()));
  }
  constexpr std::int32_t kSeen = 1 << 30;  // beside the count of times in the answer
  const auto count = [&](TokenId id) -> std::int32_t& { return counts_[static_cast<std::size_t>(id)]; };
  for (TokenId id : prompt) count(id) = kSeen;
  for (TokenId id : answer) count(id) = (count(id) | kSeen) + 1;
  for (std::span<const TokenId> part : {prompt, answer}) {
    for (TokenId id : part) {
      const std::int32_t found = std::exchange(count(id), 0);
      if (found == 0) continue;  // done before
      float& logit = logits_[static_cast<std::size_t>(id)];
      logit = logit > 0 ? logit / o.repetition_penalty : logit * o.repetition_penalty;
      if (const std::int32_t times = found & ~kSeen)
        logit -= static_cast<float>(times) * o.frequency_penalty + o.presence_penalty;
    }
  }
  return logits_;
}

// The k largest, largest first, of equal ones the smallest ids first.
void Sampler::take_best(std::span<const float> logits, std::int64_t k) {
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  };
  const std::size_t first = std::min(static_cast<std::size_t>(k), logits.size());
  candidates_.clear();
  for (std::size_t i = 0; i < first; ++i) candidates_.push_back({static_cast<TokenId>(i), logits[i]});
  if (first > 0) {
    std::ranges::make_heap(candidates_, better);  // the worst of them on top
    each_above(
        kernels_, logits, first, [&] { return candidates_.front().logit; },
        [&](TokenId id) {
          std::ranges::pop_heap(candidates_, better);
          candidates_.back() = {id, logits[static_cast<std::size_t>(id)]};
          std::ranges::push_heap(candidates_, better);
        });
  }
  std::ranges::sort(candidates_, better);
}

// Those that are not below the threshold, in the order of their ids.
void Sampler::take_above(std::span<const float> logits, float threshold) {
  candidates_.clear();
  each_above(
      kernels_, logits, 0, [below = std::nextafter(threshold, -kInfinity)] { return below; },
      [&](TokenId id) {
        candidates_.push_back({id, logits[static_cast<std::size_t>(id)]});
      });
}

TokenId Sampler::draw(double u) const {
  double left = 0;
  for (const Candidate& c : candidates_) left += c.p;
  left *= u;
  TokenId last = candidates_.front().id;
  for (const Candidate& c : candidates_) {
    if (c.p == 0) continue;
    last = c.id;
    if ((left -= c.p) < 0) break;
  }
  return last;
}

TokenId Sampler::sample(std::span<const float> raw, const SamplingOptions& o, std::span<const TokenId> prompt,
                        std::span<const TokenId> answer) {
  const std::span<const float> logits = adjusted(raw, o, prompt, answer);
  const auto vocab = static_cast<std::int64_t>(logits.size());
  const float max = kernels_.max(logits.data(), vocab);
  if (!std::isfinite(max)) fail("the largest of the logits is {}; expected a finite number", max);
  if (o.temperature == 0) return static_cast<TokenId>(std::ranges::find(logits, max) - logits.begin());

  // Weights are exp((logit - max) / temperature), so the most probable token has 1; they are divided by their
  // sum where a filter asks for probabilities. top-k, top-p and min-p all keep a beginning of the order by
  // probability, so what min-p drops need not be looked at for top-p, except in the sum.
  const float t = o.temperature;
  const bool all = o.top_k == 0 || o.top_k >= vocab;
  double total = 0;
  if (!all) {
    take_best(logits, o.top_k);
  } else {
    double least = o.min_p;
    if (o.top_p < 1) {
      std::ranges::transform(logits, probabilities_.begin(), [&](float x) { return (x - max) / t; });
      kernels_.softmax(probabilities_.data(), vocab);
      total = 1.0 / kernels_.max(probabilities_.data(), vocab);
      // All tokens that are less probable than (1 - top_p) / V have less than 1 - top_p together: they are
      // not among the most probable ones that have top_p. (Half of it, to be safe from rounding.)
      least = std::max(least, (1.0 - o.top_p) / 2 * total / static_cast<double>(vocab));
    }
    // A little lower, so that the exact comparison below decides.
    take_above(logits, least > 0 ? max + static_cast<float>(std::log(least) * t) - 1e-3f * (t + std::abs(max))
                                 : -std::numeric_limits<float>::max());
  }
  for (Candidate& c : candidates_) c.p = std::exp((c.logit - max) / t);
  const auto more_probable = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  };
  const auto sum = [&] {
    double s = 0;
    for (const Candidate& c : candidates_) s += c.p;
    return s;
  };

  if (o.top_p < 1) keep_mass(candidates_, o.top_p * (all ? total : sum()), more_probable);
  if (o.min_p > 0) std::erase_if(candidates_, [&](const Candidate& c) { return c.p < o.min_p; });
  if (o.typical < 1) {
    const double s = sum();
    double entropy = 0;
    for (const Candidate& c : candidates_) {
      if (c.p > 0) entropy -= c.p / s * std::log(c.p / s);
    }
    for (Candidate& c : candidates_) c.distance = static_cast<float>(std::abs(-std::log(c.p / s) - entropy));
    keep_mass(candidates_, o.typical * s, [&](const Candidate& x, const Candidate& y) {
      return x.distance != y.distance ? x.distance < y.distance : more_probable(x, y);
    });
  }
  return draw(uniform(o.seed, prompt.size() + answer.size()));
}

Logprobs Sampler::logprobs(std::span<const float> raw, TokenId id, int top) {
  const std::span<const float> logits = adjusted(raw, {}, {}, {});
  const auto vocab = static_cast<std::int64_t>(logits.size());
  const float max = kernels_.max(logits.data(), vocab);
  if (!std::isfinite(max)) fail("the largest of the logits is {}; expected a finite number", max);
  // The largest probability is 1 / sum of exp(logit - max).
  std::ranges::copy(logits, probabilities_.begin());
  kernels_.softmax(probabilities_.data(), vocab);
  const double log_sum = -std::log(static_cast<double>(kernels_.max(probabilities_.data(), vocab)));
  const auto logprob = [&](float logit) { return static_cast<float>(double{logit} - max - log_sum); };

  Logprobs result{logprob(logits[static_cast<std::size_t>(id)]), {}};
  take_best(logits, top);
  for (const Candidate& c : candidates_) result.top.push_back({c.id, logprob(c.logit)});
  return result;
}

double uniform(std::uint64_t seed, std::uint64_t position) {
  const std::array<std::uint32_t, 4> random =
      philox({static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32), 0, 0},
             {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return static_cast<double>((std::uint64_t{random[1]} << 32 | random[0]) >> 11) * 0x1p-53;
}

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0],
                        b = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9u, key[1] += 0xBB67AE85u;
  }
  return counter;
}

}  // namespace pith
