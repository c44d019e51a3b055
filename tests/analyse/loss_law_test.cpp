// Optima against numerical minimisation, and published figures.
#include "analyse/loss_law.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "analyse/statistics.h"
#include "analyse/training_runs.h"
#include "base/error.h"

namespace pith {
namespace {

// The argument of least f between two bounds, by golden section over its logarithm.
double minimise_numerically(double low, double high, const std::function<double(double)>& f) {
  const double golden = (std::sqrt(5.0) - 1) / 2;
  double a = std::log(low), b = std::log(high);
  for (int i = 0; i < 200; ++i) {
    const double c = b - golden * (b - a), d = a + golden * (b - a);
    (f(std::exp(c)) < f(std::exp(d)) ? b : a) = f(std::exp(c)) < f(std::exp(d)) ? d : c;
  }
  return std::exp((a + b) / 2);
}

// Near a minimum f changes by less than its rounding within sqrt(epsilon) of the place, relative to the width
// of the valley, which is about 1 in log N: some 1e-7. A wrong formula is wrong by percents.
constexpr double kPlace = 1e-6;

class LossLaws : public ::testing::TestWithParam<std::size_t> {
 protected:
  const LossLaw& law() const { return published_laws()[GetParam()].law; }
};
INSTANTIATE_TEST_SUITE_P(Published, LossLaws, ::testing::Values(0, 1));

TEST_P(LossLaws, OptimumForComputeIsTheMinimum) {
  for (const double flops : {1e17, 5.76e23, 1e27}) {
    const double product = flops / 6;
    const double best = minimise_numerically(1e3, 1e15, [&](double n) { return law().loss(n, product / n); });
    const Allocation a = optimum_for_flops(law(), flops);
    EXPECT_NEAR(a.params / best, 1, kPlace);
    EXPECT_NEAR(a.params * a.tokens / product, 1, 1e-12);
  }
}

TEST_P(LossLaws, TheOtherThreeLieOnTheSameCurve) {
  const Allocation a = optimum_for_flops(law(), 1e22);
  const double loss = law().loss(a.params, a.tokens);
  for (const Allocation& b : {optimum_for_params(law(), a.params), optimum_for_tokens(law(), a.tokens),
                              optimum_for_loss(law(), loss)}) {
    EXPECT_NEAR(b.params / a.params, 1, 1e-9);
    EXPECT_NEAR(b.tokens / a.tokens, 1, 1e-9);
  }
  EXPECT_NEAR(tokens_for_loss(law(), a.params, loss) / a.tokens, 1, 1e-9);
  EXPECT_TRUE(std::isinf(tokens_for_loss(law(), a.params / 100, loss)));
}

TEST_P(LossLaws, LifetimeOptimumIsTheMinimum) {
  const Allocation trained = optimum_for_flops(law(), 1e23);
  const double loss = law().loss(trained.params, trained.tokens);
  for (const double tokens : {1e9, 1e12, 1e14, 1e17}) {
    const auto total = [&](double n) {
      return training_flops(n, tokens_for_loss(law(), n, loss)) + inference_flops(n, tokens);
    };
    // Below the least size the total is infinite, which misleads no comparison of two places.
    const double least = std::pow(law().A / (loss - law().E), 1 / law().alpha);
    const double best = minimise_numerically(least, trained.params * 2, total);
    const Allocation a = optimum_for_lifetime(law(), loss, tokens);
    EXPECT_NEAR(a.params / best, 1, kPlace) << tokens;
    EXPECT_NEAR(law().loss(a.params, a.tokens), loss, 1e-9);
    EXPECT_LT(a.params, trained.params);
  }
  EXPECT_NEAR(optimum_for_lifetime(law(), loss, 0).params / trained.params, 1, 1e-9);
}

TEST_P(LossLaws, ALossBelowTheIrreducibleOneIsAnError) {
  for (const double loss : {law().E, 1.0, -1.0}) {
    EXPECT_THROW(optimum_for_loss(law(), loss), Error);
    EXPECT_THROW(optimum_for_lifetime(law(), loss, 1e12), Error);
  }
}

// Hoffmann's printed constants do not give the paper's 40e9: that comes from unrounded ones.
TEST(LossLaw, PublishedConstantsAtGophersCompute) {
  const Allocation hoffmann = optimum_for_flops(published_laws()[0].law, 5.76e23),
                   besiroglu = optimum_for_flops(published_laws()[1].law, 5.76e23);
  EXPECT_NEAR(hoffmann.params, 32.2e9, 0.05e9);
  EXPECT_NEAR(besiroglu.params, 72.2e9, 0.05e9);
  EXPECT_NEAR(besiroglu.tokens, 1.329e12, 0.0005e12);
}

TEST(LossLaw, UncertaintyHasThePublishedErrors) {
  EXPECT_TRUE(published_uncertainty("hoffmann").empty());
  const std::vector<LossLaw> laws = published_uncertainty("besiroglu");
  ASSERT_EQ(laws.size(), 1000u);
  const auto error = [&](double LossLaw::*member) {
    std::vector<double> values;
    for (const LossLaw& l : laws) values.push_back(l.*member);
    return standard_deviation(values);
  };
  // The paper's; its own and this bootstrap agree to a few percent, 1,000 draws to a few more.
  EXPECT_NEAR(error(&LossLaw::A) / 124.5, 1, 0.25);
  EXPECT_NEAR(error(&LossLaw::E) / 0.0257, 1, 0.25);
  EXPECT_NEAR(error(&LossLaw::alpha) / 0.0154, 1, 0.25);
  EXPECT_NEAR(error(&LossLaw::beta) / 0.0206, 1, 0.25);
}

}  // namespace
}  // namespace pith
