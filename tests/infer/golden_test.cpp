// Logits against references that others computed: llama.cpp's, Hugging Face transformers', published ones.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "format/safetensors.h"
#include "infer/engine.h"
#include "shared_data.h"

namespace pith {
namespace {

namespace fs = std::filesystem;

// Normalised mean squared error: sum (a - b)^2 / sum b^2.
double nmse(std::span<const float> actual, std::span<const float> expected) {
  EXPECT_EQ(actual.size(), expected.size());
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += std::pow(static_cast<double>(actual[i]) - expected[i], 2);
    norm += std::pow(static_cast<double>(expected[i]), 2);
  }
  return error / norm;
}

// F32 arithmetic over a few thousand operations is off by about 1e-7 of the norm in each of them, so by less
// than 1e-12 squared in all; 1e-10 leaves room for a factor of ten in amplitude. A wrong mechanism is above
// 1e-4.
constexpr double kBound = 1e-10;

// Where the processor multiplies bfloat16 pairs, inputs of BF16 matrices are rounded to 8 bits: each is off
// by up to 2^-9 of itself, 2^-9 / sqrt(3) in the mean, so a product's error is (2^-9 / sqrt 3)^2 = 1.3e-6 of
// its norm squared, and the 15 products of two layers and the head add up to 2e-5; four times that is the
// bound.
double bound_of(const Model& model) {
  const bool rounds = kernels().matmul[static_cast<int>(DType::BF16)].input == InputKind::BF16;
  return rounds && model.weights.layers[0].attention.q.weight.type == DType::BF16 ? 8e-5 : kBound;
}

EngineOptions exact(std::int64_t tokens) {
  return {.threads = 2,
          .context = tokens,
          .step_tokens = tokens,
          .logit_rows = tokens,
          .kv = {DType::F32, DType::F32}};
}

std::vector<float> all_logits(std::shared_ptr<const Model> model, std::span<const std::int32_t> tokens) {
  Engine engine(std::move(model), exact(std::ssize(tokens)));
  Sequence sequence = engine.new_sequence();
  const Chunk chunk{&sequence, tokens, WantLogits::All};
  const auto logits = engine.step({&chunk, 1});
  return {logits.begin(), logits.end()};
}

std::vector<std::int32_t> read_tokens(const fs::path& path) {
  std::ifstream file(path);
  std::vector<std::int32_t> tokens;
  for (std::int32_t t; file >> t;) tokens.push_back(t);
  return tokens;
}

std::vector<float> read_floats(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<float> values(fs::file_size(path) / sizeof(float));
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(float)));
  return values;
}

class LlamaCppLogits : public testing::TestWithParam<const char*> {};

TEST_P(LlamaCppLogits, Agree) {
  PITH_NEED_SHARED();
  const fs::path dir = test::shared_data() / "archs";
  const auto logits =
      all_logits(open_model(dir / (std::string(GetParam()) + ".gguf")), read_tokens(dir / "tokens.txt"));
  EXPECT_LT(nmse(logits, read_floats(dir / (std::string(GetParam()) + ".f32"))), kBound);
}

INSTANTIATE_TEST_SUITE_P(Archs, LlamaCppLogits,
                         testing::Values("llama-dense", "llama-moe", "mistral3-dense", "qwen2-dense",
                                         "qwen3-dense"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

class TransformersLogits : public testing::TestWithParam<const char*> {};

TEST_P(TransformersLogits, Agree) {
  const fs::path dir = fs::path(PITH_SOURCE_DIR) / "tests/data/hf" / GetParam();
  const auto file = MappedFile::open(dir / "logits.safetensors");
  TensorTable reference;
  parse_safetensors(file->bytes(), file->path(), reference);
  const auto model = open_model(dir);
  for (int i = 0; const Tensor* prompt = reference.find("prompt_" + std::to_string(i)); ++i) {
    std::vector<std::int32_t> tokens;
    for (std::int64_t t = 0; t < prompt->elements(); ++t) {
      std::int64_t id;
      std::memcpy(&id, prompt->data + t * 8, 8);
      tokens.push_back(static_cast<std::int32_t>(id));
    }
    const Tensor* expected = reference.find("logits_" + std::to_string(i));
    ASSERT_TRUE(expected);
    std::vector<float> values(static_cast<std::size_t>(expected->elements()));
    std::memcpy(values.data(), expected->data, values.size() * sizeof(float));
    EXPECT_LT(nmse(all_logits(model, tokens), values), bound_of(*model))
        << "prompt " << i << " of " << tokens.size() << " tokens";
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, TransformersLogits,
                         testing::Values("arcee", "bloom", "cohere", "cohere-qk-norm", "cohere2", "ernie45",
                                         "ernie45moe", "exaone4", "exaone4-full", "falcon-11b", "falcon-40b",
                                         "falcon-7b", "gemma", "gemma2", "gemma3", "gemma3-old", "glm4",
                                         "glm4moe", "gpt2", "gptneox", "gptneox-serial", "granite",
                                         "granitemoe", "hunyuan", "llama", "llama-bf16", "llama-bias",
                                         "llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn",
                                         "ministral3", "mistral", "mixtral", "mpt", "nemotron", "olmo2",
                                         "olmoe", "phi2", "phi3", "phi3-longrope", "qwen2", "qwen2-window",
                                         "qwen2moe", "qwen3", "qwen3moe", "seed-oss", "smollm3", "stablelm",
                                         "stablelm-parallel", "starcoder2"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// Float64 logits of stories260K, published with 6 decimals (so rounded by up to 5e-7).
//
// The bound: each of the model's 5 layers has 7 products of up to 172 terms. A sum of n terms in F32 is off
// by about eps sqrt(n) of its norm (rounding errors as a random walk), and the errors of the 35 products add
// up as one too, so a logit is off by about eps sqrt(172 * 35) = 4.6e-6 of the largest logit.
TEST(Stories260K, Float64Logits) {
  PITH_NEED_SHARED();
  const fs::path dir = test::shared_data() / "weights/stories260K";
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

}  // namespace
}  // namespace pith
