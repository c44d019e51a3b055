// How loss falls with parameters and data: L(N, D) = E + A / N^alpha + B / D^beta (Hoffmann et al. 2022,
// arXiv:2203.15556, approach 3), and what follows from it for training and for serving.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pith {

struct LossLaw {
  double E = 0;         ///< the loss that no model goes below: the entropy of the text
  double A = 0, B = 0;  ///< of what too few parameters, and too little data, add
  double alpha = 0, beta = 0;

  double loss(double params, double tokens) const;
};

/// The constants of a paper.
struct PublishedLaw {
  std::string_view name;    ///< "hoffmann"
  std::string_view source;  ///< authors, year, where
  LossLaw law;
};
std::span<const PublishedLaw> published_laws();

/// Laws that resampled runs might have given: the uncertainty of `name`d constants. Empty where none was
/// published. Besiroglu et al. print standard errors without their correlations; these draws have the
/// covariance that fitting resamples of the same 240 runs gives here.
std::vector<LossLaw> published_uncertainty(std::string_view name);

struct Allocation {
  double params, tokens;
};

// The optimum, where a step of compute buys as much through parameters as through data:
// alpha A / N^alpha = beta B / D^beta. All four are exact.
Allocation optimum_for_flops(const LossLaw& law, double flops);
Allocation optimum_for_params(const LossLaw& law, double params);
Allocation optimum_for_tokens(const LossLaw& law, double tokens);
/// Throws Error where the loss is not above E.
Allocation optimum_for_loss(const LossLaw& law, double loss);

/// Tokens that a model of this size needs for the loss; infinite where it is too small.
double tokens_for_loss(const LossLaw& law, double params, double loss);

/// The model that reaches `loss` and serves `inference_tokens` with the fewest operations in all, 6 N D + 2 N
/// T (Sardana et al. 2023, arXiv:2401.00448). Throws Error where the loss is not above E.
Allocation optimum_for_lifetime(const LossLaw& law, double loss, double inference_tokens);

}  // namespace pith
