// The same bytes every time: what a request gets is bit-identical alone and in company, in any order, with
// any number of threads, step size and chunk, with and without shared prefixes, preempted or not.
//
// CMake registers these tests once for each instruction-set level (PITH_ISA).
#include <algorithm>
#include <random>

#include "models.h"

namespace pith {
namespace {

struct Company {
  int threads = 1;
  int sequences = 4;
  std::int64_t step_tokens = 512, chunk = 0;
  bool prefix_cache = true;
  std::int64_t positions = 0;  // 0: enough for all sequences
  bool reversed = false;       // the order in which requests come
  int at_once = 1000;          // submitted together; the next ones when these are done
};

constexpr std::int64_t kContext = 160;

EngineOptions engine_options(const Company& c, KvTypes kv) {
  return {.threads = c.threads,
          .context = kContext,
          .sequences = c.sequences,
          .positions = c.positions,
          .step_tokens = c.step_tokens,
          .logit_rows = std::max<std::int64_t>(c.sequences, 40),
          .work_per_thread = 1,
          .kv = kv};
}

// 33 requests of every kind: short and long prompts, three groups with a common beginning, greedy and
// sampled, penalties, several choices, log-probabilities of prompt and answer.
std::vector<Request> mixed_requests(int vocab, bool with_text) {
  std::mt19937 random(7);
  const auto token = [&] { return static_cast<TokenId>(random() % static_cast<unsigned>(vocab)); };
  std::vector<TokenId> headers[3];
  for (int i = 0; i < 3; ++i) {
    for (int n = 0; n < 24 + 20 * i; ++n) headers[i].push_back(token());
  }
  std::vector<Request> requests;
  for (int i = 0; i < 33; ++i) {
    Request r;
    if (i % 3 != 0) r.prompt = headers[i % 9 / 3];
    for (int n = 1 + i * 7 % 50; n > 0; --n) r.prompt.push_back(token());
    r.max_tokens = 3 + i * 5 % 37;
    r.sampling.seed = static_cast<std::uint64_t>(i);
    r.sampling.temperature = i % 4 == 0 ? 0 : 1;
    r.sampling.top_k = i % 5 == 0 ? 0 : 40;
    r.sampling.repetition_penalty = i % 6 == 0 ? 1.3f : 1;
    r.sampling.typical = i % 8 == 1 ? 0.8f : 1;
    r.choices = i % 11 == 10 ? 3 : 1;
    r.logprobs = i % 7 == 0 ? -1 : i % 7;
    r.prompt_logprobs = i % 10 == 3;
    r.logprobs_from = 1 + i / 10 * 25;
    if (with_text && i % 5 == 2) r.stop = {"th", " a"};
    r.ignore_eos = true;
    requests.push_back(std::move(r));
  }
  return requests;
}

std::vector<Result> run_in(const Company& c, const std::shared_ptr<const Model>& model, KvTypes kv,
                           const std::optional<Tokenizer>& tokenizer, std::vector<Request> requests,
                           SchedulerStats* stats = nullptr) {
  Engine engine(model, engine_options(c, kv));
  const std::int64_t free = engine.cache().free_pages();
  std::vector<Result> results;
  {
    Scheduler scheduler(engine, tokenizer, {.chunk = c.chunk, .prefix_cache = c.prefix_cache});
    if (c.reversed) std::ranges::reverse(requests);
    for (std::size_t at = 0; at < requests.size(); at += static_cast<std::size_t>(c.at_once)) {
      const std::size_t end = std::min(requests.size(), at + static_cast<std::size_t>(c.at_once));
      for (Result& r : test::run_all(scheduler, {requests.begin() + static_cast<std::ptrdiff_t>(at),
                                                 requests.begin() + static_cast<std::ptrdiff_t>(end)}))
        results.push_back(std::move(r));
    }
    if (c.reversed) std::ranges::reverse(results);
    if (stats) *stats = scheduler.stats();
    EXPECT_EQ(scheduler.stats().pages_used, 0);
    scheduler.clear_prefixes();
    EXPECT_EQ(engine.cache().free_pages(), free) << "pages that nobody holds and nobody can take";
  }
  return results;
}

struct SameBytes : testing::TestWithParam<std::pair<const char*, DType>> {};

TEST_P(SameBytes, InAnyCompany) {
  if (const char* level = std::getenv("PITH_ISA"); level && *level && !kernels_at(level))
    GTEST_SKIP() << "this processor lacks the level " << level;
  const auto [name, kv_type] = GetParam();
  std::shared_ptr<const Model> model;
  std::optional<Tokenizer> tokenizer;
  if (std::string_view(name) == "stories260K") {
    PITH_NEED_SHARED();
    model = test::stories(), tokenizer = test::stories_tokenizer();
  } else {
    model = test::fixture(name);
  }
  const KvTypes kv{kv_type, kv_type};
  const std::vector<Request> requests = mixed_requests(model->spec.vocab, tokenizer.has_value());

  const Company alone{.sequences = 3, .prefix_cache = false, .at_once = 1};
  const std::vector<Result> expected = run_in(alone, model, kv, tokenizer, requests);
  // The answers must depend on something, or the comparison proves nothing.
  EXPECT_NE(expected[1].choices[0].ids, expected[2].choices[0].ids);

  // Threads where steps are long: on a busy machine each barrier can cost a time slice, and which thread does
  // what is tested on the engine itself (infer/invariance_test.cpp).
  // Few positions: pages for one sequence of the longest kind, shared by eight.
  const Company companies[] = {
      {.sequences = 3, .at_once = 1},
      {.threads = 3, .sequences = 33},
      {.sequences = 33, .prefix_cache = false, .reversed = true},
      {.sequences = 8, .at_once = 8},
      {.sequences = 5, .step_tokens = 7, .reversed = true},
      {.sequences = 4, .step_tokens = 32, .chunk = 1},
      {.sequences = 8, .step_tokens = 32, .chunk = 7},
      {.sequences = 1, .step_tokens = 1},
      {.sequences = 8, .positions = kContext},
      {.sequences = 8, .step_tokens = 32, .prefix_cache = false, .positions = kContext},
  };
  std::int64_t preemptions = 0, cached = 0;
  for (std::size_t i = 0; i < std::size(companies); ++i) {
    SchedulerStats stats;
    const std::vector<Result> results = run_in(companies[i], model, kv, tokenizer, requests, &stats);
    preemptions += stats.preemptions;
    cached += stats.cached_tokens;
    for (std::size_t r = 0; r < requests.size(); ++r) {
      SCOPED_TRACE("company " + std::to_string(i) + ", request " + std::to_string(r));
      test::expect_same(expected[r], results[r]);
      if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
  }
  EXPECT_GT(preemptions, 0) << "no preemption was tested";
  EXPECT_GT(cached, 0) << "no shared prefix was tested";
}

INSTANTIATE_TEST_SUITE_P(Models, SameBytes,
                         testing::Values(std::pair("stories260K", DType::F16), std::pair("llama", DType::F32),
                                         std::pair("mistral", DType::BF16), std::pair("qwen3", DType::F16),
                                         std::pair("qwen2-window", DType::F32),
                                         std::pair("qwen35", DType::F16), std::pair("lfm2", DType::F32),
                                         std::pair("deepseek-v2", DType::F16),
                                         std::pair("gpt-oss", DType::F16), std::pair("gemma4", DType::F16),
                                         std::pair("qwen3next", DType::F32)),
                         [](const auto& row) {
                           std::string name = row.param.first;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace pith
