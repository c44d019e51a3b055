// Quantised models: near the models they were made from, and exactly what their own weights say.
#include <gtest/gtest.h>

#include <cstdio>

#include "format/gguf.h"
#include "format/requantize.h"
#include "infer/double_llama.h"
#include "infer/random_model.h"
#include "infer/reference.h"
#include "temporary_folder.h"

namespace pith {
namespace {

// Every layer's choice of experts, in the order of the steps.
struct Routing : ExpertObserver {
  std::vector<std::int32_t> expert;
  int active = 1;
  void routed(std::size_t, std::span<const std::int32_t> tokens, std::span<const std::int32_t> chosen,
              std::span<const float>) override {
    expert.insert(expert.end(), chosen.begin(), chosen.end());
    active = static_cast<int>(chosen.size() / tokens.size());
  }
};

// The share of choices (token, layer, rank) that the other model did not take for the same token and layer.
double share_changed(const Routing& from, const Routing& to) {
  std::size_t changed = 0;
  const auto active = static_cast<std::size_t>(from.active);
  for (std::size_t i = 0; i < from.expert.size(); ++i) {
    const auto others = std::span(to.expert).subspan(i / active * active, active);
    changed += std::ranges::find(others, from.expert[i]) == others.end();
  }
  return static_cast<double>(changed) / static_cast<double>(from.expert.size());
}

struct Computed {
  std::vector<float> logits;
  Routing routing;
};

Computed compute(const std::filesystem::path& path, std::span<const std::int32_t> tokens) {
  Computed c;
  c.logits = test::all_logits(open_model(path), tokens, {}, &c.routing);
  return c;
}

struct Format {
  const char* recipe;
  double bound;  ///< NMSE of dense models
};

// A weight of Q8_0 is off by up to a 254th of the largest of its block: 2e-5 of a normal block's squares, and
// its activations as much again; 15 products in a row make 6e-4, and the least forgiving rows (parallel
// residuals, caps) some times that. Q4_0's steps are 16 times as wide, so 256 times as much.
constexpr Format kFormats[] = {{"Q8_0", 5e-3}, {"Q4_0", 0.3}};

class QuantisedArch : public testing::TestWithParam<const char*> {};

TEST_P(QuantisedArch, IsNearItsSource) {
  PITH_NEED_SHARED();
  const std::string name = GetParam();
  const auto source = test::llamacpp_model(name);
  const auto tokens = test::llamacpp_reference(name).tokens;
  const Computed exact = compute(source, tokens);
  const test::TemporaryFolder folder;
  for (const Format& format : kFormats) {
    quantize_model(open_gguf(source), folder / "quantised.gguf", *find_quant_recipe(format.recipe), 2, {});
    const Computed quantised = compute(folder / "quantised.gguf", tokens);
    const double error = test::nmse(quantised.logits, exact.logits);
    if (exact.routing.expert.empty()) {
      std::printf("%s %s: NMSE %.1e\n", name.c_str(), format.recipe, error);
      EXPECT_LT(error, format.bound) << format.recipe;
      EXPECT_GT(error, test::kBound) << format.recipe << " changed nothing";
    } else {
      // Where a token takes another expert it gets another answer, so the logits have no bound.
      const double share = share_changed(exact.routing, quantised.routing);
      std::printf("%s %s: %.1f %% of the routings changed, NMSE %.1e\n", name.c_str(), format.recipe,
                  100 * share, error);
      EXPECT_LT(share, 0.5) << format.recipe;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Archs, QuantisedArch,
                         testing::Values("bloom-dense", "command-r-dense", "deepseek2-moe", "exaone4-dense",
                                         "falcon-dense", "gemma-dense", "gemma2-dense", "glm4-dense",
                                         "gpt-oss-moe", "gpt2-dense", "gptneox-dense", "granite-dense",
                                         "granitemoe-moe", "llama-dense", "llama-moe", "mistral3-dense",
                                         "mpt-dense", "olmoe-moe", "phi2-dense", "phi3-dense", "qwen2-dense",
                                         "qwen2moe-moe", "qwen3-dense", "qwen35-dense", "qwen3moe-moe",
                                         "qwen3next-moe", "smollm3-dense", "stablelm-dense",
                                         "starcoder2-dense"),
                         [](const auto& row) { return test::identifier(row.param); });

struct Case {
  DType type;
  int experts;
};

class QuantisedExactly : public testing::TestWithParam<Case> {};

TEST_P(QuantisedExactly, AgreesWithFloat64AtEveryLevel) {
  const test::Shape shape{.width = 128,
                          .ffn = 192,
                          .experts = GetParam().experts,
                          .active = GetParam().experts / 4,
                          .type = GetParam().type};
  const test::TemporaryFolder folder;
  test::write_random_model(folder / "model.gguf", shape);
  const auto model = open_model(folder / "model.gguf");

  // An activation in the middle of two steps goes either way by the rounding of F32, which is no error: F32
  // is off by about 1e-7 of the largest of 127 steps, so 1e-4 of a step leaves room for what adds up.
  constexpr double kTie = 1e-4, kGap = 1e-4;
  std::vector<std::int32_t> tokens;
  std::vector<float> expected;
  for (std::uint32_t seed = 0; expected.empty(); ++seed) {
    ASSERT_LT(seed, 200u) << "no prompt without a near tie";
    tokens = test::random_tokens(5, shape.vocab, seed);
    test::DoubleLlama reference(*model);
    const auto rows = reference.logits(tokens);
    if (reference.least_tie() < kTie || reference.least_gap() < kGap) continue;
    for (const auto& row : rows) expected.insert(expected.end(), row.begin(), row.end());
  }
  for (const char* isa : {"scalar", "avx2", "avx512"}) {
    const Kernels* level = kernels_at(isa);
    if (!level) continue;
    const double error = test::nmse(test::all_logits(model, tokens, {.kernels = level}), expected);
    std::printf("%s, %d experts, %s: NMSE %.1e\n", type_info(shape.type).name.data(), shape.experts, isa,
                error);
    EXPECT_LT(error, 1e-8) << isa;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, QuantisedExactly,
                         testing::Values(Case{DType::F32, 0}, Case{DType::Q8_0, 0}, Case{DType::Q4_0, 0},
                                         Case{DType::Q8_0, 8}, Case{DType::Q4_0, 8}),
                         [](const auto& row) {
                           return std::string(type_info(row.param.type).name) +
                                  (row.param.experts > 0 ? "_mixture" : "_dense");
                         });

}  // namespace
}  // namespace pith
