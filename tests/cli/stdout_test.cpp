// The promise about stdout: the product and nothing else, whatever stdin and stdout are.
// And --help, which declares no option twice and none that the manual page does not have.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "cli/run_pith.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

using Json = nlohmann::json;

class Stdout : public ::testing::Test {
 protected:
  void SetUp() override {
    PITH_NEED_SHARED();
    folder_ = (shared_data() / "weights" / "stories260K").string();
  }
  std::string v1() const { return folder_ + "/stories260K-f32.gguf"; }
  std::string v3() const { return folder_ + "/stories260Ktok512-llamacpp.gguf"; }
  /// The published greedy text of 200 tokens from an empty prompt, "Once upon a time" being the first four.
  std::string published() const {
    std::ifstream file(folder_ + "/golden.json");
    return Json::parse(file)["published"]["cases"][0]["text"].get<std::string>();
  }
  /// BOS and the prompt are five ids, of which the published text leaves BOS out.
  std::vector<std::string> greedy(std::vector<std::string> more) const {
    std::vector<std::string> all = {"run", "-m", v1(), "--raw", "--temp", "0", "-n", "196"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string continuation() const { return published().substr(std::string("Once upon a time").size()); }

  std::string folder_;
};

TEST_F(Stdout, GreedyTextIsThePublishedOneByteForByte) {
  const Outcome o = run_pith(greedy({"--echo", "Once upon a time"}));
  EXPECT_EQ(o.code, 0);
  EXPECT_EQ(o.out, published());
  EXPECT_EQ(o.err, "");
}

TEST_F(Stdout, WithoutEchoOnlyTheAnswer) {
  const Outcome o = run_pith(greedy({"Once upon a time"}));
  EXPECT_EQ(o.code, 0);
  EXPECT_EQ(o.out, continuation());
  EXPECT_EQ(o.err, "");
}

TEST_F(Stdout, PromptFromAPipeLosesItsLastNewline) {
  for (const char* text : {"Once upon a time", "Once upon a time\n"}) {
    for (const bool dash : {false, true}) {
      const Outcome o = run_pith(greedy(dash ? std::vector<std::string>{"-"} : std::vector<std::string>{}),
                                 {.stdin_text = text});
      EXPECT_EQ(o.code, 0);
      EXPECT_EQ(o.out, continuation());
    }
  }
}

TEST_F(Stdout, PromptFromAFile) {
  const TemporaryFolder folder;
  const std::string path = folder.write("prompt.txt", "Once upon a time\n").string();
  EXPECT_EQ(run_pith(greedy({"-f", path})).out, continuation());
  EXPECT_EQ(run_pith(greedy({"-f", path, "and more"})).code, 2);
}

TEST_F(Stdout, AfterTwoDashesNothingIsAnOption) {
  const TemporaryFolder folder;
  const Outcome file = run_pith(greedy({"-f", folder.write("prompt.txt", "--raw").string()})),
                argument = run_pith(greedy({"--", "--raw"}));
  EXPECT_EQ(argument.code, 0) << argument.err;
  EXPECT_EQ(argument.out, file.out);
}

TEST_F(Stdout, NoTerminalAndNothingOnStdin) {
  const Outcome o = run_pith({"run", "-m", v1(), "--raw", "--temp", "0", "-n", "200"},
                             {.stdin_file = "/dev/null", .new_session = true});
  EXPECT_EQ(o.code, 0);
  EXPECT_EQ(o.out, published()) << "an empty prompt is BOS alone";
  EXPECT_EQ(o.err, "");
}

TEST_F(Stdout, JsonIsOneObject) {
  const Outcome o = run_pith(greedy({"--json", "--seed", "7", "--logprobs", "2", "Once upon a time"}));
  EXPECT_EQ(o.code, 0);
  EXPECT_EQ(o.err, "");
  const Json j = Json::parse(o.out);
  EXPECT_EQ(j["text"], continuation());
  EXPECT_EQ(j["tokens"].size(), 196u);
  EXPECT_EQ(j["finish_reason"], "length");
  EXPECT_EQ(j["usage"]["prompt_tokens"], 5);
  EXPECT_EQ(j["usage"]["completion_tokens"], 196);
  EXPECT_EQ(j["seed"], 7);
  EXPECT_EQ(j["model"], v1());
  EXPECT_GT(j["timings"]["total_ms"].get<double>(), 0);
  ASSERT_EQ(j["logprobs"].size(), 196u);
  EXPECT_EQ(j["logprobs"][0]["id"], j["tokens"][0]);
  EXPECT_EQ(j["logprobs"][0]["top"][0]["id"], j["tokens"][0]) << "greedy takes the most probable one";
  EXPECT_EQ(j["logprobs"][0]["top"].size(), 2u);
}

TEST_F(Stdout, StatsVerboseAndLogprobsGoToStderr) {
  const Outcome o =
      run_pith(greedy({"--stats", "--verbose", "--logprobs", "0", "--seed", "3", "Once upon a time"}));
  EXPECT_EQ(o.out, continuation());
  for (const char* text : {"tokens/s", "seed 3", "prompted raw", "thread", "kernels: "})
    EXPECT_NE(o.err.find(text), std::string::npos) << text << " is missing in " << o.err;
}

TEST_F(Stdout, TheSameSeedGivesTheSameText) {
  const auto text = [&](const char* seed) {
    return run_pith({"run", "-m", v1(), "--raw", "-n", "50", "--seed", seed, "Once"}).out;
  };
  EXPECT_EQ(text("5"), text("5"));
  EXPECT_NE(text("5"), text("6"));
}

TEST_F(Stdout, ThreadsAndStepsDoNotChangeTheText) {
  const std::vector<std::string> base = {"run", "-m", v1(), "--raw", "-n", "60", "--seed", "1"};
  const auto text = [&](std::vector<std::string> more) {
    more.insert(more.begin(), base.begin(), base.end());
    more.push_back("Once upon a time there was");
    return run_pith(more).out;
  };
  const std::string expected = text({});
  EXPECT_EQ(text({"-t", "3"}), expected);
  EXPECT_EQ(text({"-ub", "1"}), expected);
  EXPECT_EQ(text({"-ub", "3", "-b", "7"}), expected);
}

TEST_F(Stdout, StopTextIsNoPartOfTheAnswer) {
  const Outcome o = run_pith(greedy({"--json", "--stop", " Lily", "Once upon a time"}));
  const Json j = Json::parse(o.out);
  EXPECT_EQ(j["text"], ", there was a little girl named");
  EXPECT_EQ(j["finish_reason"], "stop");
}

TEST_F(Stdout, AClosedPipeEndsQuietly) {
  const Outcome o =
      run_pith({"run", "-m", v1(), "--raw", "--ignore-eos", "--ctx", "20000", "-n", "19000", "Once"},
               {.stop_reading = 10});
  EXPECT_EQ(o.code, 0);
  EXPECT_EQ(o.err.find("written"), std::string::npos) << o.err;
}

TEST_F(Stdout, AFullDiskIsAnError) {
  const Outcome o = run_pith(greedy({"Once"}), {.stdout_file = "/dev/full"});
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.err.find("standard output cannot be written"), std::string::npos) << o.err;
}

TEST_F(Stdout, AMissingStdoutIsAnErrorAndNoFileTakesItsPlace) {
  const TemporaryFolder folder;
  const std::string file = folder / "logits.f32";
  EXPECT_EQ(run_pith(greedy({"Once"}), {.close_stdout = true}).code, 1);
  EXPECT_EQ(run_pith({"logits", "-m", v1(), "--tokens", "1 2", "-o", file}, {.close_stdout = true}).code, 0);
  EXPECT_EQ(std::filesystem::file_size(file), 2u * 512 * 4);
}

TEST_F(Stdout, InterruptedGivesTheTextSoFarAnd130) {
  const std::vector<std::string> arguments = {"run",    "-m", v1(),           "--raw",
                                              "--temp", "0",  "--ignore-eos", "--ctx",
                                              "30000",  "-n", "29000",        "Once upon a time"};
  const Outcome o = run_pith(arguments, {.interrupt_at = 20});
  EXPECT_EQ(o.code, 130);
  EXPECT_GE(o.out.size(), 20u);
  const std::string full = continuation();
  const std::size_t n = std::min(full.size(), o.out.size());
  EXPECT_EQ(o.out.substr(0, n), full.substr(0, n));
}

TEST_F(Stdout, InvalidUtf8IsReplacedAndSaid) {
  const Outcome o = run_pith({"run", "-m", v1(), "--raw", "--echo", "-n", "1", "--temp", "0", "a\xff b"});
  EXPECT_EQ(o.code, 0);
  EXPECT_EQ(o.out.substr(0, 6), "a\xef\xbf\xbd b");
  EXPECT_NE(o.err.find("not valid UTF-8"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("byte 1"), std::string::npos) << o.err;
}

TEST_F(Stdout, HelpAndVersionAreTheProductWhereTheyAreAskedFor) {
  for (const char* command : {"run", "chat", "batch", "tokenize", "logits", "inspect", "template", "quantize",
                              "convert", "synth", "bench"}) {
    const Outcome o = run_pith({command, "--help"});
    EXPECT_EQ(o.code, 0);
    EXPECT_NE(o.out.find("Example"), std::string::npos) << command;
    EXPECT_NE(o.out.find("--json"), std::string::npos) << command;
    EXPECT_EQ(o.err, "");
  }
  EXPECT_EQ(run_pith({"--version"}).out.substr(0, 5), "pith ");
}

// --- what --help declares -------------------------------------------------------------------------

// The commands that the overview lists: "  run             a prompt in, ...".
std::vector<std::string> all_commands() {
  static const std::regex line(R"(^  ([a-z][a-z ]{14}) )", std::regex::multiline);
  const std::string overview = run_pith({"--help"}).out;
  std::vector<std::string> commands;
  for (std::sregex_iterator i(overview.begin(), overview.end(), line), end; i != end; ++i) {
    const std::string name = (*i)[1];
    commands.push_back(name.substr(0, name.find_last_not_of(' ') + 1));
  }
  return commands;
}

// The names of a command's options, "-t" and "--threads" each; without a command the overview's.
std::vector<std::string> declared_options(const std::string& command) {
  // "  -t, --threads N   ..."
  static const std::regex option(R"(^  (-[\w-]+)(?:, (-[\w-]+))?)", std::regex::multiline);
  std::istringstream words(command);
  std::vector<std::string> arguments{std::istream_iterator<std::string>(words), {}};
  arguments.push_back("--help");
  const std::string help = run_pith(arguments).out;
  std::vector<std::string> names;
  for (std::sregex_iterator i(help.begin(), help.end(), option), end; i != end; ++i) {
    for (const int group : {1, 2}) {
      if ((*i)[group].matched) names.push_back((*i)[group]);
    }
  }
  return names;
}

TEST(Help, NoOptionHasTheNameOfAnother) {
  const std::vector<std::string> commands = all_commands();
  EXPECT_GE(commands.size(), 21u);
  for (const std::string& command : commands) {
    std::set<std::string> names;
    for (const std::string& name : declared_options(command))
      EXPECT_TRUE(names.insert(name).second) << command << " " << name;
    EXPECT_GE(names.size(), 3u) << command;
  }
}

// pith.1 without fonts: "\-\-ctx" is "--ctx" there.
class Manual : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(PITH_SOURCE_DIR "/src/cli/pith.1");
    std::stringstream text;
    text << file.rdbuf();
    page_ = std::regex_replace(text.str(), std::regex(R"(\\f.|\\(?=-))"), "");
    commands_ = page_.find(".SH COMMANDS\n");
    shared_ = page_.find(".SH OPTIONS OF MANY COMMANDS\n");
    rest_ = page_.find(".SH EXIT STATUS\n");
    ASSERT_TRUE(commands_ < shared_ && shared_ < rest_ && rest_ != page_.npos);
  }

  // What a text names that looks like an option.
  static std::set<std::string> named_options(const std::string& text) {
    static const std::regex option(R"((?:^|[^\w-])(--?[A-Za-z][\w-]*))");
    std::set<std::string> names;
    for (std::sregex_iterator i(text.begin(), text.end(), option), end; i != end; ++i) names.insert((*i)[1]);
    return names;
  }
  // All entries that begin with "pith COMMAND".
  std::string entries_of(const std::string& command) const {
    static const std::regex head(R"re(\n\.TP\n\.BR? "?(pith [^\n]*))re");
    const std::string entries = page_.substr(commands_, shared_ - commands_);
    std::string text;
    for (std::sregex_iterator i(entries.begin(), entries.end(), head), end; i != end;) {
      const auto at = static_cast<std::size_t>(i->position());
      const bool ours = (*i)[1].str().starts_with("pith " + command);
      const std::size_t next = ++i == end ? entries.size() : static_cast<std::size_t>(i->position());
      if (ours) text += entries.substr(at, next - at);
    }
    return text;
  }
  std::string shared_options() const { return page_.substr(shared_, rest_ - shared_); }
  std::string before_the_recipes() const { return page_.substr(0, rest_); }

 private:
  std::string page_;
  std::size_t commands_ = 0, shared_ = 0, rest_ = 0;
};

// With its command, or among the options that many commands have.
TEST_F(Manual, HasEveryOption) {
  for (const std::string& command : all_commands()) {
    const std::string own = entries_of(command);
    EXPECT_FALSE(own.empty()) << "no entry of pith " << command;
    const std::set<std::string> named = named_options(own + shared_options());
    for (const std::string& name : declared_options(command))
      EXPECT_TRUE(named.contains(name)) << "pith " << command << " " << name;
  }
}

TEST_F(Manual, HasNoOptionThatIsNone) {
  std::vector<std::string> commands = all_commands();
  commands.emplace_back();  // the overview's own
  std::set<std::string> declared;
  for (const std::string& command : commands) {
    for (std::string& name : declared_options(command)) declared.insert(std::move(name));
  }
  for (const std::string& name : named_options(before_the_recipes())) {
    if (name.starts_with("--")) {
      EXPECT_TRUE(declared.contains(name)) << name;
    }
  }
}

}  // namespace
}  // namespace pith::test
