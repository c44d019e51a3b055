// Samples, and what a step costs at least.
#include "analyse/bench.h"

#include <gtest/gtest.h>

#include "infer/random_model.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

TEST(Samples, PercentilesAndRates) {
  EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 1), 4);
  EXPECT_DOUBLE_EQ(percentile({7}, 0.99), 7);
  EXPECT_DOUBLE_EQ(percentile({}, 0.5), 0);
  EXPECT_EQ(rates(10, std::vector<double>{2, 5}), (std::vector<double>{5, 2}));
}

class StepWork : public ::testing::Test {
 protected:
  std::shared_ptr<const Model> open(const Shape& shape) {
    write_random_model(folder_ / "m.gguf", shape);
    return open_model(folder_ / "m.gguf");
  }
  TemporaryFolder folder_;
};

TEST_F(StepWork, ADenseStepReadsEveryMatrixOnce) {
  const Shape s{.type = DType::Q8_0};
  const auto model = open(s);
  const std::int64_t head = s.width / s.heads, kv = head * s.kv_heads;
  const std::int64_t layer = s.width * (2 * s.width + 2 * kv + 3 * s.ffn), output = s.width * s.vocab;
  const auto bytes = [](std::int64_t elements) { return static_cast<double>(elements) / 32 * 34; };

  const Work one = step_work(*model, kernels(), {}, 1, 10, 1);
  const double keys = 11.0 * 2 * static_cast<double>(kv) * 2;  // positions, K and V, F16
  EXPECT_DOUBLE_EQ(one.read_bytes, bytes(s.layers * layer + output) + s.layers * keys);
  EXPECT_DOUBLE_EQ(one.int8_ops, 2.0 * static_cast<double>(s.layers * layer + output));
  EXPECT_DOUBLE_EQ(one.f32_ops, s.layers * 2.0 * 11 * static_cast<double>(s.heads * 2 * head));

  // Prompts want logits of their last token alone; position t is seen by t + 1 queries.
  const Work many = step_work(*model, kernels(), {}, 1, 0, 4);
  EXPECT_DOUBLE_EQ(many.int8_ops, 2.0 * static_cast<double>(4 * s.layers * layer + output));
  EXPECT_DOUBLE_EQ(many.f32_ops, s.layers * 2.0 * (1 + 2 + 3 + 4) * static_cast<double>(s.heads * 2 * head));
  const Work together = step_work(*model, kernels(), {}, 3, 10, 1);
  EXPECT_DOUBLE_EQ(together.int8_ops, 3 * one.int8_ops);
  EXPECT_DOUBLE_EQ(together.read_bytes, one.read_bytes + 2 * s.layers * keys);
}

TEST_F(StepWork, AMixtureReadsTheExpertsThatTokensTake) {
  const Shape s{.arch = "olmoe", .experts = 8, .active = 2, .full_width_qk_norm = true};
  const auto model = open(s);
  const double expert = 3.0 * s.width * s.ffn * 4;  // bytes
  const auto experts_read = [&](std::int64_t tokens) {
    const Work with = step_work(*model, kernels(), {}, tokens, 0, 1);
    Shape none = s;
    none.experts = none.active = 0;
    none.ffn = 1;
    double rest = step_work(*open(none), kernels(), {}, tokens, 0, 1).read_bytes;
    rest += s.layers * 4.0 * (s.width * s.experts - 3.0 * s.width);  // the router; not the FFN of width 1
    return (with.read_bytes - rest) / expert / s.layers;
  };
  EXPECT_NEAR(experts_read(1), 2, 1e-9);
  EXPECT_NEAR(experts_read(2), 8 * (1 - 0.75 * 0.75), 1e-9);
  EXPECT_NEAR(experts_read(1000), 8, 1e-9);
}

TEST_F(StepWork, TheShortestTimesFollowTheLimits) {
  const Work work{.read_bytes = 100, .int8_ops = 60, .bf16_ops = 40, .f32_ops = 20};
  const MachineLimits limits{.read_bytes = 50, .int8_ops = 30, .f32_ops = 10, .bf16_ops = 20};
  EXPECT_DOUBLE_EQ(work.read_seconds(limits), 2);
  EXPECT_DOUBLE_EQ(work.arithmetic_seconds(limits), 6);
}

TEST_F(StepWork, ARunMeasuresEveryRepetition) {
  const auto model = open({});
  const BenchTest test{.prompt = 40, .gen = 3, .depth = 33, .sequences = 2};
  const BenchResult r = run_bench(model, {.batch = 64, .ubatch = 16, .threads = 2}, test, {.repetitions = 4});
  EXPECT_EQ(r.prompt_seconds.size(), 4u);
  EXPECT_EQ(r.gen_seconds.size(), 4u);
  EXPECT_EQ(r.step_seconds.size(), 12u);
  EXPECT_EQ(r.seconds().size(), 4u);
  EXPECT_GT(r.peak_memory, r.memory.scratch / 2);
  // Promise 2: other steps and threads, the same logits.
  EXPECT_EQ(
      run_bench(model, {.ubatch = 7, .threads = 1}, test, {.repetitions = 1, .warmup = false}).logits_hash,
      r.logits_hash);
  BenchTest other = test;
  other.depth = 34;
  EXPECT_NE(run_bench(model, {}, other, {.repetitions = 1}).logits_hash, r.logits_hash);
}

}  // namespace
}  // namespace pith::test
