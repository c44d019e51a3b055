// Wrong usage ends with 2, failed work with 1; both say why in one line, on stderr alone.
#include <gtest/gtest.h>

#include "cli/run_pith.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

void expect_error(const std::vector<std::string>& arguments, int code, const std::string& text,
                  const How& how = {}) {
  std::string line;
  for (const std::string& a : arguments) line += a + " ";
  SCOPED_TRACE(line);
  const Outcome o = run_pith(arguments, how);
  EXPECT_EQ(o.code, code);
  EXPECT_EQ(o.out, "");
  EXPECT_TRUE(o.err.starts_with("pith: ")) << o.err;
  EXPECT_EQ(o.err.find('\n'), o.err.size() - 1) << "more than one line: " << o.err;
  EXPECT_NE(o.err.find(text), std::string::npos) << "expected '" << text << "' in " << o.err;
}

TEST(Errors, WrongUsage) {
  expect_error({}, 2, "no command");
  expect_error({"runn"}, 2, "did you mean run?");
  expect_error({"run", "--tmp", "0"}, 2, "did you mean --temp?");
  expect_error({"run", "--temp"}, 2, "--temp");
  expect_error({"run", "--temp", "warm", "x"}, 2, "--temp: expected a number, found 'warm'");
  expect_error({"run", "-n", "1.5", "x"}, 2, "expected an integer");
  expect_error({"run", "-n", "-7", "x"}, 2, "--max-tokens");
  expect_error({"run", "--seed", "-1", "x"}, 2, "--seed");
  expect_error({"run", "one", "two"}, 2, "needs quotes");
  expect_error({"run", ""}, 2, "the prompt is empty");
  expect_error({"run"}, 2, "the prompt is empty", {.stdin_text = "\n"});
  expect_error({"run", "--raw", "--template", "x", "y"}, 2, "exclude each other");
  expect_error({"run", "--logit-bias", "7", "x"}, 2, "ID=BIAS");
  expect_error({"run", "--stop", "", "x"}, 2, "--stop");
  expect_error({"run", "--cache-type-k", "q4_0", "x"}, 2, "f32|f16|bf16|q8_0");
  expect_error({"run", "--temp", "1e308", "x"}, 2, "found '1e308', which is out of range");
  expect_error({"run", "-m", "", "x"}, 2, "--model: the argument is empty");
  expect_error({"inspect", ""}, 2, "MODEL: the argument is empty");
  expect_error({"run", "--temp"}, 2, "run: --temp: the argument is missing");
  expect_error({"bench", "-ub"}, 2, "bench: -ub: the argument is missing");
  expect_error({"run", "-x"}, 2, "run: unknown option -x (see: pith run --help)");
  expect_error({"logits", "1 2"}, 2, "logits: unexpected argument '1 2' (see: pith logits --help)");
  expect_error({"run", "--raw", "--system", "x", "y"}, 2, "run: --system needs a chat template, and --raw");
  expect_error({"batch", "-o", "-", "--raw", "--system", "x"}, 2, "batch: --system needs a chat template");
  expect_error({"eval", "kl", "a", "b", "c", "--ctx", "64"}, 2, "unknown option --ctx");
  expect_error({"plan", "serve", "a", "-ub", "64"}, 2, "unknown option -ub");
  expect_error({"logits"}, 2, "--tokens");
  expect_error({"logits", "--tokens", "1 two"}, 2, "found 'two'");
  expect_error({"logits", "--tokens", "1", "-o", "x.csv"}, 2, ".npy");
  expect_error({"tokenize", "--pieces", "--decode", "x"}, 2, "exclude each other");
  expect_error({"tokenize", "--jsonl", "--pieces"}, 2, "exclude each other");
  expect_error({"tokenize", "--chat", "messages.json", "x"}, 2, "--chat excludes a text");
  expect_error({"template", "--now", "2025-07-10T12:00:00Z"}, 2, "--now needs --context");
  expect_error({"template", "a", "--context", "b", "--now", "foo"}, 2, "--now: 'foo' is no time");
  expect_error({"trace", "trace.json", "--width", "5"}, 2, "--width: expected at least 20, found 5");
  expect_error({"batch", "in", "-o", "out", "--parallel", "99999"}, 2, "expected 1 to 1024");
  expect_error({"quantize", "a", "", "Q8_0"}, 2, "OUT: the argument is empty");
  expect_error({"quantize", "a", "b"}, 2, "TYPE");
  expect_error({"quantize", "a", "b", "Q9"}, 2, "Q4_0");
}

TEST(Errors, AFlagTakesNoArgument) {
  for (const std::string value : {"=3", "=", "=false", "=abc"}) {
    expect_error({"run", "--json" + value, "x"}, 2,
                 "run: --json takes no argument, found '" + value + "' (see: pith run --help)");
  }
  expect_error({"run", "--help=1"}, 2, "--help takes no argument, found '=1'");
  // The argument of another option, or a text, may look like one.
  expect_error({"run", "-m", "nonesuch", "--stop", "--json=3", "x"}, 1, "nonesuch: no such file");
  expect_error({"run", "-m", "nonesuch", "--", "--json=3"}, 1, "nonesuch: no such file");
}

// A pseudo-terminal on which nobody types.
class Terminal {
 public:
  Terminal() : descriptor_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (grantpt(descriptor_) != 0 || unlockpt(descriptor_) != 0) throw std::runtime_error("no terminal");
  }
  ~Terminal() { close(descriptor_); }
  const char* name() const { return ptsname(descriptor_); }

 private:
  int descriptor_;
};

TEST(Errors, NobodyWaitsForATerminalInSilence) {
  const Terminal terminal;
  expect_error({"score"}, 2, "score: no input; name a file", {.stdin_file = terminal.name()});
  expect_error({"tokenize", "--jsonl"}, 2, "tokenize: no input; pipe", {.stdin_file = terminal.name()});
  expect_error({"tokenize"}, 2, "tokenize: no text", {.stdin_file = terminal.name()});
}

TEST(Errors, NoModel) {
  const TemporaryFolder folder;
  expect_error({"run", "-m", "/no/such/model.gguf", "x"}, 1, "no such file or directory");
  expect_error({"run", "-m", "nonesuch", "x"}, 1, "no bundled model of that name");
  expect_error({"inspect", (folder / "").string()}, 1, "config.json");
  expect_error({"run", "-m", std::string(300, 'a'), "x"}, 1, "aaa: File name too long");
}

TEST(Errors, FilesOfAnotherKind) {
  const TemporaryFolder folder;
  const std::string text = folder.write("text", "Once upon a time").string(),
                    object = folder.write("object.json", "{}").string();
  expect_error({"inspect", "--expert-stats", text, "--json"}, 1, text + ": column 1: invalid JSON");
  expect_error({"inspect", "--expert-stats", object}, 1, "writes: key '");
  expect_error({"trace", object}, 1, object + ": is no trace of pith: key 'strategy' not found");
  expect_error({"template", folder.write("bad.jinja", "{% if %}").string(), "--context", object}, 1,
               "bad.jinja: chat template, line 1, column 7");
}

TEST(Errors, AnOutputIsCheckedBeforeTheWork) {
  const TemporaryFolder folder;
  const std::string trace =
      folder.write("trace.json", R"({"strategy": "direct", "question": "?", "nodes": []})").string();
  const auto size = std::filesystem::file_size(trace);
  expect_error({"trace", trace, "--html", trace}, 2, "would replace the input");
  EXPECT_EQ(std::filesystem::file_size(trace), size);
  const std::string runs = folder.write("runs.csv", "loss,params,tokens\n3,1e6,1e8\n").string();
  expect_error({"plan", "fit", runs, "--plot", runs}, 2, "would replace the input");
  expect_error({"plan", "fit", runs, "--plot", "/no/such/plot.svg"}, 1,
               "/no/such/plot.svg: cannot be written");
  expect_error({"plan", "fit", runs, "--plot", folder / "."}, 1, "found a directory");
}

TEST(Errors, NotAModel) {
  const TemporaryFolder folder;
  const std::string text = folder.write("text.gguf", "This is a text, no model at all.").string();
  const std::string empty = folder.write("empty.gguf", "").string();
  for (const char* command : {"run", "inspect"}) {
    const std::vector<std::string> more =
        std::string(command) == "run" ? std::vector<std::string>{"x"} : std::vector<std::string>{};
    for (const std::string& path : {text, empty}) {
      std::vector<std::string> arguments = {command, "-m", path};
      arguments.insert(arguments.end(), more.begin(), more.end());
      expect_error(arguments, 1, path);
    }
  }
}

TEST(Errors, HostileFilesOfTheFuzzCorpus) {
  const std::filesystem::path corpus = std::filesystem::path(PITH_SOURCE_DIR) / "tests/fuzz/corpus/gguf";
  if (!std::filesystem::is_directory(corpus)) GTEST_SKIP() << "no corpus at " << corpus;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    const Outcome o = run_pith({"run", "-m", entry.path().string(), "x"});
    EXPECT_EQ(o.code, 1) << entry.path();
    EXPECT_EQ(o.out, "");
  }
}

class ErrorsOfAModel : public ::testing::Test {
 protected:
  void SetUp() override {
    PITH_NEED_SHARED();
    model_ = (shared_data() / "weights/stories260K/stories260K-f32.gguf").string();
  }
  std::string model_;
};

TEST_F(ErrorsOfAModel, PromptLongerThanTheContext) {
  std::string prompt;
  for (int i = 0; i < 100; ++i) prompt += "Once upon a time ";
  expect_error({"run", "-m", model_, "--ctx", "64", prompt}, 1, "the context is 64");
}

TEST_F(ErrorsOfAModel, TokensOutsideTheVocabulary) {
  expect_error({"logits", "-m", model_, "--tokens", "1 512"}, 1,
               "token id 512 is outside the vocabulary of 512");
  expect_error({"logits", "-m", model_, "--tokens", "-1"}, 1, "token id -1");
  expect_error({"tokenize", "-m", model_, "--decode", "512"}, 1, "512");
}

TEST_F(ErrorsOfAModel, SamplerOutOfItsRange) {
  expect_error({"run", "-m", model_, "--top-p", "1.5", "x"}, 2, "top");
  expect_error({"run", "-m", model_, "--logit-bias", "512=1", "x"}, 2, "512");
}

TEST_F(ErrorsOfAModel, NumbersBeyondAnyMachine) {
  expect_error({"run", "-m", model_, "--ctx", "9000000000000000000", "x"}, 2, "--ctx: expected 1 to");
  expect_error({"inspect", model_, "-b", "9000000000000000000"}, 2, "--batch: expected 1 to");
  const TemporaryFolder folder;
  expect_error({"batch", "-m", model_, folder.write("in", "x").string(), "-o", folder / "out", "--shard",
                "1/99999999"},
               2, "99999999 shards; expected 1 to 1000000");
}

TEST_F(ErrorsOfAModel, TokenIdsThatAreNoList) {
  expect_error({"tokenize", "-m", model_, "--jsonl", "--decode"}, 1, "line 1: \"ids\": expected an array",
               {.stdin_text = "{\"ids\": 5}\n"});
  expect_error({"tokenize", "-m", model_, "--jsonl", "--decode"}, 1,
               "standard input, line 1: token id 512 is outside the vocabulary of 512",
               {.stdin_text = "{\"ids\": [512]}\n"});
}

TEST_F(ErrorsOfAModel, ATemplateWithoutText) {
  const TemporaryFolder folder;
  const std::string path = folder.write("empty.jinja", "\n").string();
  expect_error({"run", "-m", model_, "--template", path, "x"}, 1, path + ": expected a chat template");
  expect_error({"chat", "-m", model_, "--template", path}, 1, path + ": expected a chat template",
               {.stdin_text = "Hello\n"});
  expect_error({"batch", "-m", model_, "--template", path, "-o", "-"}, 1, path + ": expected a chat template",
               {.stdin_text = "Hello\n"});
}

TEST_F(ErrorsOfAModel, ChatNeedsATemplate) {
  expect_error({"chat", "-m", model_}, 1, "--template", {.stdin_text = "Hello\n"});
  expect_error({"run", "-m", model_, "--system", "Be brief.", "x"}, 1, "--system needs a chat template");
}

TEST_F(ErrorsOfAModel, AModelWithoutAVocabulary) {
  const std::string bare = (shared_data() / "archs/llama-dense.gguf").string();
  expect_error({"run", "-m", bare, "x"}, 1, "has no vocabulary");
  expect_error({"tokenize", "-m", bare, "x"}, 1, "no vocabulary");
}

TEST_F(ErrorsOfAModel, ATruncatedModel) {
  const TemporaryFolder folder;
  const std::string path = folder / "half.gguf";
  std::filesystem::copy_file(model_, path);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  expect_error({"run", "-m", path, "x"}, 1, path);
}

TEST_F(ErrorsOfAModel, OutputThatCannotBeWrittenOrWouldReplaceTheInput) {
  const TemporaryFolder folder;
  const std::string copy = folder / "model.gguf";
  std::filesystem::copy_file(model_, copy);
  expect_error({"quantize", copy, copy, "Q8_0"}, 2, "would replace the input");
  expect_error({"quantize", copy, "/no/such/folder/x.gguf", "F16"}, 1, "/no/such/folder");
  expect_error({"logits", "-m", copy, "--tokens", "1", "-o", "/no/such/folder/x.npy"}, 1, "/no/such/folder");
  EXPECT_EQ(std::filesystem::file_size(copy), std::filesystem::file_size(model_));
  // Before anything is generated, not after it.
  expect_error({"run", "-m", copy, "--prompt-cache", "/no/such/folder/x", "x"}, 1, "/no/such/folder");
  const std::string prompt = folder.write("prompt.txt", "Once").string();
  expect_error({"run", "-m", copy, "--reason", "cot", "--trace", prompt, "-f", prompt}, 2,
               "would replace the input");
  const std::string out = folder / "out.jsonl";
  for (const std::string& taken : {prompt, out, out + ".manifest"}) {
    expect_error({"batch", "-m", copy, prompt, "-o", out, "--stats", taken}, 2, "would replace the input");
    EXPECT_FALSE(std::filesystem::exists(out));
  }
}

}  // namespace
}  // namespace pith::test
