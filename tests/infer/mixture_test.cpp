// A mixture of experts reads what it needs once, hears what it chose, and answers alike in every batch.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "infer/engine.h"
#include "infer/random_model.h"
#include "infer/read_ahead.h"
#include "infer/reference.h"
#include "temporary_folder.h"

namespace pith {
namespace {

// How often each row of a matrix (by its address) was handed to a product.
std::mutex reads_mutex;
std::map<const std::byte*, int> reads;

template <DType kType>
void counted(float* y, std::int64_t ldy, const void* w, const void* x, std::int64_t begin, std::int64_t end,
             std::int64_t k, std::int64_t tokens, void* scratch) {
  const Tensor row{.type = kType, .ne = {k, 1, 1, 1}};
  {
    const std::lock_guard lock(reads_mutex);
    for (std::int64_t r = begin; r < end; ++r)
      ++reads[static_cast<const std::byte*>(w) + r * row.row_bytes()];
  }
  kernels().matmul[static_cast<int>(kType)].multiply(y, ldy, w, x, begin, end, k, tokens, scratch);
}

// The best level's kernels; products count their rows.
const Kernels& counting_kernels() {
  static const Kernels table = [] {
    Kernels k = kernels();
    k.matmul[static_cast<int>(DType::F32)].multiply = counted<DType::F32>;
    k.matmul[static_cast<int>(DType::Q8_0)].multiply = counted<DType::Q8_0>;
    return k;
  }();
  return table;
}

// What the last step chose.
struct Routing : ExpertObserver {
  std::map<std::size_t, std::set<std::int32_t>> chosen;  // by layer
  std::size_t pairs = 0;
  void routed(std::size_t layer, std::span<const std::int32_t> tokens, std::span<const std::int32_t> expert,
              std::span<const float> weight) override {
    EXPECT_EQ(expert.size(), weight.size());
    EXPECT_EQ(expert.size() % tokens.size(), 0u);
    chosen[layer] = {expert.begin(), expert.end()};
    pairs += expert.size();
  }
};

class Mixture : public testing::TestWithParam<DType> {
 protected:
  // OLMoE's: 64 experts of which 8 are active, q and k norms over the full width; narrow and shallow.
  const test::Shape shape_{.arch = "olmoe",
                           .kv_heads = 4,
                           .ffn = 32,
                           .experts = 64,
                           .active = 8,
                           .full_width_qk_norm = true,
                           .type = GetParam()};
  void SetUp() override {
    test::write_random_model(folder_ / "model.gguf", shape_);
    model_ = open_model(folder_ / "model.gguf");
  }

  // Rows of an expert's matrices that were read, and how often at most.
  std::pair<std::int64_t, int> rows_read(const FfnWeights& expert) const {
    std::int64_t rows = 0;
    int most = 0;
    for (const Linear* w : {&expert.gate, &expert.up, &expert.down}) {
      for (std::int64_t r = 0; r < w->outputs(); ++r) {
        const auto found = reads.find(w->weight.data + w->stored(r) * w->weight.row_bytes());
        if (found == reads.end()) continue;
        ++rows;
        most = std::max(most, found->second);
      }
    }
    return {rows, most};
  }

  // Every expert that was chosen was read once and completely, the others not at all.
  void expect_chosen_read_once(const Routing& routing) const {
    const std::int64_t all = 2 * shape_.ffn + shape_.width;
    for (std::size_t i = 0; i < model_->weights.layers.size(); ++i) {
      for (int e = 0; e < shape_.experts; ++e) {
        const bool chosen = routing.chosen.at(i).contains(e);
        const auto [rows, most] = rows_read(model_->weights.layers[i].moe.experts[e]);
        ASSERT_EQ(rows, chosen ? all : 0) << "layer " << i << ", expert " << e;
        ASSERT_EQ(most, chosen ? 1 : 0) << "layer " << i << ", expert " << e;
      }
    }
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<const Model> model_;
};

TEST_P(Mixture, ReadsEachExpertOnceAndAnswersAlikeTokenByToken) {
  constexpr std::int64_t kPrompt = 512;
  const auto tokens = test::random_tokens(kPrompt, shape_.vocab, 2);
  Routing routing;
  const EngineOptions options{.threads = 2,
                              .context = kPrompt,
                              .step_tokens = kPrompt,
                              .logit_rows = kPrompt,
                              .work_per_thread = 1,
                              .kernels = &counting_kernels()};
  Engine engine(model_, options);
  engine.observe(&routing);
  Sequence whole = engine.new_sequence();
  const Chunk prompt{&whole, tokens, WantLogits::All};
  reads.clear();
  const auto logits = engine.step({&prompt, 1});
  const std::vector<float> expected(logits.begin(), logits.end());
  expect_chosen_read_once(routing);
  EXPECT_EQ(routing.pairs, std::size_t{kPrompt * 8 * 2});
  EXPECT_EQ(routing.chosen.at(0).size(), 64u) << "a prompt of this length takes every expert";
  whole.clear();

  Sequence single = engine.new_sequence();
  for (std::int64_t t = 0; t < kPrompt; ++t) {
    const Chunk one{&single, std::span(tokens).subspan(static_cast<std::size_t>(t), 1)};
    reads.clear();
    const auto row = engine.step({&one, 1});
    ASSERT_EQ(routing.chosen.at(0).size(), 8u);
    if (t % 32 == 0) expect_chosen_read_once(routing);
    ASSERT_EQ(0, std::memcmp(row.data(), expected.data() + t * shape_.vocab, row.size_bytes()))
        << "token " << t;
  }
}

TEST_P(Mixture, AnswersAlikeWithReadAhead) {
  const auto tokens = test::random_tokens(20, shape_.vocab, 3);
  EXPECT_EQ(test::all_logits(model_, tokens, {.read_ahead = true}),
            test::all_logits(model_, tokens, {.read_ahead = false}));
  const FfnWeights& expert = model_->weights.layers[1].moe.experts[5];
  EXPECT_EQ(ReadAhead(model_->file).want(expert), static_cast<std::size_t>(expert.gate.weight.bytes() * 3))
      << "all of it lies in the file";
}

INSTANTIATE_TEST_SUITE_P(Types, Mixture, testing::Values(DType::F32, DType::Q8_0),
                         [](const auto& row) { return std::string(type_info(row.param).name); });

TEST(ReadAhead, CoversEveryRow) {
  std::vector<std::byte> data(64 * 4);
  const Tensor matrix{.type = DType::F32, .ne = {4, 16, 1, 1}, .data = data.data()};
  const auto range = [&](const Linear& w) {
    const auto bytes = stored_bytes(w);
    return std::pair(bytes.data() - data.data(), bytes.size());
  };
  EXPECT_TRUE(stored_bytes({}).empty());
  EXPECT_EQ(range({.weight = matrix, .count = 16}), std::pair(std::ptrdiff_t{0}, std::size_t{256}));
  EXPECT_EQ(range({.weight = matrix, .count = 4, .first = 8}),
            std::pair(std::ptrdiff_t{128}, std::size_t{64}));
  // Every other row, from the second on.
  EXPECT_EQ(range({.weight = matrix, .count = 8, .first = 1, .group = 1, .group_step = 2}),
            std::pair(std::ptrdiff_t{16}, std::size_t{240}));
  EXPECT_EQ(range({.weight = matrix, .count = 4, .transposed = true}),
            std::pair(std::ptrdiff_t{0}, std::size_t{256}));
}

}  // namespace
}  // namespace pith
