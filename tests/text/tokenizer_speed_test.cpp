// Speed: a megabyte of English in under half a second, and time linear in length whatever the text.
#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>

#include "base/file.h"
#include "shared_data.h"
#include "text/tokenizer.h"

namespace pith {
namespace {

constexpr std::size_t kMegabyte = 1'000'000;

/// Of this thread: the machine may be busy with other things.
double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double seconds_to_encode(const Tokenizer& tokenizer, const std::string& text) {
  const double start = cpu_seconds();
  const auto ids = tokenizer.encode(text);
  const double elapsed = cpu_seconds() - start;
  EXPECT_FALSE(ids.empty());
  return elapsed;
}

std::string repeat(const std::string& text, std::size_t size) {
  std::string out;
  while (out.size() < size) out += text;
  out.resize(size);
  return out;
}

std::string random_letters() {
  std::mt19937 random(1);
  std::string out;
  for (std::size_t i = 0; i < kMegabyte; ++i) out += static_cast<char>('a' + random() % 26);
  return out;
}

class SlowSpeed : public ::testing::TestWithParam<const char*> {};

TEST_P(SlowSpeed, IsLinearWhateverTheText) {
  PITH_NEED_SHARED();
  const Tokenizer tokenizer = Tokenizer::open(test::shared_data() / "tokenizers" / GetParam());
  const std::string english = read_file(test::shared_data() / "text" / "frankenstein.txt");
  const std::pair<const char*, std::string> kinds[] = {{"English", english},
                                                       {"one letter", "a"},
                                                       {"two letters", "ab"},
                                                       {"spaces", " "},
                                                       {"newlines", "\n"},
                                                       {"tabs and spaces", "\t "},
                                                       {"digits", "7"},
                                                       {"dashes", "-"},
                                                       {"Chinese", "中"},
                                                       {"emoji", "😀"},
                                                       {"combining marks", "e\u0301\u0323"},
                                                       {"not UTF-8", "\xff\xc3"},
                                                       {"nulls", std::string(1, '\0')},
                                                       {"half a special token", "<|endof"},
                                                       {"random letters", random_letters()}};
  for (const auto& [name, unit] : kinds) {
    const double seconds = seconds_to_encode(tokenizer, repeat(unit, kMegabyte));
    // Measured: 0.04 to 0.3 s. The bound leaves room for slower machines; quadratic time would be minutes.
    EXPECT_LT(seconds, 1.0) << GetParam() << ", a megabyte of " << name;
    RecordProperty(std::string("seconds_") + name, std::to_string(seconds));
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizer, SlowSpeed,
                         ::testing::Values("llama-spm/ggml-vocab-llama-spm.gguf",
                                           "phi-3/ggml-vocab-phi-3.gguf", "gpt-2/ggml-vocab-gpt-2.gguf",
                                           "gpt-neox/tokenizer.json", "starcoder/ggml-vocab-starcoder.gguf",
                                           "deepseek-llm/ggml-vocab-deepseek-llm.gguf", "qwen2",
                                           "llama-bpe/tokenizer.model", "tiktoken/cl100k_base.tiktoken",
                                           "tiktoken/o200k_base.tiktoken",
                                           "llama-spm/tinyllama_hf_tokenizer.json"));

}  // namespace
}  // namespace pith
