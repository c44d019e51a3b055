// Exported models: the engine computes the trainer's logits.
#include "train/model_file.h"

#include <gtest/gtest.h>

#include <cmath>

#include "infer/engine.h"
#include "temporary_folder.h"
#include "train/byte_tokenizer.h"
#include "train/small_networks.h"

namespace pith::lab {
namespace {

// Log-probabilities of every position of one sequence, in float64.
std::vector<double> reference(const Shape& shape, std::span<const float> parameters, const Batch& batch) {
  Network<double> network(shape, batch.rows());
  const std::vector<double> wide(parameters.begin(), parameters.end());
  std::vector<double> out;
  network.forward(wide.data(), batch);
  language_head(network, wide.data(), nullptr, [&](std::int64_t, double* p) {
    for (std::int64_t i = 0; i < shape.vocab; ++i) out.push_back(std::log(p[i]));
  });
  return out;
}

std::vector<double> engine_log_probabilities(const std::filesystem::path& path, const Batch& batch) {
  Engine engine(open_model(path), {.threads = 1,
                                   .context = batch.rows(),
                                   .step_tokens = batch.rows(),
                                   .logit_rows = batch.rows(),
                                   .kv = {DType::F32, DType::F32}});
  Sequence sequence = engine.new_sequence();
  const Chunk chunk{&sequence, batch.tokens, WantLogits::All};
  const std::span<const float> logits = engine.step({&chunk, 1});
  const auto vocab = static_cast<std::size_t>(engine.model().spec.vocab);
  std::vector<double> out;
  for (std::size_t row = 0; row < logits.size(); row += vocab) {
    double sum = 0;
    for (std::size_t i = 0; i < vocab; ++i) sum += std::exp(static_cast<double>(logits[row + i]));
    for (std::size_t i = 0; i < vocab; ++i) out.push_back(logits[row + i] - std::log(sum));
  }
  return out;
}

Shape with_bytes(Shape shape) {
  shape.vocab = kByteVocabulary;
  shape.head_dim = 32;
  shape.heads = 2, shape.kv_heads = 1;
  return shape;
}

double worst_difference(const Shape& shape, std::string type) {
  const test::TemporaryFolder folder;
  write_byte_tokenizer(folder.path());
  const std::vector<float> parameters = test_parameters<float>(Layout(shape));
  write_model_file(folder / "model.gguf", shape, parameters,
                   {.name = "test", .tokenizer = folder.path(), .type = std::move(type)});
  const Batch batch = test_batch({79}, shape.vocab);
  const std::vector<double> want = reference(shape, parameters, batch);
  const std::vector<double> got = engine_log_probabilities(folder / "model.gguf", batch);
  EXPECT_EQ(got.size(), want.size());
  double worst = 0;
  for (std::size_t i = 0; i < want.size(); ++i) worst = std::max(worst, std::abs(got[i] - want[i]));
  return worst;
}

// Rounding errors of F32 sums walk at random: eps sqrt(terms) of the largest value. A logit passes two
// layers, each with sums over the width, the heads, at most 79 keys and the FFN, and the head. Logits here
// reach 10, and a factor of 4 stands for the norms, which divide what cancels.
double f32_bound(const Shape& s) {
  const auto terms = static_cast<double>(s.layers * (3 * s.width + s.q_width() + 79 + s.ffn) + s.width);
  return 4 * 10 * std::sqrt(terms) * 0x1p-24;
}

TEST(ModelFile, EngineGivesTheTrainersLogits) {
  for (const Shape& shape : {with_bytes(dense_shape()), with_bytes(mixture_shape())})
    EXPECT_LT(worst_difference(shape, "F32"), f32_bound(shape));
}

// Q8_0 rounds a weight by at most 1/254 of its block's largest and activations as much: far above what F32
// does and far below the spread of the logits.
TEST(ModelFile, Q8IsClose) {
  const double worst = worst_difference(with_bytes(dense_shape()), "Q8_0");
  EXPECT_GT(worst, 1e-4);
  EXPECT_LT(worst, 0.5);
}

}  // namespace
}  // namespace pith::lab
