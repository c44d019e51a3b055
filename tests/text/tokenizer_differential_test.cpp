// Token ids of random texts against the reference tokenizers: Hugging Face tokenizers, SentencePiece,
// tiktoken. The fixtures and what is in them: tools/make_tokenizer_fixtures.py.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/utf8.h"
#include "shared_data.h"
#include "text/tokenizer.h"

namespace pith {
namespace {

std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(PITH_SOURCE_DIR) / "tests" / "text" / "fixtures" / name;
}

const std::vector<std::string>& texts() {
  static const auto all = [] {
    std::vector<std::string> out;
    for (const auto& text : nlohmann::json::parse(std::ifstream(fixture("strings.json")))) {
      if (text.is_string()) {
        out.push_back(text);
        continue;
      }
      std::string& bytes = out.emplace_back();
      const std::string hex = text["hex"];
      for (std::size_t i = 0; i < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
      }
    }
    return out;
  }();
  return all;
}

std::uint64_t hash_of(const std::vector<TokenId>& ids) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const TokenId id : ids) {
    for (int shift = 0; shift < 32; shift += 8) {
      h = (h ^ ((static_cast<std::uint32_t>(id) >> shift) & 0xff)) * 0x100000001b3u;
    }
  }
  return h;
}

void expect_same_ids(const Tokenizer& tokenizer, const std::string& name, std::size_t count,
                     bool parse_special) {
  std::ifstream in(fixture(name + ".ids"));
  std::size_t at = 0, wrong = 0, tokens = 0;
  std::uint64_t hash = 0;
  for (; in >> std::dec >> tokens >> std::hex >> hash; ++at) {
    ASSERT_LT(at, texts().size());
    const std::string& text = texts()[at];
    // The references take text only: what is not UTF-8 was replaced, as the engine's callers do.
    const auto ids = tokenizer.encode(replace_invalid_utf8(text), {.parse_special = parse_special});
    if (ids.size() == tokens && hash_of(ids) == hash) continue;
    if (++wrong > 5) continue;
    std::string got;
    for (const TokenId id : ids) got += fmt::format("{}='{}' ", id, printable(tokenizer.piece(id)));
    ADD_FAILURE() << name << ", text " << at << " '" << printable(text, 1000) << "': expected " << tokens
                  << " ids, got " << ids.size() << ": " << got;
  }
  EXPECT_EQ(at, count);
  EXPECT_EQ(wrong, 0u) << "of " << count;
}

/// Bytes go in and come out, whatever they are.
void expect_round_trip(const Tokenizer& tokenizer) {
  for (const std::string& text : texts()) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text) << printable(text, 1000);
  }
}

struct Shared {
  const char *name, *file;
  bool parse_special, lossless;
};

void PrintTo(const Shared& s, std::ostream* out) { *out << s.name; }

class DifferentialShared : public ::testing::TestWithParam<Shared> {};

TEST_P(DifferentialShared, AllIdsSame) {
  PITH_NEED_SHARED();
  const Tokenizer tokenizer = Tokenizer::open(test::shared_data() / "tokenizers" / GetParam().file);
  expect_same_ids(tokenizer, GetParam().name, 2000, GetParam().parse_special);
  if (GetParam().lossless) expect_round_trip(tokenizer);
}

// SentencePiece and TinyLlama's Metaspace write "▁" for spaces and for itself; Qwen's NFC changes texts.
INSTANTIATE_TEST_SUITE_P(
    Tokenizer, DifferentialShared,
    ::testing::Values(Shared{"gpt-2", "gpt-2/tokenizer.json", true, true},
                      Shared{"gpt-neox", "gpt-neox/tokenizer.json", true, false},
                      Shared{"tinyllama", "llama-spm/tinyllama_hf_tokenizer.json", true, false},
                      Shared{"llama-spm", "llama-spm/tokenizer.model", false, false},
                      Shared{"qwen2", "qwen2", false, false},
                      Shared{"r50k_base", "tiktoken/r50k_base.tiktoken", false, true},
                      Shared{"cl100k_base", "tiktoken/cl100k_base.tiktoken", false, true},
                      Shared{"o200k_base", "tiktoken/o200k_base.tiktoken", false, true},
                      Shared{"llama-bpe", "llama-bpe/tokenizer.model", false, true}));

class DifferentialSmall : public ::testing::TestWithParam<const char*> {};

TEST_P(DifferentialSmall, AllIdsSame) {
  const std::string name = GetParam();
  expect_same_ids(Tokenizer::open(fixture(name + ".json")), name, 500, true);
}

INSTANTIATE_TEST_SUITE_P(Tokenizer, DifferentialSmall,
                         ::testing::Values("falcon_like", "digits_nfc", "llama2_like", "gemma_like",
                                           "plain_unknown", "bert_like", "metaspace_always",
                                           "metaspace_first", "unigram", "split_removed", "split_isolated",
                                           "split_merged_with_previous", "split_merged_with_next",
                                           "split_contiguous"));

}  // namespace
}  // namespace pith
