#include "analyse/loss_law.h"

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "analyse/training_runs.h"
#include "base/error.h"
#include "generate/sampler.h"

namespace pith {
namespace {

constexpr PublishedLaw kPublished[] = {
    {"hoffmann",
     "Hoffmann et al. 2022, arXiv:2203.15556, equation 10",
     {.E = 1.69, .A = 406.4, .B = 410.7, .alpha = 0.34, .beta = 0.28}},
    {"besiroglu",
     "Besiroglu et al. 2024, arXiv:2404.10102",
     {.E = 1.8172, .A = 482.01, .B = 2085.43, .alpha = 0.3478, .beta = 0.3658}},
};

constexpr std::size_t kConstants = 5;
// Cholesky factor of the covariance of (log A, log B, log E, alpha, beta) over the 4,000 resamples of
// `pith plan fit --exclude 5` on the runs of figure 4 of Hoffmann et al. 2022, which is what Besiroglu et al.
// fitted.
constexpr double kFactor[kConstants][kConstants] = {
    {0.255363, 0, 0, 0, 0},
    {-0.10687, 0.406398, 0, 0, 0},
    {0.00818619, 0.0109494, 0.00293656, 0, 0},
    {0.0152097, -0.000174987, 0.000219942, 0.000482637, 0},
    {-0.00533863, 0.0198388, 0.000255838, -0.000408788, 0.00015183},
};

// Two numbers of a standard normal distribution (Box and Muller 1958).
std::array<double, 2> normals(std::uint64_t position) {
  const double radius = std::sqrt(-2 * std::log(1 - uniform(0, 2 * position))),
               angle = 2 * std::numbers::pi * uniform(0, 2 * position + 1);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

// alpha A / N^alpha, which is beta B / D^beta at the optimum, makes up this much of L - E.
double marginal(const LossLaw& law, double loss) {
  if (!(loss > law.E))
    fail("a loss of {:.4g} cannot be reached: by these constants none goes below E = {:.4g}", loss, law.E);
  return (loss - law.E) / (1 / law.alpha + 1 / law.beta);
}

}  // namespace

double LossLaw::loss(double params, double tokens) const {
  return E + A / std::pow(params, alpha) + B / std::pow(tokens, beta);
}

std::span<const PublishedLaw> published_laws() { return kPublished; }

std::vector<LossLaw> published_uncertainty(std::string_view name) {
  constexpr std::uint64_t kDraws = 1000;
  std::vector<LossLaw> laws;
  if (name != "besiroglu") return laws;
  const LossLaw& middle = kPublished[1].law;
  for (std::uint64_t k = 0; k < kDraws; ++k) {
    std::array<double, kConstants + 1> z;
    for (std::uint64_t i = 0; i < z.size(); i += 2) {
      const auto pair = normals(k * z.size() + i);
      z[i] = pair[0], z[i + 1] = pair[1];
    }
    std::array<double, kConstants> shift{};
    for (std::size_t i = 0; i < kConstants; ++i) {
      for (std::size_t j = 0; j <= i; ++j) shift[i] += kFactor[i][j] * z[j];
    }
    laws.push_back({.E = middle.E * std::exp(shift[2]),
                    .A = middle.A * std::exp(shift[0]),
                    .B = middle.B * std::exp(shift[1]),
                    .alpha = middle.alpha + shift[3],
                    .beta = middle.beta + shift[4]});
  }
  return laws;
}

Allocation optimum_for_flops(const LossLaw& law, double flops) {
  const double product = flops / training_flops(1, 1);  // N D
  const double ratio = std::pow(law.alpha * law.A / (law.beta * law.B), 1 / (law.alpha + law.beta));
  const double params = ratio * std::pow(product, law.beta / (law.alpha + law.beta));
  return {params, product / params};
}

Allocation optimum_for_params(const LossLaw& law, double params) {
  const double m = law.alpha * law.A / std::pow(params, law.alpha);
  return {params, std::pow(law.beta * law.B / m, 1 / law.beta)};
}

Allocation optimum_for_tokens(const LossLaw& law, double tokens) {
  const double m = law.beta * law.B / std::pow(tokens, law.beta);
  return {std::pow(law.alpha * law.A / m, 1 / law.alpha), tokens};
}

Allocation optimum_for_loss(const LossLaw& law, double loss) {
  const double m = marginal(law, loss);
  return {std::pow(law.alpha * law.A / m, 1 / law.alpha), std::pow(law.beta * law.B / m, 1 / law.beta)};
}

double tokens_for_loss(const LossLaw& law, double params, double loss) {
  const double rest = loss - law.E - law.A / std::pow(params, law.alpha);
  return rest > 0 ? std::pow(law.B / rest, 1 / law.beta) : std::numeric_limits<double>::infinity();
}

// With a(N) = A / N^alpha and b = B / D^beta = L - E - a, the total's derivative by log N, divided by 6 N, is
// D (1 - alpha a / (beta b)) + T / 3: it rises with N, from minus infinity where the model is just large
// enough, and is positive at the optimum of training alone.
Allocation optimum_for_lifetime(const LossLaw& law, double loss, double inference_tokens) {
  double high = std::log(optimum_for_loss(law, loss).params);
  double low = std::log(law.A / (loss - law.E)) / law.alpha;  // with infinitely many tokens
  while (high - low > 1e-13 * high) {
    const double middle = low + (high - low) / 2, params = std::exp(middle);
    const double tokens = tokens_for_loss(law, params, loss);
    const double a = law.A / std::pow(params, law.alpha), b = loss - law.E - a;
    const bool rises = b > 0 && tokens * (1 - law.alpha * a / (law.beta * b)) + inference_tokens / 3 > 0;
    (rises ? high : low) = middle;
  }
  const double params = std::exp(high);
  return {params, tokens_for_loss(law, params, loss)};
}

}  // namespace pith
