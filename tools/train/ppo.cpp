#include "train/ppo.h"

#include <algorithm>
#include <cmath>

namespace pith::lab {

std::vector<double> advantages(std::span<const double> rewards, std::span<const double> values, double gamma,
                               double lambda) {
  std::vector<double> out(rewards.size());
  double next_value = 0, next_advantage = 0;
  for (std::size_t t = rewards.size(); t-- > 0;) {
    const double delta = rewards[t] + gamma * next_value - values[t];
    next_advantage = out[t] = delta + gamma * lambda * next_advantage;
    next_value = values[t];
  }
  return out;
}

void whiten(std::span<std::vector<double>> all) {
  double count = 0, sum = 0, squares = 0;
  for (const std::vector<double>& one : all) {
    count += static_cast<double>(one.size());
    for (const double a : one) sum += a;
  }
  const double mean = sum / count;
  for (const std::vector<double>& one : all) {
    for (const double a : one) squares += (a - mean) * (a - mean);
  }
  const double deviation = std::sqrt(squares / count) + 1e-8;
  for (std::vector<double>& one : all) {
    for (double& a : one) a = (a - mean) / deviation;
  }
}

PolicyLoss::PolicyLoss(double log_p, double old_log_p, double advantage, double clip) {
  const double ratio = std::exp(log_p - old_log_p);
  const double bounded = std::clamp(ratio, 1 - clip, 1 + clip);
  clipped = bounded * advantage < ratio * advantage;
  value = -std::min(ratio * advantage, bounded * advantage);
  slope = clipped ? 0 : -ratio * advantage;  // d ratio / d log_p = ratio
}

ValueLoss::ValueLoss(double value, double old_value, double target, double clip) {
  const double bounded = std::clamp(value, old_value - clip, old_value + clip);
  const double free = (value - target) * (value - target), held = (bounded - target) * (bounded - target);
  loss = std::max(free, held) / 2;
  slope = free >= held ? value - target : 0;
}

double adapted_coefficient(double coefficient, double kl, double target, double answers, double horizon) {
  return coefficient * (1 + std::clamp(kl / target - 1, -0.2, 0.2) * answers / horizon);
}

}  // namespace pith::lab
