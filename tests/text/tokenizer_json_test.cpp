// tokenizer.json and the other files: small ones made by hand, right and wrong.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "format/metadata.h"
#include "text/loaders.h"
#include "text/tokenizer.h"

namespace pith {
namespace {

using nlohmann::json;

/// Byte-level BPE with the tokens a, b, ab, Ġ and two added ones.
json small() {
  return json::parse(R"({
    "added_tokens": [
      {"id": 4, "content": "<s>", "special": true},
      {"id": 5, "content": "<x>", "special": false, "lstrip": true, "rstrip": true}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
    "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}],
                       "special_tokens": {"<s>": {"ids": [4]}}},
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "Ġ": 3}, "merges": ["a b"]}})");
}

Tokenizer parse(const json& file) {
  const LoadedParts parts = parse_tokenizer_json(file.dump(), "tokenizer.json");
  finish_parts(*parts);
  return Tokenizer(parts);
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(TokenizerJson, AddedTokensAndTemplate) {
  const Tokenizer t = parse(small());
  EXPECT_EQ(t.size(), 6);
  EXPECT_EQ(t.encode("ab a", {.add_special = true}), (std::vector<TokenId>{4, 2, 3, 0}));
  EXPECT_EQ(t.encode("a  <x>  b"), (std::vector<TokenId>{0, 5, 1})) << "lstrip and rstrip take the spaces";
  EXPECT_EQ(t.encode("<s>", {.parse_special = true}), (std::vector<TokenId>{4}));
  EXPECT_TRUE(t.encode("<s>").empty()) << "no token for these bytes, and no BOS made of user text";
}

TEST(TokenizerJson, HolesInTheIdsAreNoTokens) {
  json file = small();
  file["model"]["vocab"]["c"] = 9;
  const Tokenizer t = parse(file);
  EXPECT_EQ(t.size(), 10);
  EXPECT_EQ(t.piece(7), "");
  EXPECT_EQ(t.encode("c"), (std::vector<TokenId>{9}));
  Metadata metadata("out");
  t.to_metadata(metadata);
  EXPECT_EQ(metadata.get<std::vector<std::string_view>>("tokenizer.ggml.tokens")[7], "[PAD7]");
}

struct Change {
  const char *what, *pointer, *value, *message;
};
void PrintTo(const Change& c, std::ostream* out) { *out << c.what; }

class HostileTokenizerJson : public ::testing::TestWithParam<Change> {};

TEST_P(HostileTokenizerJson, IsOneLine) {
  json file = small();
  file[json::json_pointer(GetParam().pointer)] = json::parse(GetParam().value);
  const std::string message = message_of([&] { parse(file); });
  EXPECT_NE(message.find(GetParam().message), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Tokenizer, HostileTokenizerJson,
    ::testing::Values(
        Change{"model", "/model/type", R"("WordPiece")", "the model 'WordPiece' is not supported"},
        Change{"no model", "/model", "[]", "the model is array"},
        Change{"normalizer", "/normalizer", R"({"type": "Rot13"})",
               "the normalizer 'Rot13' is not supported"},
        Change{"pre-tokenizer", "/pre_tokenizer", R"({"type": "Sudachi"})", "'Sudachi' is not supported"},
        Change{"decoder", "/decoder", R"({"type": "CTC"})", "the decoder 'CTC' is not supported"},
        Change{"post-processor", "/post_processor", R"({"type": "Magic"})", "'Magic' is not supported"},
        Change{"one side byte-level", "/decoder", "null", "is ByteLevel and the decoder is not"},
        Change{"expression", "/pre_tokenizer", R"({"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}, {"type": "ByteLevel"}]})",
               "the regular expression '(a' cannot be used"},
        Change{"behaviour", "/pre_tokenizer",
               R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Eaten"})",
               "'Eaten' is not known"},
        Change{"pattern", "/pre_tokenizer", R"({"type": "Split", "pattern": "a", "behavior": "Isolated"})",
               "a pattern is"},
        Change{"vocab", "/model/vocab", "[1]", "the vocab is array"},
        Change{"an id no integer", "/model/vocab/a", R"("0")", "the id of the token 'a' is string"},
        Change{"an id huge", "/model/vocab/a", "18446744073709551615", "out of range"},
        Change{"an id beyond the file", "/model/vocab/a", "100000000", "out of range"},
        Change{"an id negative", "/model/vocab/a", "-1", "out of range"},
        Change{"an id twice", "/model/vocab/a", "1", "have the same id 1"},
        Change{"merge", "/model/merges/0", R"("ab")", "merge 0 is 'ab'"},
        Change{"merge of three", "/model/merges/0", R"(["a", "b", "c"])", "expected a string or two"},
        Change{"merge of unknown tokens", "/model/merges/0", R"("a c")", "not in the vocabulary"},
        Change{"merges", "/model/merges", "{}", "merges is object"},
        Change{"affix", "/model/end_of_word_suffix", R"("</w>")",
               "end_of_word_suffix '</w>' is not supported"},
        Change{"unknown token", "/model/unk_token", R"("?")",
               "the unknown token '?' is not in the vocabulary"},
        Change{"added token at a taken id", "/added_tokens/0/id", "0", "have the same id 0"},
        Change{"added token empty", "/added_tokens/0/content", R"("")", "is empty"},
        Change{"added token's flag", "/added_tokens/0/special", "1", "'special' is number"},
        Change{"template without text", "/post_processor/single", "[]", "leaves out the text"},
        Change{"template's id", "/post_processor/special_tokens/<s>/ids", "[77]", "is 77, outside"},
        Change{"template's token", "/post_processor/single/0/SpecialToken/id", R"("<t>")",
               "'<t>' is not in"}));

TEST(HostileTokenizerJson, NotJsonAtAll) {
  EXPECT_NE(message_of([] { parse_tokenizer_json("{", "x"); }).find("x: "), std::string::npos);
  EXPECT_NE(message_of([] { parse_tokenizer_json("[]", "x"); }).find("'model' is missing"),
            std::string::npos);
  EXPECT_NE(message_of([] { parse_tokenizer_json("", "x"); }).find("x: "), std::string::npos);
  const std::string deep = std::string(100'000, '[');
  EXPECT_NE(message_of([&] { parse_tokenizer_json(deep, "x"); }).find("x: "), std::string::npos);
}

TEST(TokenizerFiles, TruncatedOrWrongOnesAreErrors) {
  EXPECT_THROW(parse_sentencepiece("", "x"), Error);
  EXPECT_THROW(parse_sentencepiece("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "x"), Error);
  const std::string piece(
      "\x0a\x08\x0a\x01"
      "a\x15\x00\x00\x00\x00",
      10);
  EXPECT_EQ(parse_sentencepiece(piece, "x")->vocabulary.size(), 1);
  for (std::size_t n = 0; n < piece.size(); ++n)
    EXPECT_THROW(parse_sentencepiece(piece.substr(0, n), "x"), Error) << n;
  EXPECT_THROW(parse_llama2c("", "x"), Error);
  EXPECT_THROW(parse_llama2c(std::string(64, '\xff'), "x"), Error);

  const TokenizerConfig none;
  EXPECT_THROW(parse_tiktoken("YQ== 0\nYg== 1\n", "gpt-2", none, "x"), Error) << "not all bytes are there";
  EXPECT_THROW(parse_tiktoken("YQ== 0\nYg== 0\n", "gpt-2", none, "x"), Error);
  EXPECT_THROW(parse_tiktoken("YQ== 99999999999\n", "gpt-2", none, "x"), Error);
  EXPECT_THROW(parse_tiktoken("YQ==\n", "gpt-2", none, "x"), Error);
  EXPECT_THROW(parse_tiktoken("Y*== 0\n", "gpt-2", none, "x"), Error);
  const auto pair = [&](const char* vocab, const char* merges, const char* pre) {
    return message_of([&] { parse_vocab_and_merges(vocab, merges, pre, none, "v", "m"); });
  };
  EXPECT_EQ(pair(R"({"a": 0, "b": 1, "ab": 2})", "#version: 0.2\na b\n", "gpt-2"), "no error");
  EXPECT_NE(pair(R"({"a": 0, "b": 1, "ab": 2})", "ab\n", "gpt-2").find("m: line 1"), std::string::npos);
  EXPECT_NE(pair(R"({"a": 0})", "", "").find("--pre"), std::string::npos);
  EXPECT_NE(pair(R"({"a": 0})", "", "gpt-7").find("'gpt-7'"), std::string::npos);
  EXPECT_NE(pair(R"({"a": -1})", "", "gpt-2").find("not a natural number"), std::string::npos);
  EXPECT_NE(pair("[]", "", "gpt-2").find("expected an object"), std::string::npos);
}

TEST(TokenizerFiles, ConfigurationBesideThem) {
  const auto dir = std::filesystem::path(::testing::TempDir()) / "pith_tokenizer_config";
  std::filesystem::create_directories(dir);
  const auto write = [&](const char* name, const std::string& text) { std::ofstream(dir / name) << text; };
  EXPECT_FALSE(Tokenizer::is_in(dir));
  EXPECT_THROW(Tokenizer::open(dir), Error);
  write("tokenizer.json", small().dump());
  EXPECT_TRUE(Tokenizer::is_in(dir));
  EXPECT_EQ(Tokenizer::open(dir).bos(), 4) << "the template begins with it";
  write(
      "tokenizer_config.json",
      R"({"tokenizer_class": "LlamaTokenizer", "bos_token": {"content": "<s>"}, "eos_token": "<x>", "add_bos_token": false, "add_eos_token": true})");
  write("generation_config.json", R"({"eos_token_id": [5, 1]})");
  const Tokenizer t = Tokenizer::open(dir);
  EXPECT_EQ(t.bos(), 4);
  EXPECT_EQ(t.eos(), 5);
  EXPECT_EQ(t.encode("a", {.add_special = true}), (std::vector<TokenId>{0, 5}));
  EXPECT_TRUE(t.is_end_of_generation(5));
  EXPECT_TRUE(t.is_end_of_generation(1));
  write("generation_config.json", R"({"eos_token_id": 6})");
  EXPECT_THROW(Tokenizer::open(dir), Error);
  write("generation_config.json", "{}");
  write("tokenizer_config.json", R"({"eos_token": "nowhere"})");
  EXPECT_THROW(Tokenizer::open(dir), Error);
  std::filesystem::remove_all(dir);
  EXPECT_THROW(Tokenizer::open(dir), Error);
}

}  // namespace
}  // namespace pith
