#include "train/adamw.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "train/net/ops.h"

namespace pith::lab {

AdamSettings read_adam(const Config& config) {
  return {.beta1 = config.number("beta1", 0, 0.9999),
          .beta2 = config.number("beta2", 0, 0.999999),
          .eps = config.number("eps", 1e-15, 1e-3),
          .decay = config.number("decay", 0, 10),
          .clip = config.number("clip", 1e-6, 1e9)};
}

const ParameterTensor* first_not_finite(const Layout& layout, std::span<const float> values) {
  const auto bad = std::ranges::find_if(values, [](float x) { return !std::isfinite(x); });
  return bad == values.end() ? nullptr : &layout.at(bad - values.begin());
}

AdamW::AdamW(const Layout& layout, const AdamSettings& settings)
    : layout_(layout),
      settings_(settings),
      first_(static_cast<std::size_t>(layout.size)),
      second_(first_.size()) {}

// A sum for each tensor, then over the tensors in order: the same for any number of threads.
double AdamW::norm(Team& team, std::span<const float> gradient) const {
  std::vector<double> squares(layout_.tensors.size());
  team.run(team.size(), [&](Worker& worker) {
    worker.parallel_for(std::ssize(squares), 1, [&](std::int64_t t, std::int64_t) {
      const ParameterTensor& tensor = layout_.tensors[t];
      squares[t] = ops<float>().sum_of_squares(gradient.data() + tensor.offset, tensor.size());
    });
  });
  for (std::size_t t = 0; t < squares.size(); ++t) {
    if (!std::isfinite(squares[t])) fail("the gradient of {} is not finite", layout_.tensors[t].name);
  }
  return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
}

double AdamW::step(Team& team, std::span<float> parameters, std::span<const float> gradient, double rate) {
  const double length = norm(team, gradient);
  ++steps_;
  const auto correction = [&](double beta) {
    return static_cast<float>(1 / (1 - std::pow(beta, static_cast<double>(steps_))));
  };
  Ops<float>::AdamStep step{};
  step.rate = static_cast<float>(rate);
  step.beta1 = static_cast<float>(settings_.beta1);
  step.beta2 = static_cast<float>(settings_.beta2);
  step.eps = static_cast<float>(settings_.eps);
  step.correction1 = correction(settings_.beta1);
  step.correction2 = correction(settings_.beta2);
  step.gradient_scale = static_cast<float>(length > settings_.clip ? settings_.clip / length : 1);
  team.run(team.size(), [&](Worker& worker) {
    worker.parallel_for(std::ssize(layout_.tensors), 1, [&](std::int64_t t, std::int64_t) {
      const ParameterTensor& tensor = layout_.tensors[t];
      if (tensor.offset < settings_.frozen) return;
      Ops<float>::AdamStep mine = step;
      mine.decay = static_cast<float>(tensor.matrix ? settings_.decay : 0);
      ops<float>().adam(parameters.data() + tensor.offset, first_.data() + tensor.offset,
                        second_.data() + tensor.offset, gradient.data() + tensor.offset, mine, tensor.size());
    });
  });
  return length;
}

void AdamW::restore(std::int64_t steps, std::span<const float> first, std::span<const float> second) {
  steps_ = steps;
  first_.assign(first.begin(), first.end());
  second_.assign(second.begin(), second.end());
}

}  // namespace pith::lab
