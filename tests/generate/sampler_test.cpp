// The sampler chain against a plain implementation of its definitions, and its draws against their
// probabilities.
#include "generate/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

#include "pith/error.h"

namespace pith {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Salmon et al.'s published known-answer vectors.
TEST(Philox, KnownAnswers) {
  using C = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (C{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (C{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (C{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Uniform, IsUniformOverSeedsAndPositions) {
  // Chi-square with 63 degrees of freedom: mean 63, standard deviation sqrt(126); 63 + 6 sqrt(126) = 130 is
  // passed by chance less than once in a million.
  for (const bool vary_seed : {false, true}) {
    std::array<int, 64> count{};
    constexpr int kDraws = 64'000;
    for (std::uint64_t i = 0; i < kDraws; ++i) {
      const double u = vary_seed ? uniform(i, 7) : uniform(7, i);
      ASSERT_GE(u, 0);
      ASSERT_LT(u, 1);
      ++count[static_cast<std::size_t>(u * 64)];
    }
    double chi = 0;
    for (int c : count) chi += std::pow(c - kDraws / 64.0, 2) / (kDraws / 64.0);
    EXPECT_LT(chi, 130);
  }
}

// The definitions, one after the other, with full sorts and doubles. The probability of each token.
std::vector<double> naive(std::span<const float> raw, const SamplingOptions& o, std::vector<TokenId> prompt,
                          std::vector<TokenId> answer) {
  std::vector<double> logits(raw.begin(), raw.end());
  for (const auto& [id, bias] : o.logit_bias) logits[static_cast<std::size_t>(id)] += bias;
  if (o.penalty_window > 0) {
    while (std::ssize(prompt) + std::ssize(answer) > o.penalty_window)
      (prompt.empty() ? answer : prompt).erase((prompt.empty() ? answer : prompt).begin());
  }
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto times = std::ranges::count(answer, static_cast<TokenId>(i));
    const auto before = std::ranges::count(prompt, static_cast<TokenId>(i));
    if (times + before > 0)
      logits[i] = logits[i] > 0 ? logits[i] / o.repetition_penalty : logits[i] * o.repetition_penalty;
    logits[i] -= static_cast<double>(times) * o.frequency_penalty + (times > 0 ? o.presence_penalty : 0);
  }
  const double max = std::ranges::max(logits);
  std::vector<double> p(logits.size());
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](auto a, auto b) { return logits[a] > logits[b]; });
  if (o.temperature == 0) {
    p[order[0]] = 1;
    return p;
  }
  for (std::size_t i = 0; i < p.size(); ++i) p[i] = std::exp((logits[i] - max) / o.temperature);
  const auto renormalise = [&] {
    const double sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& x : p) x /= sum;
  };
  const auto keep = [&](std::size_t n) {
    for (std::size_t i = n; i < order.size(); ++i) p[order[i]] = 0;
    renormalise();
  };
  const auto keep_mass = [&](double mass) {
    std::size_t n = 0;
    for (double sum = 0; n < order.size() && (n == 0 || sum < mass);) sum += p[order[n++]];
    keep(n);
  };
  renormalise();
  if (o.top_k > 0) keep(std::min(static_cast<std::size_t>(o.top_k), p.size()));
  if (o.top_p < 1) keep_mass(o.top_p);
  const double best = std::ranges::max(p);
  for (double& x : p) x = x < o.min_p * best ? 0 : x;
  renormalise();
  if (o.typical < 1) {
    double entropy = 0;
    for (double x : p) entropy -= x > 0 ? x * std::log(x) : 0;
    const auto distance = [&](std::size_t i) {
      return p[i] > 0 ? std::abs(-std::log(p[i]) - entropy) : 1e300;
    };
    std::ranges::stable_sort(order, [&](auto a, auto b) { return distance(a) < distance(b); });
    keep_mass(o.typical);
  }
  return p;
}

struct Case {
  const char* name;
  SamplingOptions options;
};

SamplingOptions plain() {
  SamplingOptions o;
  o.temperature = 1, o.top_k = 0, o.top_p = 1, o.min_p = 0;
  return o;
}
template <class F>
SamplingOptions with(F change) {
  SamplingOptions o = plain();
  change(o);
  return o;
}

const Case kCases[] = {
    {"plain", plain()},
    {"defaults", {}},
    {"greedy", with([](auto& o) { o.temperature = 0; })},
    {"cold", with([](auto& o) { o.temperature = 0.3f; })},
    {"hot", with([](auto& o) { o.temperature = 3; })},
    {"top_k", with([](auto& o) { o.top_k = 5; })},
    {"top_k of one", with([](auto& o) { o.top_k = 1; })},
    {"top_k beyond the vocabulary", with([](auto& o) { o.top_k = 5000; })},
    {"top_p", with([](auto& o) { o.top_p = 0.7f; })},
    {"top_p of none", with([](auto& o) { o.top_p = 0; })},
    {"min_p", with([](auto& o) { o.min_p = 0.2f; })},
    {"min_p of the best", with([](auto& o) { o.min_p = 1; })},
    {"typical", with([](auto& o) { o.typical = 0.5f; })},
    {"top_k, then top_p", with([](auto& o) { o.top_k = 6, o.top_p = 0.6f; })},
    {"top_p, then min_p", with([](auto& o) { o.top_p = 0.9f, o.min_p = 0.1f; })},
    {"min_p, then typical", with([](auto& o) { o.min_p = 0.05f, o.typical = 0.6f; })},
    {"hot, then top_p, min_p, typical",
     with([](auto& o) { o.temperature = 2, o.top_p = 0.95f, o.min_p = 0.02f, o.typical = 0.9f; })},
    {"bias", with([](auto& o) {
       o.logit_bias = {{3, 4.0f}, {17, -kInfinity}, {20, -2.0f}};
     })},
    {"repetition", with([](auto& o) { o.repetition_penalty = 1.7f; })},
    {"frequency", with([](auto& o) { o.frequency_penalty = 0.6f; })},
    {"presence", with([](auto& o) { o.presence_penalty = 1.5f; })},
    {"penalties in a window",
     with([](auto& o) { o.repetition_penalty = 1.5f, o.frequency_penalty = 0.5f, o.penalty_window = 5; })},
    {"penalties in a window within the answer",
     with([](auto& o) { o.repetition_penalty = 1.5f, o.frequency_penalty = 0.5f, o.penalty_window = 2; })},
    {"everything",
     {.logit_bias = {{1, 1.0f}},
      .repetition_penalty = 1.2f,
      .frequency_penalty = 0.2f,
      .presence_penalty = 0.1f,
      .temperature = 1.5f,
      .top_k = 12,
      .top_p = 0.9f,
      .min_p = 0.05f,
      .typical = 0.9f}},
};

const std::vector<TokenId> kPrompt = {1, 5, 5, 9, 30, 11, 2}, kAnswer = {5, 7, 7, 20};

std::vector<float> random_logits(int vocab, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> logits(static_cast<std::size_t>(vocab));
  for (float& x : logits) x = normal(random);
  return logits;
}

struct Chain : testing::TestWithParam<Case> {};

// Draws tokens with many seeds and compares how often each came with its probability, by chi-square over
// tokens that are expected at least five times (others together). A statistic of d degrees of freedom has
// mean d and standard deviation sqrt(2 d); by the Laurent-Massart bound it exceeds d + 2 sqrt(d x) + 2 x with
// probability below exp(-x); x = 16 makes a false alarm 1e-7. Forbidden tokens must never come.
TEST_P(Chain, DrawsFromTheDefinition) {
  constexpr int kVocab = 40, kDraws = 20'000;
  const std::vector<float> logits = random_logits(kVocab, 3);
  SamplingOptions options = GetParam().options;
  const std::vector<double> p = naive(logits, options, kPrompt, kAnswer);
  Sampler sampler(kernels(), kVocab);
  std::vector<int> count(kVocab);
  for (int i = 0; i < kDraws; ++i) {
    options.seed = static_cast<std::uint64_t>(i);
    ++count[static_cast<std::size_t>(sampler.sample(logits, options, kPrompt, kAnswer))];
  }
  double chi = 0, rare = 0, rare_count = 0;
  int cells = 0;
  const auto cell = [&](double found, double expected) {
    chi += std::pow(found - expected, 2) / expected, ++cells;
  };
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0) {
      EXPECT_EQ(count[i], 0) << "token " << i << " is filtered out";
    } else if (p[i] * kDraws < 5) {
      rare += p[i] * kDraws, rare_count += count[i];
    } else {
      cell(count[i], p[i] * kDraws);
    }
  }
  if (rare >= 5) cell(rare_count, rare);
  const double d = std::max(1, cells - 1), x = 16;
  EXPECT_LT(chi, d + 2 * std::sqrt(d * x) + 2 * x);
}

INSTANTIATE_TEST_SUITE_P(Options, Chain, testing::ValuesIn(kCases), [](const auto& row) {
  std::string name = row.param.name;
  std::erase_if(name, [](char c) { return c == ','; });
  std::ranges::replace(name, ' ', '_');
  return name;
});

// Large vocabularies take other ways to the candidates: the set of tokens that can come must be the same.
TEST(Sampler, KeepsTheSameTokensOfALargeVocabulary) {
  constexpr int kVocab = 50'000;
  const std::vector<float> logits = random_logits(kVocab, 11);
  Sampler sampler(kernels(), kVocab);
  for (const Case& c : kCases) {
    SamplingOptions options = c.options;
    const std::vector<double> p = naive(logits, options, kPrompt, kAnswer);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      options.seed = seed;
      const TokenId id = sampler.sample(logits, options, kPrompt, kAnswer);
      EXPECT_GT(p[static_cast<std::size_t>(id)], 0) << c.name << ", seed " << seed;
    }
  }
}

TEST(Sampler, ADrawDependsOnSeedAndPlaceAlone) {
  constexpr int kVocab = 500;
  const std::vector<float> logits = random_logits(kVocab, 5), others = random_logits(kVocab, 6);
  Sampler a(kernels(), kVocab), b(kernels(), kVocab);
  SamplingOptions options = plain();
  std::map<TokenId, int> by_place;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    options.seed = seed;
    const TokenId id = a.sample(logits, options, kPrompt, kAnswer);
    b.sample(others, options, {}, {});
    EXPECT_EQ(b.sample(logits, options, kPrompt, kAnswer), id);
    // The same length, cut elsewhere.
    EXPECT_EQ(b.sample(logits, options, kAnswer, kPrompt), id);
    ++by_place[b.sample(logits, options, kPrompt, {})];
  }
  EXPECT_GT(by_place.size(), 10u);
}

TEST(Sampler, GreedyTakesTheSmallestIdOfEquals) {
  std::vector<float> logits(300, -1.0f);
  logits[200] = logits[77] = logits[250] = 2.5f;
  Sampler sampler(kernels(), 300);
  SamplingOptions options;
  options.temperature = 0;
  EXPECT_EQ(sampler.sample(logits, options, {}, {}), 77);
  options.temperature = 1, options.top_k = 1;
  EXPECT_EQ(sampler.sample(logits, options, {}, {}), 77);
}

TEST(Sampler, NanIsNeverDrawnAndNothingFiniteIsAnError) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> logits(300, nan);
  logits[123] = -5, logits[200] = -kInfinity;
  Sampler sampler(kernels(), 300);
  for (const Case& c : kCases) EXPECT_EQ(sampler.sample(logits, c.options, {}, {}), 123) << c.name;
  EXPECT_FLOAT_EQ(sampler.logprobs(logits, 123, 2).logprob, 0);
  for (const float bad : {nan, kInfinity, -kInfinity}) {
    logits[123] = bad;
    EXPECT_THROW(sampler.sample(logits, {}, {}, {}), Error);
    EXPECT_THROW(sampler.logprobs(logits, 123, 2), Error);
  }
}

// A logit is exact, so the error of a log-probability is that of ln(sum exp): F32 exponentials and a sum are
// off by a few 2^-24, and so is rounding the difference, by 2^-24 of its size (below 32).
TEST(Sampler, LogProbabilitiesAreTheModelsOwn) {
  constexpr int kVocab = 1000;
  std::vector<float> logits = random_logits(kVocab, 2);
  logits[10] = logits[900] = 9.0f;
  double sum = 0;
  for (float x : logits) sum += std::exp(double{x});
  Sampler sampler(kernels(), kVocab);
  const Logprobs found = sampler.logprobs(logits, 42, 3);
  const double bound = 0x1p-24 * (32 + 64);
  EXPECT_NEAR(found.logprob, logits[42] - std::log(sum), bound);
  ASSERT_EQ(found.top.size(), 3u);
  EXPECT_EQ(found.top[0].id, 10);
  EXPECT_EQ(found.top[1].id, 900);
  for (const TokenLogprob& t : found.top)
    EXPECT_NEAR(t.logprob, logits[static_cast<std::size_t>(t.id)] - std::log(sum), bound);
  EXPECT_EQ(sampler.logprobs(logits, 42, kVocab).top.size(), static_cast<std::size_t>(kVocab));
}

TEST(SamplingOptions, RangesAreChecked) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto rejects = [](auto change, const char* message) {
    SamplingOptions o;
    change(o);
    try {
      o.check(100);
      ADD_FAILURE() << "accepted; expected: " << message;
    } catch (const UsageError& e) {
      EXPECT_STREQ(e.what(), message);
    }
  };
  SamplingOptions{}.check(100);
  rejects([](auto& o) { o.temperature = -1; }, "temperature is -1; expected 0 or a positive number");
  rejects([&](auto& o) { o.temperature = nan; }, "temperature is nan; expected 0 or a positive number");
  rejects([](auto& o) { o.top_k = -1; }, "top-k is -1; expected 0 (all) or a number of tokens");
  rejects([](auto& o) { o.top_p = 1.5f; }, "top-p is 1.5; expected a number from 0 to 1");
  rejects([](auto& o) { o.min_p = -0.5f; }, "min-p is -0.5; expected a number from 0 to 1");
  rejects([](auto& o) { o.typical = 2; }, "typical is 2; expected a number from 0 to 1");
  rejects([](auto& o) { o.repetition_penalty = 0; }, "repetition penalty is 0; expected a number above 0");
  rejects([](auto& o) { o.frequency_penalty = kInfinity; },
          "frequency penalty is inf; expected a finite number");
  rejects([&](auto& o) { o.presence_penalty = nan; }, "presence penalty is nan; expected a finite number");
  rejects([](auto& o) { o.penalty_window = -1; },
          "penalty window is -1; expected 0 (all) or a number of tokens");
  rejects(
      [](auto& o) {
        o.logit_bias = {{100, 1.0f}};
      },
      "logit bias for token 100; expected an id from 0 to 99");
  rejects(
      [&](auto& o) {
        o.logit_bias = {{5, nan}};
      },
      "logit bias of token 5 is nan; expected a finite number or -inf");
}

}  // namespace
}  // namespace pith
