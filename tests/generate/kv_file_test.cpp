// Prefixes saved and restored: the same answers, shared pages once, and no trace of a file that does not fit.
#include "generate/kv_file.h"

#include <fstream>

#include "models.h"
#include "pith/error.h"
#include "temporary_folder.h"

namespace pith {
namespace {

namespace fs = std::filesystem;

struct Session {
  Engine engine;
  Scheduler scheduler;
  explicit Session(const char* model, KvTypes kv = {}, std::int64_t context = 256)
      : engine(test::fixture(model), {.threads = 1, .context = context, .sequences = 4, .kv = kv}),
        scheduler(engine, std::nullopt) {}
};

// Two requests with a common beginning of 64 tokens, and one without.
std::vector<Request> requests(int vocab) {
  std::vector<Request> all;
  for (int i = 0; i < 3; ++i) {
    Request r;
    for (int n = 0; n < 64; ++n) r.prompt.push_back((i == 2 ? 5 + n : 3 * n) % vocab);
    for (int n = 0; n < 40; ++n) r.prompt.push_back((7 * n + i) % vocab);
    r.max_tokens = 10;
    r.logprobs = 3;
    all.push_back(std::move(r));
  }
  return all;
}

struct KvFile : testing::TestWithParam<const char*> {
  test::TemporaryFolder folder;
  const fs::path path = folder.path() / "prompts.kv";
};

TEST_P(KvFile, RestoredPrefixesGiveTheSameBytes) {
  Session first(GetParam());
  const std::vector<Request> all = requests(first.engine.model().spec.vocab);
  const std::vector<Result> expected = test::run_all(first.scheduler, all);
  first.scheduler.save_prefixes(path);

  Session second(GetParam());
  const std::int64_t free = second.engine.cache().free_pages();
  EXPECT_EQ(second.scheduler.restore_prefixes(path), 96);  // whole pages of 104 + 9
  const std::vector<Result> results = test::run_all(second.scheduler, all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(results[i].cached_tokens, 96) << i;
    test::expect_same(expected[i], results[i]);
  }
  second.scheduler.clear_prefixes();
  EXPECT_EQ(second.engine.cache().free_pages(), free);
}

INSTANTIATE_TEST_SUITE_P(Models, KvFile,
                         testing::Values("llama", "mistral", "qwen3", "qwen35", "qwen3next", "gemma4"),
                         [](const auto& row) { return std::string(row.param); });

struct KvFileErrors : testing::Test {
  test::TemporaryFolder folder;
  const fs::path path = folder.path() / "prompts.kv";
  KvFileErrors() {
    Session run("llama");
    test::run_all(run.scheduler, requests(run.engine.model().spec.vocab));
    run.scheduler.save_prefixes(path);
  }
  void expect_refused(Session& run, const std::string& message) {
    const std::int64_t free = run.engine.cache().free_pages();
    try {
      run.scheduler.restore_prefixes(path);
      ADD_FAILURE() << "accepted; expected: " << message;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(message), std::string::npos) << e.what();
    }
    EXPECT_EQ(run.engine.cache().free_pages(), free);
  }
};

TEST_F(KvFileErrors, AnotherModelOrTypeIsRefused) {
  Session other_model("qwen3"), other_key("llama", {DType::F32, DType::F16}),
      other_value("llama", {DType::F16, DType::BF16});
  expect_refused(other_model, "made with another model");
  expect_refused(other_key, "made with another key type");
  expect_refused(other_value, "made with another value type");
}

TEST_F(KvFileErrors, SharedPagesAreStoredOnce) {
  // Sequences of 96, 96 and 96 tokens, of which two share 64.
  Session run("llama");
  const std::size_t page = run.engine.cache().page_bytes(0);
  EXPECT_LT(fs::file_size(path), 8 * page);
  EXPECT_GE(fs::file_size(path), 7 * page);
}

TEST_F(KvFileErrors, OnlyWhatWasFoundAgainWhereAskedFor) {
  Session run("llama");
  const std::vector<Request> all = requests(run.engine.model().spec.vocab);
  for (const Request& request : all) generate(run.scheduler, request);
  run.scheduler.save_prefixes(path, true);  // 64 tokens, of the first two
  const std::size_t page = run.engine.cache().page_bytes(0);
  EXPECT_LT(fs::file_size(path), 3 * page);
  EXPECT_EQ(run.scheduler.restore_prefixes(path), 64);
}

TEST_F(KvFileErrors, TruncatedOrChangedAnywhereIsRefused) {
  std::ifstream in(path, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(in), {}};
  Session run("llama");
  const auto write = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  };
  for (std::size_t i = 0; i < 200; ++i) {
    const std::size_t at = i < 100 ? i : good.size() / 100 * (i - 100);
    write(good.substr(0, std::max<std::size_t>(at, 1)));
    expect_refused(run, "prompts.kv");
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    write(changed);
    expect_refused(run, "prompts.kv");
  }
  write(good);
  EXPECT_EQ(run.scheduler.restore_prefixes(path), 96);
}

TEST_F(KvFileErrors, RestoresWhatThereIsRoomFor) {
  Session run("llama", {}, 8);  // a page or two for each of four sequences
  EXPECT_LE(run.scheduler.restore_prefixes(path), 96);
  Request request;
  request.prompt = {1, 2, 3};
  EXPECT_EQ(generate(run.scheduler, request).choices[0].ids.size(), 5u);
}

}  // namespace
}  // namespace pith
