// Requests through the scheduler: published text, ends of answers, events, cancellation, accounting of pages.
#include "generate/scheduler.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "models.h"
#include "pith/error.h"

namespace pith {
namespace {

EngineOptions small(std::int64_t context = 256, int sequences = 4) {
  return {.threads = 2, .context = context, .sequences = sequences, .kv = {DType::F32, DType::F32}};
}

Request greedy(std::vector<TokenId> prompt, std::int64_t max_tokens = -1) {
  Request request;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0;
  return request;
}

struct Stories : testing::Test {
  void SetUp() override { PITH_NEED_SHARED(); }
  std::vector<TokenId> encode(std::string_view text) {
    return test::stories_tokenizer().encode(text, {.add_special = true});
  }
};

TEST_F(Stories, PublishedGreedyText) {
  std::ifstream file(test::shared_data() / "weights/stories260K/golden.json");
  const auto golden = nlohmann::json::parse(file);
  const auto& published = golden["published"]["cases"][0];
  ASSERT_EQ(published["temperature"], 0);
  const std::string text = published["text"];
  for (const char* prompt : {"", "Once upon a time"}) {
    Engine engine(test::stories(), small());
    Scheduler scheduler(engine, test::stories_tokenizer());
    const std::vector<TokenId> ids = encode(prompt);
    std::string streamed = prompt;
    // The published program counts BOS as no step.
    const Result result =
        generate(scheduler, greedy(ids, published["steps"].get<int>() - std::ssize(ids) + 1),
                 [&](const TokenEvent& event) { streamed += event.text; });
    EXPECT_EQ(streamed, prompt + result.choices[0].text);
    EXPECT_EQ(streamed.substr(streamed.starts_with(' ')), text);
    EXPECT_EQ(result.choices[0].finish, FinishReason::Length);
  }
}

}  // namespace
}  // namespace pith
