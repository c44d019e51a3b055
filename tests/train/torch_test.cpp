// Loss and gradients against PyTorch: Hugging Face's Llama and Mixtral in float64
// (tools/train/make_fixtures.py).
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "train/small_networks.h"

namespace pith::lab {
namespace {

// Both sides compute in float64; sums of up to 1e5 terms in another order differ by 1e5 eps at most.
constexpr double kTolerance = 1e-10;

TEST(Torch, LossAndGradients) {
  const nlohmann::json cases =
      parse_json(read_file(PITH_SOURCE_DIR "/tests/data/train/torch.json"), "torch.json");
  ASSERT_EQ(cases.size(), 2u);
  for (const nlohmann::json& expected : cases) {
    const Shape shape = expected.at("shape").at("experts") == 0 ? dense_shape() : mixture_shape();
    const Batch batch = test_batch(expected.at("lengths"), shape.vocab);
    const std::vector<std::int32_t> targets = next_tokens(batch);
    Network<double> network(shape, batch.rows());
    const std::vector<double> parameters = test_parameters<double>(network.layout());
    const std::vector<double> weights(targets.size(),
                                      1.0 / static_cast<double>(batch.rows() - batch.sequences()));
    std::vector<double> gradient(parameters.size());
    network.forward(parameters.data(), batch);
    const double loss = cross_entropy(network, parameters.data(), gradient.data(), targets, weights);
    network.backward(parameters.data(), gradient.data());
    EXPECT_NEAR(loss, expected.at("loss").get<double>(), kTolerance);

    for (const ParameterTensor& t : network.layout().tensors) {
      if (t.offset == network.layout().scalar_head) continue;
      double squares = 0, probe = 0;
      for (std::int64_t i = t.offset; i < t.offset + t.size(); ++i) {
        squares += gradient[i] * gradient[i];
        probe += gradient[i] * pseudo_random(3'000'000 + static_cast<std::uint64_t>(i));
      }
      const nlohmann::json& want = expected.at("gradients").at(t.name);
      EXPECT_NEAR(std::sqrt(squares), want.at("norm").get<double>(), kTolerance) << t.name;
      EXPECT_NEAR(probe, want.at("probe").get<double>(), kTolerance) << t.name;
    }
  }
}

}  // namespace
}  // namespace pith::lab
