// Outputs that were cut off, that fail, and that do not fit: nothing that was finished is lost.
#include "batch/output.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "batch/answer_line.h"
#include "batch/merge.h"
#include "batch/output_line.h"
#include "pith/error.h"
#include "temporary_folder.h"

namespace pith {
namespace {

namespace fs = std::filesystem;

std::string failed(const std::string& id, std::int64_t line) {
  return error_line(request_name("", line, id), LineError("invalid_request", "no"));
}
std::string answered(const std::string& id, std::int64_t line) {
  return R"({"id":"x","custom_id":")" + id + R"(","line":)" + std::to_string(line) +
         R"(,"response":{"custom_id":"inner","line":99,"body":{"error":{"code":"inner"}}},"error":null})" +
         "\n";
}

struct Output : testing::Test {
  test::TemporaryFolder folder;
  fs::path path = folder / "out.jsonl";

  OutputOptions options(bool resume = false) const {
    return {.path = path, .settings = {{"temperature", "1"}, {"model", "m"}}, .resume = resume, .now = 1000};
  }
  std::string content() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // An output with these bytes, as an earlier run left it.
  void leave(const std::string& bytes) {
    { BatchOutput begun(options()); }
    folder.write("out.jsonl", bytes);
  }
  template <class F>
  void expect_error(F f, const std::string& text) {
    try {
      f();
      ADD_FAILURE() << "no error; expected: " << text;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << e.what();
    }
  }
};

TEST_F(Output, LinesAreReadBack) {
  const OutputLine good = read_output_line(answered("a", 3), "x"),
                   bad = read_output_line(failed("b\n\"", 7), "x");
  EXPECT_EQ(good.name.id, "a");
  EXPECT_EQ(good.name.key, "x");
  EXPECT_EQ(good.name.line, 3);
  EXPECT_FALSE(good.failed());
  EXPECT_EQ(bad.name.id, "b\n\"");
  EXPECT_EQ(bad.name.line, 7);
  EXPECT_EQ(bad.error_code, "invalid_request");
  for (const char* text :
       {"", "{}", "[1]", "{\"custom_id\":\"a\",\"line\":1,\"response\":null,\"error\":null}",
        "{\"custom_id\":\"a\",\"line\":0,\"response\":{},\"error\":null}", "\xff\x00"})
    EXPECT_THROW(read_output_line(text, "x"), Error) << text;
}

TEST_F(Output, WhatIsThereIsNotReplaced) {
  { BatchOutput(options()).append(answered("a", 1)); }
  expect_error([&] { BatchOutput again(options()); }, "exists already; --resume");
  EXPECT_EQ(content(), answered("a", 1));
}

TEST_F(Output, GoesOnBehindTheLastWholeLine) {
  const std::string whole = answered("a", 1) + failed("b", 2);
  const std::string last = answered("c", 3);
  for (std::size_t cut = 0; cut <= last.size(); ++cut) {
    fs::remove(path), fs::remove(manifest_path(path));
    leave(whole + last.substr(0, cut));
    BatchOutput output(options(true));
    const bool complete = cut == last.size();
    ASSERT_EQ(output.finished().lines, complete ? 3 : 2) << cut;
    EXPECT_EQ(output.finished().failed, 1);
    EXPECT_TRUE(output.finished().ids.contains("a"));
    EXPECT_EQ(output.finished().ids.contains("c"), complete);
    EXPECT_EQ(content(), complete ? whole + last : whole);
  }
}

TEST_F(Output, OfADamagedLineAtTheEndNothingStays) {
  leave(answered("a", 1) + std::string(100, '\0') + "\n");
  EXPECT_EQ(BatchOutput(options(true)).finished().lines, 1);
  EXPECT_EQ(content(), answered("a", 1));
}

TEST_F(Output, ADamagedLineInTheMiddleIsSaid) {
  leave(answered("a", 1) + "{\"custom_id\":\n" + answered("b", 2));
  expect_error([&] { BatchOutput output(options(true)); }, "line 2: not a line that pith batch wrote");
}

TEST_F(Output, FailedLinesAreRetriedWhereAskedFor) {
  leave(answered("a", 1) + failed("b", 2) + answered("c", 3) + "torn");
  OutputOptions o = options(true);
  o.retry_errors = true;
  BatchOutput output(o);
  EXPECT_EQ(content(), answered("a", 1) + answered("c", 3));
  EXPECT_FALSE(output.finished().ids.contains("b"));
  EXPECT_EQ(output.finished().failed, 0);
  output.append(answered("b", 2));
  EXPECT_EQ(content(), answered("a", 1) + answered("c", 3) + answered("b", 2));
}

TEST_F(Output, WhatWasBegunOtherwiseIsRefused) {
  leave(answered("a", 1));
  OutputOptions o = options(true);
  o.settings[0].second = "0";
  expect_error([&] { BatchOutput output(o); }, "temperature was 1, now it is 0");
  o = options(true);
  o.settings.emplace_back("seed", "1");
  expect_error([&] { BatchOutput output(o); }, "seed was nothing, now it is 1");
  o = options(true);
  o.shard = {1, 2};
  expect_error([&] { BatchOutput output(o); }, "shard was 1/1, now it is 1/2");
  fs::remove(manifest_path(path));
  expect_error([&] { BatchOutput output(options(true)); }, "no out.jsonl.manifest beside it");
  folder.write("out.jsonl.manifest", "{\"pith_batch\":1}");
  expect_error([&] { BatchOutput output(options(true)); }, "not the manifest");
  EXPECT_EQ(content(), answered("a", 1));
}

TEST_F(Output, TheTimeOfCreationStays) {
  leave(answered("a", 1));
  OutputOptions o = options(true);
  o.now = 2000;
  EXPECT_EQ(BatchOutput(o).created(), 1000);
}

TEST_F(Output, BelongsToOneProcess) {
  BatchOutput first(options());
  expect_error([&] { BatchOutput second(options(true)); }, "another process is writing it");
}

TEST_F(Output, AFullDiskLeavesWholeLines) {
  // A limit on the size of files stands for the disk's end.
  OutputFile file(path);
  file.append(answered("a", 1));
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit little{answered("a", 1).size() + 20, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &little);
  expect_error([&] { file.append(answered("b", 2)); }, "out.jsonl: writing: ");
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(content(), answered("a", 1));
  file.append(answered("c", 3));
  EXPECT_EQ(content(), answered("a", 1) + answered("c", 3));
}

TEST_F(Output, CannotBeWritten) {
  expect_error([&] { OutputFile file("/no/such/folder/out"); }, "/no/such/folder/out: cannot be written");
  expect_error([&] { OutputFile file(folder.path()); }, "cannot be written");
  expect_error([&] { OutputFile file("/dev/null"); }, "expected a regular file");
}

// --- merging ---

struct Merge : Output {
  // Lines 1..4 in two shards.
  fs::path make(Shard shard, const std::string& lines, std::int64_t requests, std::int64_t input_lines = 4) {
    OutputOptions o = options();
    o.path = folder / ("out." + std::to_string(shard.index));
    o.shard = shard;
    fs::remove(o.path);
    BatchOutput output(o);
    output.append(lines);
    if (requests >= 0) output.complete({input_lines, requests});
    return o.path;
  }
  std::string merged(const std::vector<fs::path>& outputs) {
    std::string all;
    result = merge_outputs(outputs, [&](std::string_view line) { all += line; });
    return all;
  }
  Merged result;
};

TEST_F(Merge, OrdersTheLines) {
  const fs::path a = make({1, 2}, answered("three", 3) + answered("one", 1), 2),
                 b = make({2, 2}, failed("two", 2) + answered("four", 4), 2);
  const std::string all = answered("one", 1) + failed("two", 2) + answered("three", 3) + answered("four", 4);
  EXPECT_EQ(merged({a, b}), all);
  EXPECT_EQ(merged({b, a}), all);
  EXPECT_EQ(result.lines, 4);
  EXPECT_EQ(result.failed, 1);
}

TEST_F(Merge, GapsAndDuplicatesAreErrors) {
  const std::string one = answered("one", 1), two = answered("two", 2), three = answered("three", 3);
  const fs::path a = make({1, 2}, three + one, 2);
  expect_error([&] { merged({a}); }, "shard 2/2 is missing");
  expect_error([&] { merged({a, a}); }, "are both shard 1/2");
  expect_error([&] { merged({a, make({2, 2}, two, -1)}); }, "not finished; pith batch --resume");
  expect_error([&] { merged({a, make({2, 2}, two, 2)}); }, "1 lines, and its manifest says 2");
  expect_error([&] { merged({a, make({2, 2}, two + two, 2)}); }, "line 2 of the input has two answers");
  expect_error([&] { merged({a, make({2, 2}, two + three, 2)}); }, "which is not in shard 2/2");
  expect_error([&] { merged({a, make({2, 2}, two + two.substr(0, 9), 2)}); }, "line 2: cut off");
  expect_error([&] { merged({a, make({2, 2}, two, 1, 5)}); }, "do not belong together");
  expect_error([&] { merged({a, make({2, 3}, two, 1)}); }, "do not belong together");
  expect_error([&] { merged({a, folder / "nothing"}); }, "no nothing.manifest beside it");
}

}  // namespace
}  // namespace pith
