// Proximal policy optimisation (Schulman et al. 2017, arXiv:1707.06347) of answers, token by token: the
// arithmetic, apart from models and files. Numbers of one answer are spans over its tokens.
#pragma once

#include <span>
#include <vector>

namespace pith::lab {

/// Generalised advantage estimation (Schulman et al. 2015, arXiv:1506.02438) backwards over an answer:
/// delta_t = r_t + gamma V_{t+1} - V_t, A_t = delta_t + gamma lambda A_{t+1}; nothing comes behind the end.
std::vector<double> advantages(std::span<const double> rewards, std::span<const double> values, double gamma,
                               double lambda);

/// To mean 0 and deviation 1 over all answers of an iteration.
void whiten(std::span<std::vector<double>> advantages);

/// -min(ratio A, clamp(ratio, 1 - clip, 1 + clip) A) with ratio = exp(log_p - old_log_p), and its slope by
/// log_p.
struct PolicyLoss {
  PolicyLoss(double log_p, double old_log_p, double advantage, double clip);
  double value, slope;
  bool clipped;
};

/// max((v - R)^2, (clamp(v, old - clip, old + clip) - R)^2) / 2 and its slope by v.
struct ValueLoss {
  ValueLoss(double value, double old_value, double target, double clip);
  double loss, slope;
};

/// The coefficient of the KL penalty follows a target (Ziegler et al. 2019, arXiv:1909.08593): it grows by at
/// most 20 % of answers / horizon where the KL is too large, and shrinks so where it is too small.
double adapted_coefficient(double coefficient, double kl, double target, double answers, double horizon);

}  // namespace pith::lab
