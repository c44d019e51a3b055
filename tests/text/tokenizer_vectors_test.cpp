// Token ids against vectors that other projects recorded, from every file kind there is for a vocabulary.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "format/gguf.h"
#include "shared_data.h"
#include "text/tokenizer.h"

namespace pith {
namespace {

struct Vector {
  std::string text, source;
  std::vector<TokenId> ids;
  bool add_bos, parse_special, round_trip;
};

const std::vector<Vector>& vectors_of(const std::string& tokenizer) {
  static const auto all = [] {
    std::map<std::string, std::vector<Vector>> out;
    std::ifstream in(test::shared_data() / "tokenizers" / "vectors.jsonl");
    for (std::string line; std::getline(in, line);) {
      const auto v = nlohmann::json::parse(line);
      out[v["tokenizer"]].push_back({v["text"], v["source"], v["ids"], v["add_bos"],
                                     std::string(v["special"]).starts_with("HF"), v["decode_roundtrip_ok"]});
    }
    return out;
  }();
  static const std::vector<Vector> none;
  const auto it = all.find(tokenizer);
  return it == all.end() ? none : it->second;
}

/// How many of a vocabulary's vectors the tokenizer gets right, ids and round trip.
void expect_all(const Tokenizer& tokenizer, const std::string& name, std::size_t count) {
  const auto& vectors = vectors_of(name);
  EXPECT_EQ(vectors.size(), count) << name;
  for (const Vector& v : vectors) {
    const std::string where = name + ", " + v.source + ": '" + printable(v.text, 200) + "'";
    std::vector<TokenId> ids = tokenizer.encode(v.text, {.parse_special = v.parse_special});
    if (v.add_bos) ids.insert(ids.begin(), tokenizer.bos().value());
    EXPECT_EQ(ids, v.ids) << where;
    if (!v.round_trip) continue;
    const std::string bos(v.add_bos ? tokenizer.piece(*tokenizer.bos()) : std::string_view());
    EXPECT_EQ(tokenizer.decode(ids, v.parse_special), bos + v.text) << where;
  }
}

std::filesystem::path file(std::string_view name) { return test::shared_data() / "tokenizers" / name; }

struct Case {
  const char *vocabulary, *file, *pre;
  std::size_t count;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.file; }

class TokenizerFiles : public ::testing::TestWithParam<Case> {};

TEST_P(TokenizerFiles, AllRight) {
  PITH_NEED_SHARED();
  const Case& c = GetParam();
  expect_all(Tokenizer::open(file(c.file), c.pre), c.vocabulary, c.count);
}

TEST_P(TokenizerFiles, SlowAllRightByWayOfGgufMetadata) {
  PITH_NEED_SHARED();
  const Case& c = GetParam();
  Metadata metadata("written");
  Tokenizer::open(file(c.file), c.pre).to_metadata(metadata);
  expect_all(Tokenizer::from_metadata(metadata), c.vocabulary, c.count);
}

// 66 + 46 + 60 + 46 + 46 + 65 + 58 + 67 + 66 + 65 = 585 lines, each from every kind of file.
INSTANTIATE_TEST_SUITE_P(
    Vectors, TokenizerFiles,
    ::testing::Values(Case{"llama-spm", "llama-spm/ggml-vocab-llama-spm.gguf", "", 66},
                      Case{"llama-spm", "llama-spm/tokenizer.model", "", 66},
                      Case{"llama-spm", "llama-spm/tokenizer.llama2c.bin", "", 66},
                      Case{"phi-3", "phi-3/ggml-vocab-phi-3.gguf", "", 46},
                      Case{"gpt-2", "gpt-2/ggml-vocab-gpt-2.gguf", "", 60},
                      Case{"gpt-2", "gpt-2/tokenizer.json", "", 60},
                      Case{"gpt-2", "tiktoken/r50k_base.tiktoken", "", 60},
                      Case{"starcoder", "starcoder/ggml-vocab-starcoder.gguf", "", 46},
                      Case{"deepseek-llm", "deepseek-llm/ggml-vocab-deepseek-llm.gguf", "", 46},
                      Case{"llama-bpe", "llama-bpe/tokenizer.model", "", 65},
                      Case{"llama-bpe", "llama-bpe/encoder.json", "llama-bpe", 65},
                      Case{"qwen2", "qwen2/vocab.json", "", 58}, Case{"qwen2", "qwen2", "", 58},
                      Case{"cl100k_base", "tiktoken/cl100k_base.tiktoken", "", 67},
                      Case{"o200k_base", "tiktoken/o200k_base.tiktoken", "", 66},
                      Case{"r50k_base", "tiktoken/r50k_base.tiktoken", "", 65}));

// This file's Metaspace puts no "▁" in front of a text that begins with a space, unlike the SentencePiece
// model it was made from: Hugging Face tokenizers gives the vectors' ids for the other 49 texts alone.
TEST(TokenizerVectors, TinyLlamaJsonWhereItMeansTheSame) {
  PITH_NEED_SHARED();
  const Tokenizer tokenizer = Tokenizer::open(file("llama-spm/tinyllama_hf_tokenizer.json"));
  int same = 0;
  for (const Vector& v : vectors_of("llama-spm")) {
    if (v.text.starts_with(" ") || v.text.starts_with("▁")) continue;
    ++same;
    EXPECT_EQ(tokenizer.encode(v.text, {.add_special = v.add_bos, .parse_special = v.parse_special}), v.ids)
        << printable(v.text);
  }
  EXPECT_EQ(same, 49);
  Metadata metadata("written");  // GGUF's SentencePiece has the "▁" in front always
  tokenizer.to_metadata(metadata);
  expect_all(Tokenizer::from_metadata(metadata), "llama-spm", 66);
  EXPECT_EQ(tokenizer.encode(" Hello"), (std::vector<TokenId>{15043}));
}

TEST(Tokenizer, StoriesModelTokenizesItsOpening) {
  PITH_NEED_SHARED();
  const ModelFile model =
      open_gguf(test::shared_data() / "weights" / "stories260K" / "stories260Ktok512-llamacpp.gguf");
  const Tokenizer tokenizer = Tokenizer::from_metadata(model.metadata);
  EXPECT_EQ(tokenizer.size(), 512);
  const std::vector<TokenId> ids = tokenizer.encode("Once upon a time", {.add_special = true});
  EXPECT_EQ(ids, (std::vector<TokenId>{1, 403, 407, 261, 378}));
  EXPECT_EQ(tokenizer.decode(ids), "Once upon a time");
}

}  // namespace
}  // namespace pith
