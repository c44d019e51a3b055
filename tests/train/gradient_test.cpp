// The hand-written backward passes against finite differences, in float64.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "train/small_networks.h"

namespace pith::lab {
namespace {

// A loss with everything in it: weighted cross-entropy, a number a position, the balance of the experts.
struct Problem {
  Shape shape;
  Batch batch = test_batch({70, 5, 1, 64}, shape.vocab);  // across, below and at the end of query blocks
  std::vector<std::int32_t> targets = next_tokens(batch);
  std::vector<double> weights, values;
  static constexpr double kBalance = 0.01;

  explicit Problem(const Shape& s) : shape(s) {
    for (std::int64_t r = 0; r < batch.rows(); ++r) {
      weights.push_back(0.02 * (pseudo_random(7'000 + static_cast<std::uint64_t>(r)) + 0.6));
      values.push_back(0.05 * pseudo_random(9'000 + static_cast<std::uint64_t>(r)));
    }
  }

  double loss(Network<double>& network, const std::vector<double>& parameters, double* gradient) const {
    network.forward(parameters.data(), batch);
    double sum = cross_entropy(network, parameters.data(), gradient, targets, weights);
    for (std::int64_t r = 0; r < batch.rows(); ++r) {
      sum += values[r] * scalar_head(network, parameters.data(), r);
      if (gradient) scalar_head_backward(network, parameters.data(), gradient, r, values[r]);
    }
    if (shape.mixture()) sum += kBalance * network.imbalance();
    if (gradient) network.backward(parameters.data(), gradient, kBalance);
    return sum;
  }
};

// Central differences of fourth order: their error is h^4 / 30 times the fifth derivative, and rounding adds
// about eps |loss| / h = 1e-12, which sums of a few hundred terms amplify. The gradients here are of the
// order of 1e-3 to 1. The step is small enough that no row of these mixtures changes its experts, where the
// loss has a jump.
constexpr double kStep = 1e-4, kTolerance = 1e-9;

void check_gradients(const Shape& shape) {
  const Problem problem(shape);
  Network<double> network(shape, problem.batch.rows());
  const Layout& layout = network.layout();
  std::vector<double> parameters = test_parameters<double>(layout), gradient(parameters.size());
  problem.loss(network, parameters, gradient.data());

  for (const ParameterTensor& t : layout.tensors) {
    std::set<std::int64_t> places;
    for (std::uint64_t k = 0; k < 6; ++k)
      places.insert(t.offset +
                    static_cast<std::int64_t>((pseudo_random(k + 77) + 0.5) * static_cast<double>(t.size())));
    for (const std::int64_t i : places) {
      const double here = parameters[i];
      const auto at = [&](double offset) {
        parameters[i] = here + offset * kStep;
        return problem.loss(network, parameters, nullptr);
      };
      const double numeric = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * kStep);
      parameters[i] = here;
      EXPECT_NEAR(gradient[i], numeric, kTolerance) << t.name << " [" << i - t.offset << "]";
    }
  }
}

TEST(Gradient, DenseAgainstFiniteDifferences) { check_gradients(dense_shape()); }

TEST(Gradient, MixtureAgainstFiniteDifferences) { check_gradients(mixture_shape()); }

TEST(Gradient, BackwardAddsToWhatIsThere) {
  const Problem problem(dense_shape());
  Network<double> network(problem.shape, problem.batch.rows());
  const std::vector<double> parameters = test_parameters<double>(network.layout());
  std::vector<double> once(parameters.size()), twice(parameters.size());
  problem.loss(network, parameters, once.data());
  problem.loss(network, parameters, twice.data());
  problem.loss(network, parameters, twice.data());
  for (std::size_t i = 0; i < once.size(); ++i) ASSERT_NEAR(twice[i], 2 * once[i], 1e-14);
}

// Rows of other sequences do not exist for a sequence: alone it has the same hidden states.
TEST(Gradient, SequencesOfABatchDoNotSeeEachOther) {
  const Shape shape = dense_shape();
  const Batch batch = test_batch({70, 5, 64}, shape.vocab);
  Network<double> network(shape, batch.rows()), alone(shape, batch.rows());
  const std::vector<double> parameters = test_parameters<double>(network.layout());
  network.forward(parameters.data(), batch);
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    Batch one;
    one.add(std::span(batch.tokens).subspan(batch.begin[s], batch.length(s)));
    alone.forward(parameters.data(), one);
    for (std::int64_t i = 0; i < one.rows() * shape.width; ++i)
      ASSERT_NEAR(alone.hidden()[i], network.hidden()[batch.begin[s] * shape.width + i], 1e-12);
  }
}

// The upper layers alone, on what the lower ones made of the batch before.
TEST(Gradient, LayersBelowTheFirstTrainedOne) {
  const Shape shape = dense_shape();
  const Problem problem(shape);
  Network<double> network(shape, problem.batch.rows());
  const auto trained = static_cast<std::size_t>(network.layout().layers[1].attn_norm);
  const std::vector<double> p = test_parameters<double>(network.layout());
  std::vector<double> q = p, whole(p.size()), upper(p.size());
  for (std::size_t i = trained; i < q.size(); ++i) q[i] *= 1.01;
  const auto descend = [&](std::vector<double>& gradient, std::size_t first) {
    for (std::int64_t r = 0; r < problem.batch.rows(); ++r)
      scalar_head_backward(network, q.data(), gradient.data(), r, problem.values[r]);
    network.backward(q.data(), gradient.data(), 0, first);
  };
  network.forward(q.data(), problem.batch);
  descend(whole, 0);
  network.forward(p.data(), problem.batch);
  network.forward_again(q.data(), 1);
  descend(upper, 1);
  for (std::size_t i = 0; i < p.size(); ++i) ASSERT_EQ(upper[i], i < trained ? 0 : whole[i]) << i;
  EXPECT_NE(whole[0], 0);
}

// float and double take the same path; float's rounding errors stay within 1e-7 times a few thousand
// operations of like sign.
TEST(Gradient, FloatAgainstDouble) {
  for (const Shape& shape : {dense_shape(), mixture_shape()}) {
    const Batch batch = test_batch({70, 5, 64}, shape.vocab);
    const std::vector<std::int32_t> targets = next_tokens(batch);
    Network<double> exact(shape, batch.rows());
    Network<float> rounded(shape, batch.rows());
    const std::vector<float> p = test_parameters<float>(rounded.layout());
    const std::vector<double> q(p.begin(), p.end());
    std::vector<float> g(p.size()), w(targets.size(), 0.01f);
    std::vector<double> h(p.size()), v(targets.size(), static_cast<double>(0.01f));
    exact.forward(q.data(), batch);
    rounded.forward(p.data(), batch);
    const double loss = cross_entropy(exact, q.data(), h.data(), targets, v);
    EXPECT_NEAR(cross_entropy(rounded, p.data(), g.data(), targets, w), loss, 1e-5 * loss);
    exact.backward(q.data(), h.data());
    rounded.backward(p.data(), g.data());
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < h.size(); ++i) {
      difference += (h[i] - g[i]) * (h[i] - g[i]);
      size += h[i] * h[i];
    }
    EXPECT_LT(std::sqrt(difference / size), 1e-4);
  }
}

}  // namespace
}  // namespace pith::lab
