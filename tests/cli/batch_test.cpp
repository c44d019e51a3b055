// pith batch as scripts use it: what comes out where, what is said, and that no finished line is lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "cli/run_pith.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

using Json = nlohmann::json;

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> sorted(const std::string& text) {
  std::vector<std::string> lines = lines_of(text);
  std::ranges::sort(lines);
  return lines;
}

bool installed(const char* program) {
  return run_program({"/bin/sh", "-c", std::string("command -v ") + program}).code == 0;
}

class Batch : public ::testing::Test {
 protected:
  void SetUp() override {
    PITH_NEED_SHARED();
    model_ = (shared_data() / "weights/stories260K/stories260K-f32.gguf").string();
    setenv("SOURCE_DATE_EPOCH", "1000000000", 1);
  }
  void TearDown() override { unsetenv("SOURCE_DATE_EPOCH"); }

  std::vector<std::string> command(std::vector<std::string> more) const {
    // One thread: on a busy machine two that wait for each other can take long.
    std::vector<std::string> all = {"batch", "-m", model_, "-t", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome batch(std::vector<std::string> more, const How& how = {}) const {
    return run_pith(command(std::move(more)), how);
  }
  std::string path(const char* name) const { return (folder_ / name).string(); }

  /// A header of 200 tokens, and questions of a few; `n` different ones.
  std::string questions(int n, int max_tokens) const {
    std::string header = "Once upon a time";
    std::ifstream file(shared_data() / "weights/stories260K/golden.json");
    header = Json::parse(file)["published"]["cases"][0]["text"].get<std::string>().substr(0, 460);
    const char* names[] = {"Tom", "Lily", "Ben", "Sam", "Max", "Anna", "Mia", "Sue", "Tim", "Amy"};
    const char* verbs[] = {"saw", "had", "got", "ate", "hid", "lost", "cut", "hit", "won", "sold"};
    const char* things[] = {"ball", "dog", "cat", "car", "tree", "cake", "hat", "box", "toy", "bird"};
    std::string all;
    for (int i = 0; i < n; ++i) {
      const std::string question =
          std::string(" ") + names[i % 10] + " " + verbs[i / 10 % 10] + " a " + things[i / 100 % 10];
      all += Json{{"custom_id", "q" + std::to_string(i)},
                  {"body", {{"prompt", header + question}, {"max_tokens", max_tokens}}}}
                 .dump() +
             "\n";
    }
    return all;
  }

  /// Each line is what one `pith run` with its prompt and seed prints.
  void expect_as_single_runs(const std::string& input, const std::string& output) const {
    std::map<std::string, Json> bodies;
    for (const std::string& line : lines_of(input)) {
      const Json json = Json::parse(line);
      bodies[json["custom_id"]] = json["body"];
    }
    ASSERT_EQ(lines_of(output).size(), bodies.size());
    for (const std::string& line : lines_of(output)) {
      const Json json = Json::parse(line), &answer = json["response"]["body"],
                 &body = bodies[json["custom_id"]];
      const Outcome single =
          run_pith({"run", "-m", model_, "-t", "1", "--raw", "--seed", answer["seed"].dump(), "-n",
                    body["max_tokens"].dump(), body["prompt"].get<std::string>()});
      ASSERT_EQ(answer["choices"][0]["text"], single.out) << line;
    }
  }

  TemporaryFolder folder_;
  std::string model_;
};

TEST_F(Batch, TextFromAPipeToStdout) {
  const Outcome o =
      batch({"--text", "-o", "-", "--temp", "0", "-n", "4"}, {.stdin_text = "Once upon a time\n\nThe dog"});
  EXPECT_EQ(o.code, 0);
  ASSERT_EQ(lines_of(o.out).size(), 2u);
  const Json first = Json::parse(sorted(o.out)[0]), second = Json::parse(sorted(o.out)[1]);
  EXPECT_EQ((std::set<std::string>{first["response"]["body"]["choices"][0]["text"],
                                   second["response"]["body"]["choices"][0]["text"]}),
            (std::set<std::string>{", there was a", " was a big,"}));
  EXPECT_NE(o.err.find("standard input: plain text, a prompt a line"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("1 blank"), std::string::npos) << o.err;
}

TEST_F(Batch, IsWhatSingleRunsPrint) {
  const std::string input = questions(10, 12), in = folder_.write("in.jsonl", input).string();
  const Outcome o = batch({in, "-o", path("out"), "--stats", path("stats.json")});
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "");
  expect_as_single_runs(input, content(path("out")));
  const Json stats = Json::parse(content(path("stats.json")));
  EXPECT_EQ(stats["lines"]["answered"], 10);
  EXPECT_EQ(stats["tokens"]["generated"], 120);
  EXPECT_GT(stats["tokens"]["saved_share"], 0.8);
}

TEST_F(Batch, SlowAThousandLinesAreAThousandRuns) {
  const std::string input = questions(1000, 16), in = folder_.write("in.jsonl", input).string();
  const Outcome o = batch({in, "-o", path("out"), "--stats", path("stats.json")});
  EXPECT_EQ(o.code, 0) << o.err;
  const Json stats = Json::parse(content(path("stats.json")));
  EXPECT_EQ(stats["lines"]["answered"], 1000);
  EXPECT_GT(stats["tokens"]["saved_share"], 0.95);
  std::printf("%s", o.err.c_str());
  expect_as_single_runs(input, content(path("out")));
}

TEST_F(Batch, SomeFailedLinesMakeTheExitCode3) {
  const std::string in =
      folder_
          .write("in.jsonl",
                 "{\"prompt\":\"Once\",\"max_tokens\":2}\n{broken\n{\"prompt\":\"x\",\"tools\":[1]}\n")
          .string();
  const Outcome strict = batch({in, "-o", path("out")});
  EXPECT_EQ(strict.code, 3);
  EXPECT_NE(strict.err.find("1 lines answered, 2 failed"), std::string::npos) << strict.err;
  EXPECT_EQ(batch({in, "-o", path("out"), "--resume"}).code, 3) << "they are still there";
  const Outcome lenient = batch({in, "-o", path("lenient"), "--lenient", "-n", "2"});
  EXPECT_EQ(lenient.code, 3);
  EXPECT_NE(lenient.err.find("2 lines answered, 1 failed"), std::string::npos) << lenient.err;
  EXPECT_NE(lenient.err.find("'tools' was skipped in 1 lines"), std::string::npos) << lenient.err;
  // The input mended, the failed ones once more.
  folder_.write("in.jsonl",
                "{\"prompt\":\"Once\",\"max_tokens\":2}\n{\"prompt\":\"x\"}\n{\"prompt\":\"x\"}\n");
  EXPECT_EQ(batch({in, "-o", path("out"), "--resume", "--retry-errors"}).code, 0);
  EXPECT_EQ(lines_of(content(path("out"))).size(), 3u);
}

TEST_F(Batch, ErrorsBeforeAnyWork) {
  const std::string in =
      folder_.write("in.jsonl", "{\"custom_id\":\"a\",\"body\":{}}\n{\"custom_id\":\"a\",\"body\":{}}\n")
          .string();
  const auto expect = [&](std::vector<std::string> more, int code, const std::string& text,
                          const How& how = {}) {
    const Outcome o = batch(std::move(more), how);
    EXPECT_EQ(o.code, code) << text;
    EXPECT_EQ(o.out, "");
    EXPECT_NE(o.err.find(text), std::string::npos) << o.err;
  };
  expect({in}, 2, "-o FILE is missing");
  expect({in, "-o", in}, 2, "would replace the input");
  expect({in, "-o", "-", "--resume"}, 2, "--resume needs the output in a file");
  expect({in, "-o", path("out"), "--retry-errors"}, 2, "--retry-errors needs --resume");
  expect({in, "-o", path("out"), "--resume", "--retry-errors", "--ordered"}, 2, "--merge");
  expect({in, "-o", path("out"), "--shard", "3/2"}, 2, "--shard");
  expect({in, "-o", path("out"), "--shard", "auto"}, 2, "no Slurm array job");
  expect({in, "-o", path("out"), "--parallel", "-1"}, 2, "--parallel");
  expect({in, in, "-o", path("out")}, 2, "one input at a time");
  expect({in, "-o", path("out"), "--top-p", "2"}, 2, "top-p");
  expect({"-o", path("out"), "--merge"}, 2, "--merge needs");
  expect({path("shard"), "--merge", "-o", in}, 2, in + ": exists already; --merge writes a new file");
  expect({in, "-o", path("out")}, 1, "lines 1 and 2 have the same custom_id 'a'");
  expect({path("nothing"), "-o", path("out")}, 1, "No such file");
  expect({folder_.path().string(), "-o", path("out")}, 1, "found a directory");
  EXPECT_FALSE(std::filesystem::exists(path("out")));
  const std::string good = folder_.write("good.jsonl", "{\"prompt\":\"a\"}\n").string();
  expect({good, "-o", "/no/such/folder/out"}, 1, "/no/such/folder/out: cannot be written");
  expect({folder_.write("array.json", "[{\"prompt\":\"a\"}]").string(), "-o", path("out")}, 1,
         "an object a line");
}

TEST_F(Batch, AnEmptyInputIsDone) {
  const std::string in = folder_.write("in.jsonl", "").string();
  EXPECT_EQ(batch({in, "-o", path("out")}).code, 0);
  EXPECT_EQ(content(path("out")), "");
  EXPECT_EQ(batch({"-o", "-"}, {.stdin_file = "/dev/null"}).code, 0);
}

TEST_F(Batch, AClosedPipeEndsQuietlyAndAFullDiskDoesNot) {
  const std::string in = folder_.write("in.jsonl", questions(100, 30)).string();
  const Outcome closed = batch({in, "-o", "-"}, {.stop_reading = 10});
  EXPECT_EQ(closed.code, 0);
  EXPECT_EQ(closed.err.find("written"), std::string::npos) << closed.err;
  const Outcome full = batch({in, "-o", "-"}, {.stdout_file = "/dev/full"});
  EXPECT_EQ(full.code, 1);
  EXPECT_NE(full.err.find("standard output cannot be written"), std::string::npos) << full.err;

  // A limit on the size of files stands for the disk's end.
  std::string line = "trap '' XFSZ; ulimit -f 8; exec '" PITH_BINARY_DIR "/pith'";
  for (const std::string& a : command({in, "-o", path("out")})) line += " '" + a + "'";
  const Outcome limited = run_program({"/bin/sh", "-c", line});
  EXPECT_EQ(limited.code, 1);
  EXPECT_NE(limited.err.find("out: writing: "), std::string::npos) << limited.err;
  EXPECT_NE(limited.err.find("--resume goes on"), std::string::npos) << limited.err;
  const std::string part = content(path("out"));
  EXPECT_GT(lines_of(part).size(), 3u);
  EXPECT_TRUE(part.ends_with('\n')) << "whole lines";
  EXPECT_EQ(batch({in, "-o", path("out"), "--resume"}).code, 0);
  EXPECT_EQ(batch({in, "-o", path("all")}).code, 0);
  EXPECT_EQ(sorted(content(path("out"))), sorted(content(path("all"))));
}

/// Starts pith, lets it work for a while, and sends it a signal. Its exit code, or 128 + signal.
int run_and_signal(std::vector<std::string> arguments, std::chrono::milliseconds time, int signal) {
  arguments.insert(arguments.begin(), PITH_BINARY_DIR "/pith");
  const pid_t child = fork();
  if (child == 0) {
    std::vector<char*> argv;
    for (std::string& a : arguments) argv.push_back(a.data());
    argv.push_back(nullptr);
    dup2(open("/dev/null", O_WRONLY), 2);
    execv(argv[0], argv.data());
    _exit(127);
  }
  std::this_thread::sleep_for(time);
  kill(child, signal);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(Batch, InterruptsFinishTheStepAndTheWorkGoesOn) {
  const std::string in = folder_.write("in.jsonl", questions(200, 40)).string();
  ASSERT_EQ(batch({in, "-o", path("all")}).code, 0);
  int interrupted = 0;
  for (const int signal : {SIGINT, SIGTERM, SIGINT}) {
    const int code =
        run_and_signal(command({in, "-o", path("out"), "--resume"}), std::chrono::milliseconds(150), signal);
    // Before the handler is there a signal ends the process at once.
    EXPECT_TRUE(code == 130 || code == 0 || code == 128 + signal) << code;
    interrupted += code == 130;
    const std::string part = content(path("out"));
    EXPECT_TRUE(part.empty() || part.ends_with('\n'));
  }
  EXPECT_GT(interrupted, 0);
  EXPECT_EQ(batch({in, "-o", path("out"), "--resume"}).code, 0);
  EXPECT_EQ(sorted(content(path("out"))), sorted(content(path("all"))));
}

TEST_F(Batch, SlowKilledTwentyTimesNothingIsLostOrTwice) {
  const std::string in = folder_.write("in.jsonl", questions(1000, 16)).string();
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_EQ(batch({in, "-o", path("all")}).code, 0);
  const auto whole =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  std::mt19937 random(20);
  int killed = 0, torn = 0;
  std::size_t before = 0, grown = 0;
  for (int i = 0; i < 20; ++i) {
    const auto time = whole / 40 + whole * (random() % 100) / 1500;  // up to a tenth of the whole work
    killed += run_and_signal(command({in, "-o", path("out"), "--resume"}), time, SIGKILL) == 128 + SIGKILL;
    const std::string part = content(path("out"));
    torn += !part.empty() && !part.ends_with('\n');
    const std::size_t lines = lines_of(part).size();
    EXPECT_GE(lines + 1, before) << "only a torn line may go";
    grown += lines > before;
    before = lines;
  }
  std::printf("killed %d times, %zu of 1000 lines done then, grown %zu times, torn %d times\n", killed,
              before, grown, torn);
  EXPECT_GT(killed, 10);
  EXPECT_GT(grown, 3u);
  EXPECT_EQ(batch({in, "-o", path("out"), "--resume"}).code, 0);
  EXPECT_EQ(lines_of(content(path("out"))).size(), 1000u);
  EXPECT_EQ(sorted(content(path("out"))), sorted(content(path("all"))));
}

TEST_F(Batch, WhatWasBegunOtherwiseIsNotResumed) {
  const std::string in = folder_.write("in.jsonl", questions(3, 5)).string();
  ASSERT_EQ(batch({in, "-o", path("out")}).code, 0);
  const std::string before = content(path("out"));
  EXPECT_EQ(batch({in, "-o", path("out")}).code, 2);
  for (const auto& [option, value, message] : std::vector<std::array<std::string, 3>>{
           {"--temp", "0", "temperature was 0.8, now it is 0"},
           {"--seed", "4", "seed was 0, now it is 4"},
           {"--ctx", "256", "context was 512, now it is 256"},
           {"--cache-type-k", "f32", "key type was F16, now it is F32"}}) {
    const Outcome o = batch({in, "-o", path("out"), "--resume", option, value});
    EXPECT_EQ(o.code, 1);
    EXPECT_NE(o.err.find(message), std::string::npos) << o.err;
  }
  setenv("PITH_ISA", "scalar", 1);
  const Outcome isa = batch({in, "-o", path("out"), "--resume"});
  unsetenv("PITH_ISA");
  if (content(path("out.manifest")).find("\"scalar\"") == std::string::npos) {
    EXPECT_EQ(isa.code, 1) << isa.err;
  }
  const Outcome same = batch({in, "-o", path("out"), "--resume"});
  EXPECT_EQ(same.code, 0) << same.err;
  folder_.write("in.jsonl", questions(2, 5) + lines_of(questions(3, 6))[2] + "\n");
  const Outcome changed = batch({in, "-o", path("out"), "--resume"});
  EXPECT_EQ(changed.code, 1);
  EXPECT_NE(changed.err.find("line 3: the output has an answer to another 'q2'"), changed.err.npos)
      << changed.err;
  EXPECT_EQ(content(path("out")), before);
}

TEST_F(Batch, AStrategyAnswersTheLines) {
  const std::string in = folder_.write("in.jsonl", questions(4, 20)).string();
  const auto reason = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {in, "--reason", "self-consistency:4"});
    return batch(std::move(more));
  };
  ASSERT_EQ(reason({"--answer", "regex:[a-z]+", "-o", path("out"), "--stats", path("stats")}).code, 0);
  ASSERT_EQ(lines_of(content(path("out"))).size(), 4u);
  EXPECT_EQ(Json::parse(content(path("stats")))["chains"], 16);
  // Each line is what one run with its prompt and seed answers.
  const std::string question = lines_of(questions(4, 20))[0];
  for (const std::string& line : lines_of(content(path("out")))) {
    const Json answer = Json::parse(line), &body = answer["response"]["body"];
    if (answer["custom_id"] != "q0") continue;
    const Outcome single = run_pith({"run", "-m", model_, "-t", "1", "--reason", "self-consistency:4",
                                     "--answer", "regex:[a-z]+", "--seed", body["seed"].dump(), "-n", "20",
                                     "--json", Json::parse(question)["body"]["prompt"].get<std::string>()});
    const Json run = Json::parse(single.out);
    EXPECT_TRUE(run["text"].get<std::string>().ends_with(body["choices"][0]["text"].get<std::string>()));
    for (const char* name : {"strategy", "answer", "agreement"})
      EXPECT_EQ(body["reasoning"][name], run[name]) << name;
  }

  const Outcome other = reason({"--answer", "regex:[a-z]+", "-o", path("out"), "--resume", "--wave", "5"});
  EXPECT_EQ(other.code, 1);
  EXPECT_NE(other.err.find("wave was 4, now it is 5"), std::string::npos) << other.err;
  const Outcome none = batch({in, "-o", path("out"), "--resume"});
  EXPECT_EQ(none.code, 1);
  EXPECT_NE(none.err.find("reasoning was self-consistency:4, now it is nothing"), std::string::npos)
      << none.err;
  EXPECT_EQ(reason({"--answer", "regex:QQQ", "-o", path("failed")}).code, 3);
  EXPECT_NE(content(path("failed")).find("no_answer"), std::string::npos);
}

TEST_F(Batch, APromptCacheGoesFromRunToRun) {
  const std::string in = folder_.write("in.jsonl", questions(20, 5)).string();
  ASSERT_EQ(batch({in, "-o", path("plain")}).code, 0);
  ASSERT_EQ(batch({in, "-o", path("first"), "--prompt-cache", path("cache")}).code, 0);
  ASSERT_EQ(batch({in, "-o", path("second"), "--prompt-cache", path("cache"), "--stats", path("stats")}).code,
            0);
  EXPECT_EQ(sorted(content(path("first"))), sorted(content(path("plain"))));
  EXPECT_EQ(sorted(content(path("second"))), sorted(content(path("plain"))));
  EXPECT_GT(Json::parse(content(path("stats")))["tokens"]["saved_share"], 0.9) << "of the first line too";

  const std::string prompt = Json::parse(lines_of(content(in))[0])["body"]["prompt"];
  const std::vector<std::string> run = {"run", "-m", model_,           "--json",      "--temp", "0",
                                        "-n",  "5",  "--prompt-cache", path("cache"), prompt};
  const Json first = Json::parse(run_pith(run).out), second = Json::parse(run_pith(run).out);
  EXPECT_EQ(first["usage"]["cached_tokens"], 192) << "whole pages of the batch's header";
  EXPECT_EQ(second["tokens"], first["tokens"]);
  EXPECT_EQ(run_pith({"chat", "-m", model_, "--template",
                      folder_.write("t.jinja", "{{ messages[0].content }}").string(), "-n", "2",
                      "--prompt-cache", path("cache")},
                     {.stdin_text = prompt + "\n"})
                .code,
            0);

  std::string damaged = content(path("cache"));
  damaged[damaged.size() / 2] ^= 1;
  folder_.write("cache", damaged);
  for (const std::vector<std::string>& arguments :
       {run, command({in, "-o", path("third"), "--prompt-cache", path("cache")})}) {
    const Outcome o = run_pith(arguments);
    EXPECT_EQ(o.code, 1);
    EXPECT_EQ(o.out, "");
    EXPECT_NE(o.err.find("damaged prompt cache"), std::string::npos) << o.err;
  }
  EXPECT_EQ(content(path("cache")), damaged);
  EXPECT_FALSE(std::filesystem::exists(path("third")));
}

// --- beyond one process ---

class Sharded : public Batch {
 protected:
  void SetUp() override {
    Batch::SetUp();
    if (IsSkipped()) return;
    in_ = folder_.write("in.jsonl", questions(50, 5)).string();
    ASSERT_EQ(batch({in_, "-o", path("all"), "--ordered"}).code, 0);
  }
  void expect_merged(const std::vector<std::string>& outputs) const {
    std::vector<std::string> arguments = {"batch", "--merge", "-o", path("merged")};
    arguments.insert(arguments.end(), outputs.begin(), outputs.end());
    const Outcome o = run_pith(arguments);
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(lines_of(content(path("merged"))), lines_of(content(path("all"))));
  }
  std::string in_;
};

TEST_F(Sharded, ShardsMergeIntoTheWholeInItsOrder) {
  for (const char* shard : {"3/3", "1/3", "2/3"}) {
    ASSERT_EQ(batch({in_, "-o", path("out.{shard}"), "--shard", shard, "--ordered"}).code, 0);
  }
  const Outcome gap = run_pith({"batch", "--merge", "-o", path("merged"), path("out.1"), path("out.3")});
  EXPECT_EQ(gap.code, 1);
  EXPECT_NE(gap.err.find("shard 2/3 is missing"), std::string::npos) << gap.err;
  expect_merged({path("out.3"), path("out.2"), path("out.1")});
}

TEST_F(Sharded, UnderMpirun) {
  if (!installed("mpirun")) GTEST_SKIP() << "needs mpirun (apt-get install openmpi-bin)";
  for (int again = 0; again < 2; ++again) {
    const Outcome o = run_program({"/bin/sh", "-c",
                                   "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun "
                                   "--oversubscribe -np 3 '" PITH_BINARY_DIR "/pith' batch -t 1 '" +
                                       in_ + "' -m '" + model_ + "' -o '" + path("out.{shard}") +
                                       "' --shard auto --resume --ordered"});
    ASSERT_EQ(o.code, 0) << o.err;
  }
  expect_merged({path("out.1"), path("out.2"), path("out.3")});
}

TEST_F(Sharded, UnderGnuParallel) {
  if (!installed("parallel")) GTEST_SKIP() << "needs GNU parallel (apt-get install parallel)";
  const std::string common = "'" PITH_BINARY_DIR "/pith' batch -t 1 '" + in_ + "' -m '" + model_ +
                             "' --ordered --resume -o '" + path("out.{shard}") + "' --shard ";
  for (const std::string shard : {"{#}/{##}", "auto/3"}) {
    for (int again = 0; again < 2; ++again) {
      const Outcome o =
          run_program({"/bin/sh", "-c", "parallel --plus -N0 -j 2 \"" + common + shard + "\" ::: 1 2 3"});
      ASSERT_EQ(o.code, 0) << o.err;
    }
    expect_merged({path("out.1"), path("out.2"), path("out.3")});
    for (const char* name : {"out.1", "out.2", "out.3", "merged"}) std::filesystem::remove(path(name));
  }
}

}  // namespace
}  // namespace pith::test
