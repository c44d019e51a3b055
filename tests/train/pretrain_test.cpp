// Pre-training as a user runs it: resumed to the bit, the same for any number of threads, errors that lose
// nothing.
#include "train/pretrain.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/terminal.h"
#include "pith/error.h"
#include "temporary_folder.h"
#include "train/byte_tokenizer.h"
#include "train/checkpoint.h"
#include "train/small_networks.h"
#include "train/token_stream.h"

namespace pith::lab {
namespace {

using std::filesystem::path;

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

// Documents that are words of a tiny language, in a folder with its tokenizer.
struct Data {
  test::TemporaryFolder folder;

  Data() {
    write_byte_tokenizer(folder.path());
    write_stream("train.u16", 400, 1);
    write_stream("validation.u16", 20, 2);
  }

  void write_stream(std::string_view name, int documents, std::uint64_t seed) const {
    std::string bytes;
    const auto add = [&](int id) { bytes += {static_cast<char>(id & 255), static_cast<char>(id >> 8)}; };
    for (int i = 0; i < documents; ++i) {
      const auto n =
          static_cast<int>(40 * (pseudo_random(seed * 100'000 + static_cast<std::uint64_t>(i)) + 0.55));
      for (int k = 0; k < n; ++k) add("abcab"[k % 5]);
      add(kEndOfText);
    }
    folder.write(name, bytes);
  }

  nlohmann::json config(std::string run, int threads = 1) const {
    const std::string root = folder.path().string() + "/";
    return {
        {"run", root + run},
        {"name", "tiny"},
        {"tokenizer", root + "tokenizer.json"},
        {"train", root + "train.u16"},
        {"validation", root + "validation.u16"},
        {"seed", 1},
        {"threads", threads},
        {"model",
         {{"width", 32},
          {"layers", 1},
          {"heads", 2},
          {"kv_heads", 1},
          {"head_dim", 16},
          {"ffn", 32},
          {"experts", 2},
          {"active", 1},
          {"context", 48},
          {"rope_base", 10000},
          {"norm_eps", 1e-5},
          {"deviation", 0.05},
          {"balance", 0.01}}},
        {"batch", {{"windows", 8}, {"rows", 96}, {"shards", 3}}},
        {"optimizer",
         {{"peak_rate", 0.01}, {"beta1", 0.9}, {"beta2", 0.95}, {"eps", 1e-8}, {"decay", 0.1}, {"clip", 1}}},
        {"schedule", {{"warmup_tokens", 600}, {"decay_share", 0.4}, {"budgets", {1000, 2000}}}},
        {"log_every", 1},
        {"validate_every", 2},
        {"validation_windows", 4},
        {"checkpoint_minutes", 60}};
  }

  void run(const nlohmann::json& config) const { pretrain(Config::parse(config.dump(), "test.json")); }
  std::string bytes(std::string_view file) const { return read_file(folder / file); }
};

TEST(Pretrain, SlowStoppedAtEveryStepItEndsWithTheSameBytes) {
  const Data data;
  data.run(data.config("whole"));
  cli::prepare_process();
  int starts = 0;
  for (bool done = false; !done; ++starts) {
    ASSERT_LT(starts, 100);
    raise(SIGINT);  // seen behind the first step
    const std::string error = error_of([&] { data.run(data.config("parts")); });
    done = error == "no error";
    EXPECT_TRUE(done || error.find("interrupted") != std::string::npos) << error;
    cli::clear_interrupt();
  }
  EXPECT_GT(starts, 6);
  for (const char* budget : {"-1000", "-2000"}) {
    const std::string end = std::string(budget) + "/final.gguf";
    EXPECT_EQ(data.bytes("parts" + end), data.bytes("whole" + end));
  }
  const auto point = [&](const std::string& run) {
    const std::string text = data.bytes(run + "-2000/point.csv");
    return text.substr(text.rfind("-2000,"));
  };
  EXPECT_EQ(point("parts"), point("whole"));
  // The log has every step once, and the loss falls.
  const std::string log = data.bytes("parts/log.jsonl");
  std::int64_t last = 0;
  double first_loss = 0, loss = 0;
  for (std::size_t begin = 0, end; (end = log.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const auto line = nlohmann::json::parse(log.substr(begin, end - begin));
    if (!line.contains("loss")) continue;
    EXPECT_EQ(line["step"], ++last);
    loss = line["loss"];
    if (last == 1) first_loss = loss;
  }
  EXPECT_LT(loss, first_loss - 1);
}

TEST(Pretrain, ThreadsDoNotChangeTheModel) {
  const Data data;
  data.run(data.config("one", 1));
  data.run(data.config("three", 3));
  EXPECT_EQ(data.bytes("one-2000/final.gguf"), data.bytes("three-2000/final.gguf"));
}

TEST(Pretrain, WhatIsNotFiniteStopsWithItsName) {
  const Data data;
  cli::prepare_process();
  raise(SIGINT);
  error_of([&] { data.run(data.config("run")); });
  cli::clear_interrupt();
  const path file = *latest_checkpoint(data.folder / "run");
  Checkpoint checkpoint = read_checkpoint(file);
  const Layout layout(checkpoint.shape);
  checkpoint.parameters[layout.layers[0].attn_norm] = std::numeric_limits<float>::quiet_NaN();
  write_checkpoint(file, checkpoint);
  const std::string error = error_of([&] { data.run(data.config("run")); });
  EXPECT_NE(error.find("step 2"), std::string::npos) << error;
  EXPECT_NE(error.find("blk.0.attn_norm.weight"), std::string::npos) << error;
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(Pretrain, AnotherConfigDoesNotResume) {
  const Data data;
  cli::prepare_process();
  raise(SIGINT);
  error_of([&] { data.run(data.config("run")); });
  cli::clear_interrupt();
  auto changed = data.config("run");
  changed["seed"] = 2;
  EXPECT_NE(error_of([&] { data.run(changed); }).find("another config"), std::string::npos);
}

Checkpoint some_checkpoint() {
  const Shape shape = mixture_shape();
  const std::vector<float> p = test_parameters<float>(Layout(shape));
  std::vector<float> first = p, second = p;
  for (float& v : first) v *= 2;
  for (float& v : second) v *= 3;
  return {.shape = shape,
          .state = {{"step", 7}, {"x", 0.1}},
          .config = "{}",
          .parameters = p,
          .first = std::move(first),
          .second = std::move(second)};
}

TEST(Checkpoint, ReadsWhatWasWritten) {
  const test::TemporaryFolder folder;
  const Checkpoint written = some_checkpoint();
  write_checkpoint(folder / "c", written);
  const Checkpoint read = read_checkpoint(folder / "c");
  EXPECT_EQ(read.shape, written.shape);
  EXPECT_EQ(read.state, written.state);
  EXPECT_EQ(read.config, written.config);
  EXPECT_EQ(read.parameters, written.parameters);
  EXPECT_EQ(read.first, written.first);
  EXPECT_EQ(read.second, written.second);
  EXPECT_NE(error_of([&] { read.number("y"); }).find("'y'"), std::string::npos);
}

TEST(Checkpoint, DamageIsNoticed) {
  const test::TemporaryFolder folder;
  write_checkpoint(folder / "c", some_checkpoint());
  const std::string whole = read_file(folder / "c");
  for (const std::size_t length :
       {std::size_t{1}, std::size_t{9}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
    folder.write("d", whole.substr(0, length));
    EXPECT_NE(error_of([&] { read_checkpoint(folder / "d"); }).find("damaged"), std::string::npos) << length;
  }
  for (const std::size_t place : {std::size_t{12}, whole.size() / 2, whole.size() - 1}) {
    std::string changed = whole;
    changed[place] ^= 1;
    folder.write("d", changed);
    EXPECT_NE(error_of([&] { read_checkpoint(folder / "d"); }), "no error") << place;
  }
  folder.write("d", whole + "x");
  EXPECT_NE(error_of([&] { read_checkpoint(folder / "d"); }).find("damaged"), std::string::npos);
}

// A limit on the size of files stands for a full disk.
TEST(Checkpoint, AFullDiskLosesNothing) {
  const test::TemporaryFolder folder;
  write_checkpoint(folder / "c", some_checkpoint());
  const std::string before = read_file(folder / "c");
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{before.size() / 2, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  Checkpoint next = some_checkpoint();
  next.state["step"] = 8;
  const std::string error = error_of([&] { write_checkpoint(folder / "c", next); });
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, handler);
  EXPECT_NE(error.find("writing"), std::string::npos) << error;
  EXPECT_EQ(read_file(folder / "c"), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(TokenStream, WindowsHoldWholeDocuments) {
  const test::TemporaryFolder folder;
  std::string bytes;
  for (const int id : {1, 2, 0, 3, 0, 4, 5, 6, 7, 8, 9, 10, 0, 11, 0, 12})
    bytes += {static_cast<char>(id), '\0'};
  folder.write("s", bytes);
  const TokenStream stream(folder / "s", 20, 0, 6);
  std::vector<std::vector<std::int32_t>> windows, targets;
  for (std::int64_t i = 0; i < stream.windows(); ++i) {
    windows.emplace_back(stream.window(i).begin(), stream.window(i).end());
    targets.push_back(stream.targets(i));
  }
  using Ids = std::vector<std::vector<std::int32_t>>;
  EXPECT_EQ(windows, (Ids{{1, 2, 0, 3, 0}, {4, 5, 6, 7, 8, 9}, {10, 0, 11, 0}}));
  EXPECT_EQ(targets, (Ids{{2, 0, 3, 0, 4}, {5, 6, 7, 8, 9, 10}, {0, 11, 0, -1}}));
  EXPECT_NE(error_of([&] { TokenStream(folder / "s", 12, 0, 6); }).find("vocabulary"), std::string::npos);
  EXPECT_NE(error_of([&] { TokenStream(folder / "s", 20, 19, 6); }).find("no document"), std::string::npos);
  folder.write("odd", "abc");
  EXPECT_NE(error_of([&] { TokenStream(folder / "odd", 20, 0, 6); }).find("16-bit"), std::string::npos);
}

}  // namespace
}  // namespace pith::lab
