// A reward head on a real small model: rows of the embedding, which is the tied output, so that rewards must
// be logits of these tokens.
#include "generate/reward.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "format/gguf_writer.h"
#include "generate/models.h"
#include "temporary_folder.h"

namespace pith {
namespace {

// The story model with cls.output: `rows` rows of the embedding from `first` on.
std::shared_ptr<const Model> with_head(const test::TemporaryFolder& folder, std::int64_t first,
                                       std::int64_t rows) {
  const ModelFile& file = test::stories()->file;
  std::vector<NamedTensor> tensors = file.tensors.all();
  tensors.push_back({"cls.output.weight", test::stories()->weights.embedding.row_slice(first, rows)});
  Metadata metadata(file.metadata.source());
  for (const auto& [key, value] : file.metadata.entries()) metadata.add_raw(key, value);
  std::vector<TensorPlan> plan;
  for (const NamedTensor& t : tensors) plan.push_back({t.name, t.tensor});
  const auto path = folder / "reward.gguf";
  write_gguf(path, metadata, plan, [&](std::size_t i, const ByteSink& sink) {
    sink({tensors[i].tensor.data, static_cast<std::size_t>(tensors[i].tensor.bytes())});
  });
  return open_model(path);
}

EngineOptions small() {
  EngineOptions o;
  o.threads = 1;
  o.context = 128;
  o.step_tokens = 40;
  return o;
}

std::vector<std::vector<TokenId>> some_texts() {
  std::vector<std::vector<TokenId>> texts;
  for (int n = 1; n < 100; n += 7) {  // also longer than a step
    std::vector<TokenId>& t = texts.emplace_back();
    for (int i = 0; i < n; ++i) t.push_back(1 + (i * 31 + n) % 500);
  }
  return texts;
}

TEST(Reward, IsTheHeadsOutputAtTheLastToken) {
  PITH_NEED_SHARED();
  const test::TemporaryFolder folder;
  RewardScorer scorer(with_head(folder, 42, 1), small());
  const auto texts = some_texts();
  const std::vector<float> rewards = scorer.score(texts);
  ASSERT_EQ(rewards.size(), texts.size());
  Engine engine(test::stories(), small());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Sequence s = engine.new_sequence();
    EXPECT_EQ(rewards[i], engine.prefill(s, texts[i])[42]) << i;
    EXPECT_EQ(scorer.score({&texts[i], 1})[0], rewards[i]) << i;  // alone as in company
  }
}

TEST(Reward, OfSeveralOutputsIsTheFirstClasssProbability) {
  PITH_NEED_SHARED();
  const test::TemporaryFolder folder;
  RewardScorer scorer(with_head(folder, 42, 2), small());
  const std::vector<std::vector<TokenId>> texts = {{1, 403, 407}};
  Engine engine(test::stories(), small());
  Sequence s = engine.new_sequence();
  const std::span<const float> logits = engine.prefill(s, texts[0]);
  EXPECT_NEAR(scorer.score(texts)[0], 1 / (1 + std::exp(logits[43] - logits[42])), 1e-6);
}

// The head takes no part in generating text.
TEST(Reward, AModelWithAHeadGeneratesAsWithout) {
  PITH_NEED_SHARED();
  const test::TemporaryFolder folder;
  Engine with(with_head(folder, 42, 1), small()), without(test::stories(), small());
  Sequence a = with.new_sequence(), b = without.new_sequence();
  const std::vector<TokenId> text = {1, 403, 407};
  const auto x = with.prefill(a, text), y = without.prefill(b, text);
  EXPECT_TRUE(std::ranges::equal(x, y));
}

TEST(Reward, NeedsAHeadAndATextThatFits) {
  PITH_NEED_SHARED();
  EXPECT_THROW(RewardScorer(test::stories(), small()), Error);
  const test::TemporaryFolder folder;
  RewardScorer scorer(with_head(folder, 42, 1), small());
  EXPECT_THROW(scorer.score({{std::vector<TokenId>(129, 1)}}), Error);
  EXPECT_THROW(scorer.score({{std::vector<TokenId>()}}), Error);
}

}  // namespace
}  // namespace pith
