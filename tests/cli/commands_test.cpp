// What the other commands print.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/run_pith.h"
#include "format/gguf.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

using Json = nlohmann::json;

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<float> read_floats(const std::string& path) {
  const std::string bytes = read(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

// Sum of squared differences over the sum of squares.
double error_of(const std::vector<float>& actual, const std::vector<float>& expected) {
  EXPECT_EQ(actual.size(), expected.size());
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
    difference += std::pow(double{actual[i]} - expected[i], 2);
    norm += std::pow(double{expected[i]}, 2);
  }
  return difference / norm;
}

class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    PITH_NEED_SHARED();
    model_ = (shared_data() / "weights/stories260K/stories260Ktok512-llamacpp.gguf").string();
  }
  std::string arch(const std::string& name) const { return (shared_data() / "archs" / name).string(); }
  std::string model_;
  TemporaryFolder folder_;
};

TEST_F(Commands, TokenizeAndBack) {
  EXPECT_EQ(run_pith({"tokenize", "-m", model_, "Once upon a time"}).out, "403 407 261 378\n");
  EXPECT_EQ(run_pith({"tokenize", "-m", model_, "--add-special", "Once upon a time"}).out,
            "1 403 407 261 378\n");
  EXPECT_EQ(run_pith({"tokenize", "-m", model_}, {.stdin_text = "Once upon a time"}).out,
            "403 407 261 378\n");
  EXPECT_EQ(run_pith({"tokenize", "-m", model_, "--decode", "403,407 261 378"}).out, "Once upon a time\n");
  EXPECT_EQ(run_pith({"tokenize", "-m", model_, "--pieces", "Once"}).out, "403\t\xe2\x96\x81Once\n");
  const Json j = Json::parse(run_pith({"tokenize", "-m", model_, "--json", "Once"}).out);
  EXPECT_EQ(j["ids"], Json({403}));
}

TEST_F(Commands, TokenizeLines) {
  const std::string lines = "{\"text\": \"Once\"}\n\n{\"text\": \"\"}\n{\"text\": \"Once upon\"}";
  const std::string ids = "{\"ids\":[403]}\n{\"ids\":[]}\n{\"ids\":[403,407]}\n";
  EXPECT_EQ(run_pith({"tokenize", "-m", model_, "--jsonl"}, {.stdin_text = lines}).out, ids);
  EXPECT_EQ(run_pith({"tokenize", "-m", model_, "--jsonl", "--decode"}, {.stdin_text = ids}).out,
            "{\"text\":\"Once\"}\n{\"text\":\"\"}\n{\"text\":\"Once upon\"}\n");
  const Outcome bad =
      run_pith({"tokenize", "-m", model_, "--jsonl"}, {.stdin_text = "{\"text\": \"a\"}\n[1]\n"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_NE(bad.err.find("line 2"), std::string::npos) << bad.err;
}

TEST_F(Commands, TokenizeWithAVocabularyAlone) {
  const std::string path = (shared_data() / "tokenizers/llama-spm").string();
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() != ".gguf" && entry.path().extension() != ".model") continue;
    const Outcome o = run_pith({"tokenize", "-m", entry.path().string(), "Hello world"});
    EXPECT_EQ(o.out, "15043 3186\n") << entry.path() << o.err;
  }
}

TEST_F(Commands, LogitsAgreeWithTheReferenceInEveryFormat) {
  const std::string tokens = read(arch("tokens.txt")), base = folder_ / "logits";
  for (const char* extension : {".f32", ".npy", ".json"}) {
    const Outcome o = run_pith(
        {"logits", "-m", arch("llama-dense.gguf"), "--tokens", tokens, "-o", base + extension, "-ub", "7"});
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(o.out + o.err, "");
  }
  const std::vector<float> actual = read_floats(base + ".f32");
  EXPECT_LT(error_of(actual, read_floats(arch("llama-dense.f32"))), 1e-10);
  const std::string npy = read(base + ".npy"), raw = read(base + ".f32");
  EXPECT_EQ(npy.substr(0, 6), "\x93NUMPY");
  EXPECT_NE(npy.find("'shape': (24, 128)"), std::string::npos);
  EXPECT_EQ((npy.size() - raw.size()) % 64, 0u);
  EXPECT_EQ(npy.substr(npy.size() - raw.size()), raw);
  const Json j = Json::parse(read(base + ".json"));
  EXPECT_EQ(j["vocab"], 128);
  ASSERT_EQ(j["logits"].size(), 24u);
  EXPECT_EQ(j["logits"][23][127].get<float>(), actual.back());
}

TEST_F(Commands, InspectSaysWhatTheModelIs) {
  const Outcome o = run_pith({"inspect", model_, "--ctx", "128", "--tensors"});
  EXPECT_EQ(o.code, 0);
  for (const char* text : {"llama", "293 K", "8 heads of 8, 4 KV heads", "512 tokens", "F32", "fits here",
                           "SentencePiece BPE", "blk.4.ffn_down.weight"})
    EXPECT_NE(o.out.find(text), std::string::npos) << text << " is missing in\n" << o.out;
  const Json j = Json::parse(run_pith({"inspect", "--json", arch("olmoe-moe.gguf"), "--ctx", "64"}).out);
  EXPECT_EQ(j["architecture"], "olmoe");
  EXPECT_LT(j["active_parameters"].get<std::uint64_t>(), j["parameters"].get<std::uint64_t>());
  EXPECT_EQ(j["memory"]["context"], 64);
  EXPECT_EQ(j["tokenizer"], nullptr);
}

TEST_F(Commands, InspectAVocabularyAlone) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shared_data() / "tokenizers")) {
    if (entry.path().extension() != ".gguf") continue;
    const Outcome o = run_pith({"inspect", entry.path().string()});
    EXPECT_EQ(o.code, 0) << entry.path() << o.err;
    EXPECT_NE(o.out.find("only a vocabulary"), std::string::npos);
    return;
  }
  GTEST_SKIP() << "no vocabulary-only GGUF in the shared data";
}

TEST_F(Commands, QuantizeMakesAModelThatRuns) {
  const std::string out = folder_ / "q8.gguf";
  const Outcome o = run_pith({"quantize", model_, out, "q8_0", "--json"});
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(Json::parse(o.out)["file"], out);
  EXPECT_LT(std::filesystem::file_size(out), std::filesystem::file_size(model_) / 2);
  const std::vector<std::string> run = {"run", "--temp", "0", "-n", "30", "Once upon a time"};
  const auto text = [&](const std::string& model) {
    std::vector<std::string> a = run;
    a.insert(a.end(), {"-m", model});
    return run_pith(a).out;
  };
  EXPECT_EQ(text(out), text(model_)) << "eight bits do not change the first greedy tokens of this model";
}

constexpr const char* kTemplate =
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}\n{% endfor %}[assistant]";

TEST_F(Commands, TemplateWithoutAModel) {
  const std::string source = folder_.write("t.jinja", kTemplate).string();
  const std::string messages = folder_.write("m.json", R"([{"role": "user", "content": "Hi"}])").string();
  EXPECT_EQ(run_pith({"template", source, "--context", messages}).out, "[user]Hi\n[assistant]");
  EXPECT_EQ(run_pith({"template", source}).out, kTemplate);
  const std::string bad = folder_.write("bad.jinja", "a\n{% frobnicate %}").string();
  const Outcome o = run_pith({"template", bad, "--context", messages});
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.err.find("line 2"), std::string::npos) << o.err;
}

TEST_F(Commands, InterruptedWhileReadingMessages) {
  const std::string source = folder_.write("t.jinja", kTemplate).string();
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"template", source, "--context", "-"}, {"tokenize", "-m", model_, "--chat", "-"}}) {
    const Outcome o = run_pith(command, {.stdin_text = "[]", .interrupt_input = true});
    EXPECT_EQ(o.code, 130) << command[0];
    EXPECT_EQ(o.out, "");
    EXPECT_EQ(o.err, "");
  }
}

TEST_F(Commands, RunThroughATemplateReadsNoSpecialTokensInTheMessage) {
  // The template writes BOS itself; the message spells it too, which must stay text.
  const std::string source = folder_.write("t.jinja", "{{ bos_token }}{{ messages[0].content }}").string();
  const auto prompt_tokens = [&](const std::string& text) {
    const Outcome o =
        run_pith({"run", "-m", model_, "--template", source, "-n", "1", "--temp", "0", "--json", text});
    EXPECT_EQ(o.code, 0) << o.err;
    return Json::parse(o.out)["usage"]["prompt_tokens"].get<int>();
  };
  EXPECT_EQ(prompt_tokens("Once upon a time"), 5) << "one BOS";
  const Outcome ids = run_pith({"tokenize", "-m", model_, "<s> Once"});
  EXPECT_EQ(prompt_tokens("<s> Once"), 1 + std::ranges::count(ids.out, ' ') + 1);
}

TEST_F(Commands, ReasoningIsNoPartOfTheAnswer) {
  // The model goes on inside what the template opened.
  const std::string source =
      folder_
          .write("t.jinja",
                 "{{ messages[0].content }}{% if enable_thinking is not defined or enable_thinking %}"
                 "<think>{% endif %}")
          .string();
  const auto run = [&](std::vector<std::string> more) {
    const std::vector<std::string> base = {"run", "-m", model_,   "--template", source,
                                           "-n",  "12", "--temp", "0",          "One day"};
    more.insert(more.begin(), base.begin(), base.end());
    return run_pith(more);
  };
  const Json thought = Json::parse(run({"--json"}).out),
             answer = Json::parse(run({"--json", "--think", "off"}).out);
  EXPECT_EQ(thought["text"], "");
  EXPECT_EQ(thought["usage"]["thinking_tokens"], 12);
  EXPECT_NE(thought["thinking"].get<std::string>(), "");
  EXPECT_EQ(answer["usage"]["thinking_tokens"], 0);
  EXPECT_NE(answer["text"].get<std::string>(), "");
  const Outcome shown = run({"--show-thinking"});
  EXPECT_EQ(shown.out, "");
  EXPECT_EQ(shown.err, thought["thinking"].get<std::string>() + "\n");
}

TEST_F(Commands, ChatFromAPipePrintsAnswersAlone) {
  const std::string source = folder_.write("t.jinja", kTemplate).string();
  const std::string saved = folder_ / "saved.json";
  const std::vector<std::string> base = {"chat", "-m", model_,   "--template", source,
                                         "-n",   "8",  "--temp", "0"};
  const Outcome o = run_pith(base, {.stdin_text = "Once upon\n/save " + saved + "\n", .new_session = true});
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(o.out.find("> "), std::string::npos);
  const Json messages = Json::parse(read(saved));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0], Json({{"role", "user"}, {"content", "Once upon"}}));
  EXPECT_EQ(o.out, messages[1]["content"].get<std::string>() + "\n");
  EXPECT_EQ(run_pith(base, {.stdin_file = "/dev/null"}).code, 0) << "the end of the input is no error";
}

TEST_F(Commands, ChatRemembersAndReusesWhatItRead) {
  const std::string source = folder_.write("t.jinja", kTemplate).string();
  const std::string long_line = "One day a little girl named Lily went to the park with her mom and a dog";
  const Outcome o = run_pith(
      {"chat", "-m", model_, "--template", source, "-n", "6", "--temp", "0", "--json", "--ctx", "400"},
      {.stdin_text = long_line + "\nThen a\\\nb\n\"\"\"\nx\ny\n\"\"\"\n/reset\n" + long_line + "\n"});
  EXPECT_EQ(o.code, 0) << o.err;
  std::istringstream lines(o.out);
  std::vector<Json> answers;
  for (std::string line; std::getline(lines, line);) answers.push_back(Json::parse(line));
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_GT(answers[1]["usage"]["cached_tokens"].get<int>(), 0);
  EXPECT_GT(answers[1]["usage"]["prompt_tokens"], answers[0]["usage"]["prompt_tokens"]);
  EXPECT_EQ(answers[3]["text"], answers[0]["text"]) << "after /reset nothing is left";
}

TEST_F(Commands, ChatRegeneratesWithAnotherSeed) {
  const std::string source = folder_.write("t.jinja", kTemplate).string();
  const Outcome o =
      run_pith({"chat", "-m", model_, "--template", source, "-n", "20", "--seed", "1", "--json"},
               {.stdin_text = "One day\n/regenerate\n"});
  std::istringstream lines(o.out);
  std::string first, second;
  std::getline(lines, first);
  std::getline(lines, second);
  EXPECT_EQ(Json::parse(first)["usage"]["prompt_tokens"], Json::parse(second)["usage"]["prompt_tokens"]);
  EXPECT_NE(Json::parse(first)["text"], Json::parse(second)["text"]);
}

// tests/infer/convert_test.cpp compares every fixture; here the command, and sizes as other readers want
// them.
TEST(Convert, TheGgufFileAnswersAsTheDirectory) {
  const TemporaryFolder folder;
  for (const char* name : {"qwen2", "gpt2"}) {
    const std::string directory = std::string(PITH_SOURCE_DIR) + "/tests/data/hf/" + name,
                      gguf = folder / (std::string(name) + ".gguf");
    ASSERT_EQ(run_pith({"convert", directory, gguf}).code, 0);
    const auto logits = [&](const std::string& model, const std::string& out) {
      EXPECT_EQ(run_pith({"logits", "-m", model, "--tokens", "1 2 3 5 8 13 21", "-o", out}).code, 0);
      return read_floats(out);
    };
    EXPECT_EQ(logits(gguf, folder / "a.f32"), logits(directory, folder / "b.f32")) << name;
    EXPECT_EQ(open_gguf(gguf).metadata.find_raw(std::string(name) + ".block_count")->type, MetaType::U32);
  }
}

// What cannot run says how it can.
TEST(Convert, MakesAFileOfExpertsThatNoKernelReads) {
  const TemporaryFolder folder;
  const std::string directory = std::string(PITH_SOURCE_DIR) + "/tests/data/hf/gpt-oss-mxfp4",
                    gguf = folder / "model.gguf";
  const std::vector<std::string> tail = {"--tokens", "1 2 3", "-o", folder / "a.f32"};
  const auto logits = [&](const std::string& model) {
    std::vector<std::string> line = {"logits", "-m", model};
    line.insert(line.end(), tail.begin(), tail.end());
    return run_pith(line);
  };
  const Outcome refused = logits(directory);
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("pith convert"), std::string::npos) << refused.err;
  ASSERT_EQ(run_pith({"convert", directory, gguf}).code, 0);
  EXPECT_EQ(logits(gguf).code, 0);
}

}  // namespace
}  // namespace pith::test
