// Perplexity, choices and divergence of a real small model against figures made by others.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "analyse/choice.h"
#include "analyse/continuation.h"
#include "analyse/divergence.h"
#include "analyse/item_loop.h"
#include "analyse/perplexity.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "shared_data.h"
#include "text/model_text.h"

namespace pith::test {
namespace {

class Evaluated : public ::testing::Test {
 protected:
  void SetUp() override {
    PITH_NEED_SHARED();
    model_ = open_model(shared_data() / "weights/stories260K/stories260Ktok512-llamacpp.gguf");
    tokenizer_ = find_tokenizer(model_->file);
  }
  EngineOptions options(std::int64_t context) const {
    EngineOptions o;
    o.threads = 1;
    o.context = context;
    o.sequences = 4;
    o.logit_rows = 100;
    o.kv = {DType::F32, DType::F32};
    return o;
  }
  std::string frankenstein(std::size_t bytes) const {
    return read_file(shared_data() / "text/frankenstein.txt").substr(0, bytes);
  }

  std::shared_ptr<const Model> model_;
  std::optional<Tokenizer> tokenizer_;
};

// What llama.cpp's perplexity tool prints, to its last digit but one.
TEST_F(Evaluated, SlowPerplexityOfFrankenstein) {
  const nlohmann::json expected =
      parse_json(read_file(shared_data() / "weights/stories260K/perplexity.json"), "perplexity.json");
  const std::vector<TokenId> ids = tokenizer_->encode(frankenstein(32768), {.add_special = true});
  ASSERT_EQ(expected["results"].size(), 3u);
  for (const auto& line : expected["results"]) {
    const auto width = line["n_ctx"].get<std::int64_t>();
    const std::vector<TextWindow> windows = disjoint_windows(ids, width, tokenizer_->bos());
    EXPECT_EQ(windows.size(), line["chunks"].get<std::size_t>());
    Engine engine(model_, options(width));
    Scheduler scheduler(engine, *tokenizer_);
    SurpriseSums sums;
    std::vector<std::int64_t> items(windows.size());
    for (std::size_t i = 0; i < items.size(); ++i) items[i] = static_cast<std::int64_t>(i);
    ItemLoop loop;
    loop.requests = [&](std::int64_t i) {
      return std::vector<Request>{window_request(windows[static_cast<std::size_t>(i)])};
    };
    loop.done = [&](std::int64_t, std::vector<Result> r) { sums += sums_of(r[0].prompt_logprobs); };
    loop.stop = [] { return false; };
    ASSERT_TRUE(run_items(scheduler, items, loop));
    const MeanEstimate perplexity = exponential(sums.estimate());
    EXPECT_NEAR(perplexity.value, line["ppl"].get<double>(), 1e-3) << width;
    EXPECT_NEAR(perplexity.error, line["err"].get<double>(), 1e-3) << width;
  }
}

TEST_F(Evaluated, AModelDoesNotDivergeFromItself) {
  Engine a(model_, options(128)), b(model_, options(128));
  for (const TextWindow& w :
       sliding_windows(tokenizer_->encode(frankenstein(1000)), 64, 63, first_token(*tokenizer_))) {
    const DivergenceSums sums = compare_window(a, b, w);
    EXPECT_EQ(sums.kl.sum, 0);
    EXPECT_EQ(sums.same_top, sums.kl.tokens);
    EXPECT_EQ(sums.difference.sum, 0);
    EXPECT_EQ(sums.kl.tokens, std::ssize(w.tokens) - w.from);
  }
}

// Keys and values stored more coarsely are another model: its divergence by the definition, and what the
// scheduler says of the same tokens.
TEST_F(Evaluated, DivergenceIsByItsDefinition) {
  EngineOptions coarse = options(128);
  coarse.kv = {DType::BF16, DType::BF16};
  Engine a(model_, options(128)), b(model_, coarse);
  const TextWindow window{tokenizer_->encode(frankenstein(150), {.add_special = true}), 30};
  const DivergenceSums sums = compare_window(a, b, window);
  EXPECT_GT(sums.kl.sum, 0);
  EXPECT_EQ(DivergenceSums::from_json(sums.json()).kl.squares, sums.kl.squares);

  double kl = 0;
  for (std::size_t end = 30; end < window.tokens.size(); ++end) {
    std::vector<double> p[2];
    for (Engine* e : {&a, &b}) {
      Sequence s = e->new_sequence();
      const std::span<const float> logits = e->prefill(s, std::span(window.tokens).first(end));
      double sum = 0;
      for (const float l : logits) sum += std::exp(double{l});
      for (const float l : logits) p[e == &b].push_back(std::exp(double{l}) / sum);
    }
    for (std::size_t i = 0; i < p[0].size(); ++i) kl += p[0][i] * std::log(p[0][i] / p[1][i]);
  }
  EXPECT_NEAR(sums.kl.sum, kl, 1e-9);

  Scheduler scheduler(b, *tokenizer_);
  const SurpriseSums scored = sums_of(generate(scheduler, window_request(window)).prompt_logprobs);
  EXPECT_EQ(scored.tokens, sums.b.tokens);
  EXPECT_NEAR(scored.sum, sums.b.sum, 1e-5 * static_cast<double>(scored.tokens));
}

TEST_F(Evaluated, PairsAreSplitAsTheHarnessDoes) {
  const auto pieces = [&](std::string_view context, std::string_view continuation) {
    const TokenizedPair p = tokenize_pair(*tokenizer_, context, continuation);
    return tokenizer_->decode(std::span(p.tokens).subspan(static_cast<std::size_t>(p.from)), true);
  };
  EXPECT_EQ(pieces("Once upon", " a time"), "a time");
  EXPECT_EQ(pieces("Once upon ", "a time"), "a time");  // the blank goes over
  const TokenizedPair alone = tokenize_pair(*tokenizer_, "", "Once");
  EXPECT_EQ(alone.from, 1);
  EXPECT_EQ(alone.tokens.front(), *tokenizer_->bos());
  EXPECT_THROW(tokenize_pair(*tokenizer_, "Once", ""), Error);
}

TEST(Windows, ScoreEveryTokenOnce) {
  std::vector<TokenId> text(100);
  for (int i = 0; i < 100; ++i) text[static_cast<std::size_t>(i)] = i;
  for (const auto& first : {std::optional<TokenId>(), std::optional<TokenId>(1000)}) {
    for (const std::int64_t stride : {1, 7, 15}) {
      TokenId next = first ? 0 : 1;
      for (const TextWindow& w : sliding_windows(text, 16, stride, first)) {
        EXPECT_LE(w.tokens.size(), 16u);
        EXPECT_GE(w.from, 1);
        EXPECT_TRUE(!first || w.tokens.front() == 1000);
        for (std::size_t i = static_cast<std::size_t>(w.from); i < w.tokens.size(); ++i)
          EXPECT_EQ(w.tokens[i], next++);
      }
      EXPECT_EQ(next, 100);
    }
  }
  EXPECT_TRUE(sliding_windows(std::span(text).first(1), 16, 8, {}).empty());
  const std::vector<TextWindow> halves = disjoint_windows(text, 32, 1000);
  ASSERT_EQ(halves.size(), 3u);
  EXPECT_EQ(halves[1].tokens[0], 1000);
  EXPECT_EQ(halves[1].tokens[1], 33);
  EXPECT_EQ(halves[1].from, 17);
}

TEST(Choices, FiguresByHand) {
  // Probabilities (0.75, 0.25), right; (0.25, 0.75), wrong by likelihood, right by characters.
  const double p = std::log(0.75), q = std::log(0.25);
  const std::vector<ChoiceResult> results = {{0, {p, q}, {1, 1}}, {0, {q, p}, {20, 1}}};
  const ChoiceReport r = report_choices(results);
  EXPECT_EQ(r.accuracy.value, 0.5);
  EXPECT_EQ(r.accuracy_norm.value, 1);
  EXPECT_NEAR(r.brier.value, (2 * 0.0625 + 2 * 0.5625) / 2, 1e-12);
  // Both fall into the bin from 0.7 to 0.8, of confidence 0.75 and accuracy 0.5.
  EXPECT_NEAR(r.calibration_error.value, 0.25, 1e-12);
  EXPECT_NEAR(r.log_probability.value, (p + q) / 2, 1e-12);
  EXPECT_EQ(ChoiceResult::from_json(results[1].json()).log_likelihood, results[1].log_likelihood);
  EXPECT_THROW(ChoiceResult::from_json({{"answer", 2}}), Error);
  EXPECT_EQ(count_characters("caf\xc3\xa9 \xe9\x9b\xaa"), 6);
}

TEST(Perplexities, Words) {
  EXPECT_EQ(count_words(" a  few\nwords\t"), 3);
  EXPECT_EQ(count_words(""), 0);
}

}  // namespace
}  // namespace pith::test
