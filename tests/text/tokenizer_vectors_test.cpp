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

class GgufVectors : public ::testing::TestWithParam<std::tuple<const char*, int>> {};

TEST_P(GgufVectors, AllRight) {
  PITH_NEED_SHARED();
  const std::string name = std::get<0>(GetParam());
  const ModelFile model = open_gguf(file(name + "/ggml-vocab-" + name + ".gguf"));
  expect_all(Tokenizer::from_metadata(model.metadata), name,
             static_cast<std::size_t>(std::get<1>(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(TokenizerVectors, GgufVectors,
                         ::testing::Values(std::tuple("llama-spm", 66), std::tuple("phi-3", 46),
                                           std::tuple("gpt-2", 60), std::tuple("starcoder", 46),
                                           std::tuple("deepseek-llm", 46)));

TEST(TokenizerVectors, StoriesModelTokenizesItsOpening) {
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
