// From generators to token streams: a small corpus, its vocabulary, and what the engine's tokenizer makes of
// it.
#include "train/bpe/tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "format/metadata.h"
#include "temporary_folder.h"
#include "text/model_text.h"
#include "text/tokenizer.h"
#include "train/corpus/corpus.h"

namespace pith::lab {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(LabBpe, MergesTheMostFrequentPairFirst) {
  const BpeVocabulary v = train_bpe({{"low", 5}, {"lower", 2}, {"newest", 6}, {"widest", 3}}, {"<end>"}, 260);
  EXPECT_EQ(v.tokens.size(), 260u);
  EXPECT_EQ(v.tokens[0], "<end>");
  // e s and s t occur nine times each, "e" has the smaller id (Sennrich et al. 2016, section 3.2).
  EXPECT_EQ(v.tokens[257], "es");
  EXPECT_EQ(v.tokens[258], "est");
  EXPECT_EQ(v.tokens[259], "lo");
}

TEST(LabBpe, SaysWhenTheCorpusIsTooSmall) {
  EXPECT_THROW(train_bpe({{"ab", 1}}, {}, 300), std::runtime_error);
}

TEST(LabTokenizer, ACorpusBecomesVocabularyAndStreams) {
  const test::TemporaryFolder folder;
  const std::string root = folder.path().string();
  const std::string few =
      R"({"story": 30, "problem-steps": 10, "sum": 10, "rule": 10, "puzzle": 5, "world": 5})";
  const Config corpus =
      Config::parse(R"({"seed": 1, "folder": ")" + root + R"(/corpus", "documents": {"pretrain": )" + few +
                        R"(, "validation": {"story": 3}, "replay": {"world": 3}},
          "conversations": {"train": {"sum": 20, "talk": 20, "tale": 5, "name": 5, "refuse-asked": 5},
          "validation": {"sort": 5}, "test": {"sort": 5}}, "tasks": {"problems": 10, "rules": 5, "puzzles": 5},
          "puzzle_prefixes": 10})",
                    "corpus.json");
  make_corpus(corpus);
  const std::string first = read(folder.path() / "corpus/pretrain.jsonl");
  make_corpus(corpus);
  EXPECT_EQ(read(folder.path() / "corpus/pretrain.jsonl"), first) << "the same seed gives the same corpus";

  make_tokenizer(Config::parse(R"({"seed": 1, "vocabulary": 400, "corpus": ")" + root +
                                   R"(/corpus", "folder": ")" + root + R"(/chat", "plain_folder": ")" + root +
                                   R"(/plain", "tokens": ")" + root + R"(/tokens"})",
                               "tokenizer.json"));
  const Tokenizer tokenizer = Tokenizer::open(folder.path() / "chat");
  EXPECT_EQ(tokenizer.size(), 400);
  EXPECT_EQ(tokenizer.find(kEndOfText), 0);
  EXPECT_EQ(tokenizer.find(kTurnStart), 1);
  EXPECT_EQ(tokenizer.find(kTurnEnd), 2);
  EXPECT_TRUE(tokenizer.is_end_of_generation(0));
  EXPECT_TRUE(tokenizer.is_end_of_generation(2));
  EXPECT_FALSE(tokenizer.adds_bos());
  EXPECT_EQ(tokenizer.encode("123").size(), 3u) << "every digit is a token";
  const std::string text = "Once upon a time, 12 + 30 = 42.\n\"\xc3\xa9\xe2\x9c\x93\"";
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  Metadata metadata;
  tokenizer.to_metadata(metadata);
  EXPECT_EQ(Tokenizer::from_metadata(metadata).encode(text), tokenizer.encode(text));
  EXPECT_FALSE(find_chat_template(folder.path() / "chat/tokenizer.json").empty());
  EXPECT_TRUE(find_chat_template(folder.path() / "plain/tokenizer.json").empty());

  // The stream is the documents, shuffled: as many ends, and the same tokens in all.
  const std::string stream = read(folder.path() / "tokens/pretrain.u16");
  const auto report = nlohmann::json::parse(read(folder.path() / "tokens/report.json"));
  EXPECT_EQ(stream.size(), 2 * report.at("pretrain").at("tokens").get<std::size_t>());
  std::size_t ends = 0;
  std::vector<TokenId> ids;
  for (std::size_t i = 0; i < stream.size(); i += 2) {
    ids.push_back(static_cast<unsigned char>(stream[i]) | static_cast<unsigned char>(stream[i + 1]) << 8);
    ends += ids.back() == 0;
  }
  EXPECT_EQ(ends, 70u);
  EXPECT_NE(first.find(nlohmann::json(tokenizer.decode(std::span(ids).first(20))).dump().substr(1, 12)),
            std::string::npos);
}

}  // namespace
}  // namespace pith::lab
