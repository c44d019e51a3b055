// Logits against references that others computed: llama.cpp's, Hugging Face transformers', published ones.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "infer/reference.h"

namespace pith {
namespace {

using test::all_logits, test::bound_of, test::kBound, test::nmse;

// What a suite compared, printed behind its last test.
class Table {
 public:
  void add(const std::string& model, const std::string& kind, std::size_t tokens, double error,
           double bound) {
    rows_.push_back(fmt::format("{:<20} {:<28} {:>7} {:>9.1e} {:>7.0e}", model, kind, tokens, error, bound));
    kinds_.insert(kind);
  }
  void print(const char* kind) {
    fmt::print("{:<20} {:<28} {:>7} {:>9} {:>7}\n", "model", kind, "tokens", "NMSE", "bound");
    for (const std::string& row : rows_) fmt::print("{}\n", row);
    fmt::print("{} models; {} different in column {}\n", rows_.size(), kinds_.size(), kind);
    *this = {};
  }

 private:
  std::vector<std::string> rows_;
  std::set<std::string> kinds_;
};

class LlamaCppLogits : public testing::TestWithParam<const char*> {
 protected:
  static inline Table table_;
  static void TearDownTestSuite() { table_.print("architecture"); }
};

TEST_P(LlamaCppLogits, Agree) {
  PITH_NEED_SHARED();
  const test::Reference reference = test::llamacpp_reference(GetParam());
  const auto model = open_model(test::llamacpp_model(GetParam()));
  // Where transformers computes an exact GELU, llama.cpp computes the tanh form; it is off by up to 5e-4.
  const bool exact_gelu = model->spec.layers[0].ffn.activation == Activation::GeluErf;
  const double error = nmse(all_logits(model, reference.tokens), reference.logits),
               bound = exact_gelu ? 1e-5 : kBound;
  EXPECT_LT(error, bound);
  table_.add(GetParam(), model->spec.arch, reference.tokens.size(), error, bound);
}

INSTANTIATE_TEST_SUITE_P(Archs, LlamaCppLogits,
                         testing::Values("bloom-dense", "command-r-dense", "deepseek2-moe", "exaone4-dense",
                                         "falcon-dense", "gemma-dense", "gemma2-dense", "glm4-dense",
                                         "gpt-oss-moe", "gpt2-dense", "gptneox-dense", "granite-dense",
                                         "granitemoe-moe", "llama-dense", "llama-moe", "mistral3-dense",
                                         "mpt-dense", "olmoe-moe", "phi2-dense", "phi3-dense", "qwen2-dense",
                                         "qwen2moe-moe", "qwen3-dense", "qwen35-dense", "qwen3moe-moe",
                                         "qwen3next-moe", "smollm3-dense", "stablelm-dense",
                                         "starcoder2-dense"),
                         [](const auto& row) { return test::identifier(row.param); });

class TransformersLogits : public testing::TestWithParam<const char*> {
 protected:
  static inline Table table_;
  static void TearDownTestSuite() { table_.print("class"); }
};

TEST_P(TransformersLogits, Agree) {
  const auto model = open_model(test::transformers_model(GetParam()));
  const auto references = test::transformers_references(GetParam());
  ASSERT_FALSE(references.empty());
  const double bound = bound_of(*model);
  double worst = 0;
  std::size_t tokens = 0;
  for (const test::Reference& r : references) {
    const double error = nmse(all_logits(model, r.tokens), r.logits);
    EXPECT_LT(error, bound) << "prompt of " << r.tokens.size() << " tokens";
    worst = std::max(worst, error);
    tokens += r.tokens.size();
  }
  std::ifstream config(test::transformers_model(GetParam()) / "config.json");
  table_.add(GetParam(), nlohmann::json::parse(config)["architectures"][0], tokens, worst, bound);
}

INSTANTIATE_TEST_SUITE_P(
    Fixtures, TransformersLogits,
    testing::Values("arcee", "bloom", "cohere", "cohere-qk-norm", "cohere2", "deepseek-v2",
                    "deepseek-v2-lite", "deepseek-v3", "ernie45", "ernie45moe", "exaone4", "exaone4-full",
                    "falcon-11b", "falcon-40b", "falcon-7b", "falcon-rw", "gemma", "gemma2", "gemma3",
                    "gemma3-old", "gemma4", "gemma4-moe", "glm4", "glm4moe", "gpt-oss", "gpt2", "gptneox",
                    "gptneox-serial", "granite", "granitemoe", "hunyuan", "lfm2", "llama", "llama-bf16",
                    "llama-bias", "llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn", "llama4",
                    "minicpm3", "ministral3", "mistral", "mixtral", "mpt", "nemotron", "olmo2", "olmoe",
                    "phi2", "phi3", "phi3-longrope", "qwen2", "qwen2-window", "qwen2moe", "qwen3", "qwen35",
                    "qwen35moe", "qwen3moe", "qwen3next", "seed-oss", "smollm3", "stablelm",
                    "stablelm-parallel", "starcoder2"),
    [](const auto& row) { return test::identifier(row.param); });

// Float64 logits of stories260K, published with 6 decimals (so rounded by up to 5e-7).
//
// The bound: each of the model's 5 layers has 7 products of up to 172 terms. A sum of n terms in F32 is off
// by about eps sqrt(n) of its norm (rounding errors as a random walk), and the errors of the 35 products add
// up as one too, so a logit is off by about eps sqrt(172 * 35) = 4.6e-6 of the largest logit.
TEST(Stories260K, Float64Logits) {
  PITH_NEED_SHARED();
  const std::filesystem::path dir = test::shared_data() / "weights/stories260K";
  std::ifstream file(dir / "golden.json");
  const auto golden = nlohmann::json::parse(file);
  for (const char* name : {"bos", "prompt_I_am"}) {
    const auto& g = golden["numpy_float64_reference"][name];
    const auto ids = g["greedy_ids"].get<std::vector<std::int32_t>>();
    const std::size_t n = std::min<std::size_t>(ids.size(), 128);
    const auto logits = all_logits(open_model(dir / "stories260K-f32.gguf"), std::span(ids).first(n));
    const std::size_t vocab = logits.size() / n;
    for (const auto& [position, row] : g["logits_at_pos"].items()) {
      const auto expected = row.get<std::vector<double>>();
      double largest = 0;
      for (double e : expected) largest = std::max(largest, std::abs(e));
      const double bound = 0x1p-24 * std::sqrt(172.0 * 35) * largest + 5e-7;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(logits[std::stoul(position) * vocab + i], expected[i], bound)
            << name << ", position " << position << ", id " << i;
      }
    }
  }
}

// Random BF16 models whose float64 logits were published with 6 decimals.
//
// The bound on a logit: rounding of the file's decimals, plus four deviations (of 256 logits one in sixty
// prompts is further out) of an error that is sqrt(bound_of() / 4) of the logits' own deviation.
class Bf16Models : public testing::TestWithParam<const char*> {};

TEST_P(Bf16Models, Float64Logits) {
  PITH_NEED_SHARED();
  const std::filesystem::path dir = test::shared_data() / "weights/hf_tiny";
  std::ifstream file(dir / "golden_numpy.json");
  const auto golden = nlohmann::json::parse(file)["cases"][GetParam()];
  const auto model = open_model(dir / GetParam());
  const auto probe = golden["probe_ids"].get<std::vector<std::int32_t>>();
  const auto expected = golden["probe_last_logits"].get<std::vector<float>>();
  const auto last_of = [&](const std::vector<std::int32_t>& tokens) {
    const auto logits = all_logits(model, tokens);
    return std::vector<float>(logits.end() - model->spec.vocab, logits.end());
  };
  double squares = 0;
  for (float e : expected) squares += std::pow(static_cast<double>(e), 2);
  const double deviation = std::sqrt(squares / static_cast<double>(expected.size()));
  const double bound = 5e-7 + 4 * std::sqrt(bound_of(*model) / 4) * deviation;
  const auto logits = last_of(probe);
  ASSERT_EQ(logits.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(logits[i], expected[i], bound) << "id " << i;

  // Greedy text agrees up to the first choice that is closer than the error of two logits.
  auto tokens = golden["prompt"].get<std::vector<std::int32_t>>();
  const auto greedy = golden["greedy8"].get<std::vector<std::int32_t>>();
  const auto margins = golden["margins"].get<std::vector<double>>();
  std::size_t sure = 0;
  for (; sure < greedy.size() && margins[sure] > 2 * bound; ++sure) {
    const auto next = last_of(tokens);
    ASSERT_EQ(std::ranges::max_element(next) - next.begin(), greedy[sure]) << "position " << sure;
    tokens.push_back(greedy[sure]);
  }
  EXPECT_GE(sure, 3u) << "the bound leaves nothing to compare";
}

INSTANTIATE_TEST_SUITE_P(Tiny, Bf16Models, testing::Values("tiny_llama3", "tiny_mistral", "tiny_qwen3"),
                         [](const auto& row) { return std::string(row.param); });

}  // namespace
}  // namespace pith
