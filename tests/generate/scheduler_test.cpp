// Requests through the scheduler: published text, ends of answers, events, cancellation, accounting of pages.
#include "generate/scheduler.h"

#include <fstream>
#include <limits>
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
    EXPECT_EQ(streamed, text);
    EXPECT_EQ(result.choices[0].finish, FinishReason::Length);
  }
}

// --- ends of answers ---

TEST_F(Stories, TheContextEndsAnAnswer) {
  Engine engine(test::stories(), small(32));
  Scheduler scheduler(engine, test::stories_tokenizer());
  const std::vector<TokenId> prompt = encode("Once upon a time");
  const Result result = generate(scheduler, greedy(prompt));
  EXPECT_EQ(std::ssize(result.choices[0].ids) + std::ssize(prompt), 32);
  EXPECT_EQ(result.choices[0].finish, FinishReason::Length);
  // As much as fits is the beginning of what a longer context gives.
  Engine larger(test::stories(), small(64));
  Scheduler scheduler_of_larger(larger, test::stories_tokenizer());
  const std::vector<TokenId> more = generate(scheduler_of_larger, greedy(prompt)).choices[0].ids;
  EXPECT_TRUE(std::ranges::equal(result.choices[0].ids, std::span(more).first(result.choices[0].ids.size())));
}

TEST_F(Stories, StopTokensEndAnAnswerAndAreNoPartOfIt) {
  Engine engine(test::stories(), small());
  Scheduler scheduler(engine, test::stories_tokenizer());
  const Request request = greedy(encode("Once upon a time"), 30);
  const Result all = generate(scheduler, request);
  Request stopped = request;
  stopped.stop_tokens = {all.choices[0].ids[9]};
  const Result result = generate(scheduler, stopped);
  const auto first = std::ranges::find(all.choices[0].ids, stopped.stop_tokens[0]);
  EXPECT_EQ(result.choices[0].ids, std::vector(all.choices[0].ids.begin(), first));
  EXPECT_EQ(result.choices[0].stop_token, stopped.stop_tokens[0]);
  EXPECT_EQ(result.choices[0].finish, FinishReason::Stop);
}

TEST_F(Stories, EndOfGenerationTokensEndAnAnswerUnlessIgnored) {
  Engine engine(test::stories(), small());
  const Tokenizer tokenizer = test::stories_tokenizer();
  Scheduler scheduler(engine, tokenizer);
  ASSERT_TRUE(tokenizer.eos());
  Request request = greedy(encode("Once upon a time"), 5);
  request.sampling.logit_bias = {{*tokenizer.eos(), 1000.0f}};
  Result result = generate(scheduler, request);
  EXPECT_TRUE(result.choices[0].ids.empty());
  EXPECT_EQ(result.choices[0].stop_token, *tokenizer.eos());
  EXPECT_EQ(result.choices[0].finish, FinishReason::Stop);
  request.ignore_eos = true;
  result = generate(scheduler, request);
  EXPECT_EQ(result.choices[0].ids, std::vector<TokenId>(5, *tokenizer.eos()));
  EXPECT_EQ(result.choices[0].finish, FinishReason::Length);
}

TEST_F(Stories, StopStringsEndAnAnswerWhereverTokensEnd) {
  Engine engine(test::stories(), small());
  Scheduler scheduler(engine, test::stories_tokenizer());
  const Request request = greedy(encode("Once upon a time"), 60);
  const std::string text = generate(scheduler, request).choices[0].text;
  ASSERT_GT(text.size(), 100u);
  // Every substring of some length stops the answer right before it, whether it begins, ends or lies within
  // tokens; nothing of it is ever streamed.
  for (std::size_t at = 0; at < 60; ++at) {
    for (const std::size_t length : {1, 2, 9}) {
      Request stopped = request;
      stopped.stop = {"never written", text.substr(at, length)};
      std::string streamed;
      const Result result =
          generate(scheduler, stopped, [&](const TokenEvent& event) { streamed += event.text; });
      const Choice& choice = result.choices[0];
      EXPECT_EQ(choice.text, text.substr(0, text.find(stopped.stop[1])));
      EXPECT_EQ(streamed, choice.text);
      EXPECT_EQ(choice.finish, FinishReason::Stop);
      EXPECT_EQ(choice.stop_string, 1);
    }
  }
  // What was held back comes out where the answer ends otherwise.
  Request held = request;
  held.stop = {text.substr(text.size() - 5) + "and then not"};
  std::string streamed;
  const Result result = generate(scheduler, held, [&](const TokenEvent& event) { streamed += event.text; });
  EXPECT_EQ(result.choices[0].text, text);
  EXPECT_EQ(streamed, text);
  EXPECT_EQ(result.choices[0].finish, FinishReason::Length);
}

TEST_F(Stories, CancellingKeepsWhatThereIs) {
  Engine engine(test::stories(), small());
  Scheduler scheduler(engine, test::stories_tokenizer());
  const Request request = greedy(encode("Once upon a time"), 60);
  const std::vector<TokenId> all = generate(scheduler, request).choices[0].ids;
  int tokens = 0;
  Result cancelled, other;
  scheduler.submit(
      request, [&](Result r) { cancelled = std::move(r); },
      [&](const TokenEvent& event) {
        if (++tokens == 7) scheduler.cancel(event.request);
      });
  scheduler.submit(request, [&](Result r) { other = std::move(r); });
  scheduler.run();
  EXPECT_EQ(cancelled.choices[0].finish, FinishReason::Interrupted);
  EXPECT_EQ(cancelled.choices[0].ids, std::vector(all.begin(), all.begin() + 7));
  EXPECT_EQ(other.choices[0].ids, all);
  EXPECT_FALSE(scheduler.cancel(cancelled.id));

  // Those that wait are cancelled too.
  int done = 0;
  for (int i = 0; i < 9; ++i) scheduler.submit(request, [&](Result r) { done += r.choices[0].ids.empty(); });
  scheduler.cancel_all();
  scheduler.run();
  EXPECT_EQ(done, 9);
}

// --- several at once ---

TEST_F(Stories, ChoicesShareThePromptAndDrawWithSeedsInARow) {
  Engine engine(test::stories(), small(256, 4));
  Scheduler scheduler(engine, test::stories_tokenizer(), {.prefix_cache = false});
  Request request;
  request.prompt = encode("Once upon a time, there was a little girl named Lily. She loved to play outside.");
  request.max_tokens = 12;
  request.choices = 3;
  request.sampling.seed = 41;
  const Result together = generate(scheduler, request);
  EXPECT_EQ(scheduler.stats().prompt_tokens, std::ssize(request.prompt));
  EXPECT_EQ(scheduler.stats().recomputed_tokens, 0);
  EXPECT_NE(together.choices[0].ids, together.choices[1].ids);
  EXPECT_EQ(together.answer_tokens, 36);
  request.choices = 1;
  for (std::size_t i = 0; i < 3; ++i) {
    request.sampling.seed = 41 + i;
    EXPECT_EQ(together.choices[i].seed, request.sampling.seed);
    EXPECT_EQ(generate(scheduler, request).choices[0].ids, together.choices[i].ids);
  }
}

// One prompt is read while the others wait for their common beginning, so it is computed once.
TEST_F(Stories, ACommonBeginningIsComputedOnce) {
  Engine engine(test::stories(), small(256, 8));
  Scheduler scheduler(engine, test::stories_tokenizer());
  std::vector<Request> requests;
  std::vector<TokenId> header = encode("");
  while (header.size() < 140) header.push_back(static_cast<TokenId>(100 + header.size()));
  for (int i = 0; i < 40; ++i) {
    requests.push_back(greedy(header, 3));
    requests.back().prompt.push_back(300 + i);
  }
  const std::vector<Result> results = test::run_all(scheduler, requests);
  EXPECT_EQ(results[0].cached_tokens, 0);
  for (std::size_t i = 1; i < results.size(); ++i) EXPECT_EQ(results[i].cached_tokens, 140);
  EXPECT_EQ(scheduler.stats().cached_tokens, 39 * 140);
  EXPECT_EQ(scheduler.stats().prompt_tokens, 40 * 141);
}

TEST_F(Stories, AConversationContinuesFromTheCache) {
  Engine engine(test::stories(), small());
  Scheduler scheduler(engine, test::stories_tokenizer());
  Request request = greedy(encode("Once upon a time"), 70);
  const Result first = generate(scheduler, request);
  request.prompt.insert(request.prompt.end(), first.choices[0].ids.begin(), first.choices[0].ids.end());
  const std::int64_t known = std::ssize(request.prompt) - 1;  // the last token was never computed
  const Result second = generate(scheduler, request);
  EXPECT_EQ(second.cached_tokens, known);
}

// --- errors ---

TEST(Scheduler, RefusesWhatCannotBeAnswered) {
  Engine engine(test::fixture("llama"), small(64));
  Scheduler scheduler(engine, std::nullopt);
  const auto rejects = [&](auto change, const char* message) {
    Request request = greedy({1, 2, 3}, 4);
    change(request);
    try {
      scheduler.submit(request, [](Result) {});
      ADD_FAILURE() << "accepted; expected: " << message;
    } catch (const Error& e) {
      EXPECT_STREQ(e.what(), message);
    }
  };
  const std::string vocab = std::to_string(engine.model().spec.vocab);
  rejects([](Request& r) { r.prompt.clear(); }, "the prompt is empty");
  rejects([](Request& r) { r.prompt[1] = 1 << 20; },
          ("token id 1048576 is outside the vocabulary of " + vocab).c_str());
  rejects([](Request& r) { r.prompt.assign(64, 1); },
          "a prompt of 64 tokens leaves no room for an answer in the context of 64; --ctx sets it");
  rejects([](Request& r) { r.max_tokens = -2; },
          "max tokens is -2; expected a number of tokens, or -1 for all");
  rejects([](Request& r) { r.choices = 0; }, "number of choices is 0; expected at least 1");
  rejects([](Request& r) { r.logprobs_from = 0; },
          "logprobs from token 0; expected at least 1: nothing predicts the first");
  rejects([](Request& r) { r.stop = {""}; }, "a stop string is empty");
  rejects([](Request& r) { r.stop = {"x"}; }, "stop strings need a vocabulary, and this model has none");
  rejects([](Request& r) { r.sampling.top_p = 2; }, "top-p is 2; expected a number from 0 to 1");
  EXPECT_FALSE(scheduler.step());
  // A prompt that fills the context can be read.
  Request scored = greedy(std::vector<TokenId>(64, 1), 0);
  scored.prompt_logprobs = true;
  const Result result = generate(scheduler, scored);
  EXPECT_EQ(result.prompt_logprobs.size(), 63u);
  EXPECT_TRUE(result.choices[0].ids.empty());
}

// What is not scored may come from the prefix cache, or from another prompt that is being read.
TEST(Scheduler, ScoresTheEndOfAPrompt) {
  Engine engine(test::fixture("llama"), small(128));
  Request all = greedy({}, 0);
  for (int i = 0; i < 100; ++i) all.prompt.push_back(1 + i * 7 % 90);
  all.prompt_logprobs = true;
  Request end = all;
  end.logprobs_from = 70;
  std::vector<Logprobs> expected;
  {
    Scheduler scheduler(engine, std::nullopt);
    expected = generate(scheduler, all).prompt_logprobs;
    ASSERT_EQ(expected.size(), 99u);
    expected.erase(expected.begin(), expected.begin() + 69);
  }
  Scheduler scheduler(engine, std::nullopt);
  const std::vector<Result> together = test::run_all(scheduler, {end, end});
  const Result later = generate(scheduler, end);
  for (const Result* r : {&together[0], &together[1], &later})
    EXPECT_TRUE(test::same_bits(r->prompt_logprobs, expected));
  EXPECT_EQ(together[0].cached_tokens, 0);
  EXPECT_GE(together[1].cached_tokens, 64);
  EXPECT_EQ(later.cached_tokens, 69);
  end.logprobs_from = 100;
  EXPECT_TRUE(generate(scheduler, end).prompt_logprobs.empty());
}

TEST(Scheduler, AnAnswerThatFailsHarmsNoOther) {
  Engine engine(test::fixture("llama"), small(64));
  Scheduler scheduler(engine, std::nullopt);
  Request failing = greedy({1, 2, 3}, 4), good = failing;
  for (int id = 0; id < engine.model().spec.vocab; ++id)
    failing.sampling.logit_bias.emplace_back(id, -std::numeric_limits<float>::infinity());
  const std::vector<Result> results = test::run_all(scheduler, {good, failing, good});
  EXPECT_EQ(results[1].choices[0].finish, FinishReason::Failed);
  EXPECT_FALSE(results[1].choices[0].error.empty());
  EXPECT_EQ(results[0].choices[0].ids.size(), 4u);
  EXPECT_EQ(results[2].choices[0].ids, results[0].choices[0].ids);
}

}  // namespace
}  // namespace pith
