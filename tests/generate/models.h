// Small models for the tests of generation, and ways to run requests on them.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <map>
#include <string>

#include "generate/scheduler.h"
#include "shared_data.h"

namespace pith::test {

/// A fixture of this repository ("llama", "mistral", ...), opened once.
inline std::shared_ptr<const Model> fixture(const std::string& name) {
  static std::map<std::string, std::shared_ptr<const Model>> models;
  auto& model = models[name];
  if (!model) model = open_model(std::filesystem::path(PITH_SOURCE_DIR) / "tests/data/hf" / name);
  return model;
}

/// A trained model of 260,000 parameters with a SentencePiece vocabulary of 512. Needs the shared data.
inline std::shared_ptr<const Model> stories() {
  static const auto model = open_model(shared_data() / "weights/stories260K/stories260K-f32.gguf");
  return model;
}
inline Tokenizer stories_tokenizer() {
  static const Tokenizer tokenizer = Tokenizer::from_metadata(stories()->file.metadata);
  return tokenizer;
}

/// Runs the requests together; results in the order of the requests.
inline std::vector<Result> run_all(Scheduler& scheduler, std::vector<Request> requests) {
  std::vector<Result> results(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i)
    scheduler.submit(std::move(requests[i]), [&results, i](Result r) { results[i] = std::move(r); });
  scheduler.run();
  return results;
}

inline ::testing::AssertionResult same_bits(const std::vector<Logprobs>& a, const std::vector<Logprobs>& b) {
  const auto same = [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  };
  if (a.size() != b.size())
    return ::testing::AssertionFailure() << a.size() << " and " << b.size() << " logprobs";
  for (std::size_t i = 0; i < a.size(); ++i) {
    bool equal = same(a[i].logprob, b[i].logprob) && a[i].top.size() == b[i].top.size();
    for (std::size_t k = 0; equal && k < a[i].top.size(); ++k)
      equal = a[i].top[k].id == b[i].top[k].id && same(a[i].top[k].logprob, b[i].top[k].logprob);
    if (!equal) {
      return ::testing::AssertionFailure()
             << "logprobs " << i << " differ: " << a[i].logprob << " and " << b[i].logprob;
    }
  }
  return ::testing::AssertionSuccess();
}

/// Everything that promise 2 is about.
inline void expect_same(const Result& a, const Result& b) {
  ASSERT_EQ(a.choices.size(), b.choices.size());
  for (std::size_t i = 0; i < a.choices.size(); ++i) {
    const Choice &x = a.choices[i], &y = b.choices[i];
    EXPECT_EQ(x.ids, y.ids);
    EXPECT_EQ(x.text, y.text);
    EXPECT_EQ(x.finish, y.finish) << x.error << y.error;
    EXPECT_EQ(x.stop_token, y.stop_token);
    EXPECT_EQ(x.stop_string, y.stop_string);
    EXPECT_TRUE(same_bits(x.logprobs, y.logprobs));
  }
  EXPECT_TRUE(same_bits(a.prompt_logprobs, b.prompt_logprobs));
}

}  // namespace pith::test
