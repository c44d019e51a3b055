// Promise 2, bit by bit: logits do not depend on the step size, the number of threads, the other sequences of
// a step, or on forks.
//
// CMake registers these tests once for each instruction-set level (PITH_ISA).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include "format/gguf_writer.h"
#include "format/requantize.h"
#include "infer/engine.h"
#include "pith/error.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith {
namespace {

namespace fs = std::filesystem;

struct Way {
  int threads = 1;
  std::int64_t step = 1;
  std::int64_t fork_at = 0;  // 0: not forked
  int others = 0;            // sequences with other tokens in every step
};

std::vector<std::int32_t> random_tokens(int vocab, std::int64_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(n));
  for (std::int32_t& t : tokens) t = static_cast<std::int32_t>(random() % static_cast<unsigned>(vocab));
  return tokens;
}

// Logits of every position.
std::vector<float> logits_of(const std::shared_ptr<const Model>& model, KvTypes kv,
                             std::span<const std::int32_t> tokens, const Way& way) {
  const std::int64_t n = std::ssize(tokens), step = std::min(way.step, n);
  const int sequences = 2 + way.others;
  Engine engine(model, {.threads = way.threads,
                        .context = n,
                        .sequences = sequences,
                        .step_tokens = step * sequences,
                        .logit_rows = step * sequences,
                        .work_per_thread = 1,
                        .kv = kv});
  std::vector<Sequence> others;
  std::vector<std::vector<std::int32_t>> other_tokens;
  for (int i = 0; i < way.others; ++i) {
    others.push_back(engine.new_sequence());
    other_tokens.push_back(random_tokens(model->spec.vocab, n, 100 + static_cast<unsigned>(i)));
  }
  Sequence sequence = engine.new_sequence(), parent = engine.new_sequence();
  std::vector<float> all;
  for (std::int64_t at = 0; at < n;) {
    if (way.fork_at > 0 && at >= way.fork_at && parent.length() == 0) {
      parent = std::move(sequence);
      sequence = parent.fork();
      // What the parent writes next must not show in the fork.
      const auto noise = random_tokens(model->spec.vocab, step, 9);
      const Chunk chunk{&parent, std::span(noise).first(
                                     std::min<std::size_t>(noise.size(), static_cast<std::size_t>(n - at)))};
      engine.step({&chunk, 1});
    }
    const auto count = static_cast<std::size_t>(std::min(step, n - at)), from = static_cast<std::size_t>(at);
    std::vector<Chunk> chunks;
    for (int i = 0; i < way.others; ++i)
      chunks.push_back({&others[static_cast<std::size_t>(i)],
                        std::span(other_tokens[static_cast<std::size_t>(i)]).subspan(from, count),
                        WantLogits::None});
    chunks.insert(chunks.begin() + way.others / 2, {&sequence, tokens.subspan(from, count), WantLogits::All});
    const auto logits = engine.step(chunks);
    all.insert(all.end(), logits.begin(), logits.end());
    at += static_cast<std::int64_t>(count);
  }
  return all;
}

const Way kWays[] = {
    {.threads = 1, .step = 7},
    {.threads = 2, .step = 32},
    {.threads = 3, .step = 100'000},
    {.threads = 4, .step = 32},
    {.threads = 1, .step = 7, .fork_at = 14},   // within a page
    {.threads = 1, .step = 32, .fork_at = 64},  // at its end
    {.threads = 2, .step = 1, .fork_at = 40},
    {.threads = 2, .step = 32, .others = 3},
    {.threads = 1, .step = 7, .fork_at = 50, .others = 2},
};

void expect_invariant(const std::shared_ptr<const Model>& model, KvTypes kv, std::int64_t tokens,
                      std::span<const Way> ways = kWays) {
  const auto prompt = random_tokens(model->spec.vocab, tokens, 1);
  const std::vector<float> expected = logits_of(model, kv, prompt, {.threads = 1, .step = 1});
  ASSERT_EQ(std::ssize(expected), tokens * model->spec.vocab);
  for (float x : expected) ASSERT_TRUE(std::isfinite(x));
  for (const Way& way : ways) {
    const std::vector<float> found = logits_of(model, kv, prompt, way);
    ASSERT_EQ(found.size(), expected.size());
    const auto differs = std::ranges::mismatch(
        found, expected, [](float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; });
    const auto at = differs.in1 - found.begin();
    EXPECT_EQ(differs.in1, found.end())
        << way.threads << " threads, step " << way.step << ", forked at " << way.fork_at << ", " << way.others
        << " others: position " << at / model->spec.vocab << ", id " << at % model->spec.vocab;
  }
}

// The level that PITH_ISA asks for may be missing here.
bool level_is_missing() {
  const char* wanted = std::getenv("PITH_ISA");
  return wanted && *wanted && !kernels_at(wanted);
}

struct Invariance : testing::TestWithParam<std::pair<const char*, DType>> {};

TEST_P(Invariance, OfEveryKvType) {
  if (level_is_missing()) GTEST_SKIP() << "this processor lacks the level " << std::getenv("PITH_ISA");
  const auto [name, kv] = GetParam();
  const bool shared = std::string_view(name).starts_with("archs/");
  if (shared) PITH_NEED_SHARED();
  const auto model = open_model(shared ? test::shared_data() / (std::string(name) + ".gguf")
                                       : fs::path(PITH_SOURCE_DIR) / "tests/data/hf" / name);
  expect_invariant(model, {kv, kv}, 77);
}

std::vector<std::pair<const char*, DType>> models_and_types() {
  std::vector<std::pair<const char*, DType>> all;
  for (const char* name : {"llama", "mistral", "qwen3", "mixtral", "qwen35", "qwen3next", "lfm2",
                           "deepseek-v2", "gpt-oss", "gemma4", "gemma4-moe", "archs/llama-moe"}) {
    for (DType type : {DType::F32, DType::F16, DType::BF16}) all.emplace_back(name, type);
  }
  // It needs heads of a multiple of 32.
  for (const char* name :
       {"archs/llama-dense", "archs/mistral3-dense", "archs/qwen3-dense", "archs/llama-moe"})
    all.emplace_back(name, DType::Q8_0);
  return all;
}
INSTANTIATE_TEST_SUITE_P(Models, Invariance, testing::ValuesIn(models_and_types()), [](const auto& row) {
  std::string name = row.param.first + std::string("_") + std::string(type_info(row.param.second).name);
  std::ranges::replace_if(
      name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

// Beyond 512 positions a query's keys are cut into splits, which a few tokens' step gives to several threads
// and a long step does not (attention.cpp).
TEST(LongInvariance, OfSplitsOfTheKvAxis) {
  if (level_is_missing()) GTEST_SKIP() << "this processor lacks the level " << std::getenv("PITH_ISA");
  const auto model = open_model(fs::path(PITH_SOURCE_DIR) / "tests/data/hf/llama");
  const Way ways[] = {{.threads = 2, .step = 32}, {.threads = 1, .step = 100'000}, {.threads = 3, .step = 7}};
  expect_invariant(model, {}, 1100, ways);
}

// A model with rows long enough for every storage type.
struct QuantisedInvariance : testing::TestWithParam<DType> {};

std::shared_ptr<const Model> random_model(const fs::path& folder, DType type) {
  constexpr std::int64_t kWidth = 256, kFfn = 512, kVocab = 96, kKv = 128;
  Metadata metadata;
  metadata.set("general.architecture", "llama");
  for (const auto& [key, value] : std::map<std::string, std::uint32_t>{{"block_count", 2},
                                                                       {"context_length", 256},
                                                                       {"embedding_length", kWidth},
                                                                       {"feed_forward_length", kFfn},
                                                                       {"attention.head_count", 4},
                                                                       {"attention.head_count_kv", 2},
                                                                       {"vocab_size", kVocab}})
    metadata.set("llama." + key, value);
  metadata.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  std::vector<TensorPlan> plan;
  const auto add = [&](const std::string& name, std::int64_t k, std::int64_t rows = 1) {
    plan.push_back({name + ".weight", {DType::F32, {k, rows, 1, 1}}});
  };
  add("token_embd", kWidth, kVocab), add("output_norm", kWidth), add("output", kWidth, kVocab);
  for (int i = 0; i < 2; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    add(block + "attn_norm", kWidth), add(block + "ffn_norm", kWidth);
    add(block + "attn_q", kWidth, kWidth), add(block + "attn_k", kWidth, kKv);
    add(block + "attn_v", kWidth, kKv), add(block + "attn_output", kWidth, kWidth);
    add(block + "ffn_gate", kWidth, kFfn), add(block + "ffn_up", kWidth, kFfn),
        add(block + "ffn_down", kFfn, kWidth);
  }
  std::mt19937 random(5);
  write_gguf(folder / "f32.gguf", metadata, plan, [&](std::size_t i, const ByteSink& sink) {
    const Tensor& t = plan[i].tensor;
    std::normal_distribution<float> normal(t.rows() == 1 ? 1.0f : 0.0f,
                                           1 / std::sqrt(static_cast<float>(t.cols())));
    std::vector<float> x(static_cast<std::size_t>(t.elements()));
    for (float& value : x) value = normal(random);
    sink(std::as_bytes(std::span(x)));
  });
  const QuantRecipe recipe{type_info(type).name, 0, type, type};
  quantize_model(open_model_file(folder / "f32.gguf"), folder / "quantised.gguf", recipe, 1, {});
  return open_model(folder / "quantised.gguf");
}

TEST_P(QuantisedInvariance, OfEveryWeightType) {
  if (level_is_missing()) GTEST_SKIP() << "this processor lacks the level " << std::getenv("PITH_ISA");
  const test::TemporaryFolder folder;
  const auto model = random_model(folder.path(), GetParam());
  ASSERT_EQ(model->weights.layers[0].ffn.down.weight.type, GetParam());
  const Way ways[] = {{.threads = 2, .step = 7},
                      {.threads = 1, .step = 32},
                      {.threads = 3, .step = 100'000},
                      {.threads = 1, .step = 3, .others = 4}};
  expect_invariant(model, {}, 45, ways);
}

INSTANTIATE_TEST_SUITE_P(Types, QuantisedInvariance,
                         testing::Values(DType::F32, DType::F16, DType::BF16, DType::Q8_0, DType::Q4_0,
                                         DType::Q4_1, DType::Q5_0, DType::Q5_1, DType::Q2_K, DType::Q3_K,
                                         DType::Q4_K, DType::Q5_K, DType::Q6_K, DType::IQ4_NL, DType::IQ4_XS,
                                         DType::MXFP4),
                         [](const auto& row) { return std::string(type_info(row.param).name); });

}  // namespace
}  // namespace pith
