// Small vocabularies made by hand: special tokens, streaming, and files that are not as they should be.
#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <thread>

#include "base/error.h"
#include "format/metadata.h"
#include "text/vocabulary.h"

namespace pith {
namespace {

using Strings = std::vector<std::string_view>;
using Ints = std::vector<std::int32_t>;
using Floats = std::vector<float>;

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

/// 0 <unk>, 1 <s>, 2 </s>, 3..258 the bytes, then pieces.
struct SentencePieceFile {
  std::vector<std::string> pieces{"<unk>", "<s>", "</s>"};
  Floats scores{0, 0, 0};
  Ints types{2, 3, 3};

  SentencePieceFile() {
    for (int b = 0; b < 256; ++b) add(spelling_of_byte(static_cast<unsigned char>(b)), 0, 6);
    for (const char* piece : {"▁", "a", "b", "c", "ab", "▁a", "▁ab", "abc"})
      add(piece, -static_cast<float>(pieces.size()));
  }
  void add(std::string piece, float score, int type = 1) {
    pieces.push_back(std::move(piece));
    scores.push_back(score);
    types.push_back(type);
  }
  Metadata metadata() const {
    Metadata m("test.gguf");
    m.set("tokenizer.ggml.model", "llama");
    m.set("tokenizer.ggml.tokens", Strings(pieces.begin(), pieces.end()));
    m.set("tokenizer.ggml.scores", scores);
    m.set("tokenizer.ggml.token_type", types);
    return m;
  }
  TokenId id(std::string_view piece) const {
    return static_cast<TokenId>(std::find(pieces.begin(), pieces.end(), piece) - pieces.begin());
  }
};

/// All bytes, "he", "ll", "hell", "hello", then special tokens.
struct ByteLevelFile {
  std::vector<std::string> tokens;
  std::vector<std::string> merges{"h e", "l l", "he ll", "hell o"};
  Ints types;

  ByteLevelFile() {
    for (int b = 0; b < 256; ++b) {
      const char c = static_cast<char>(b);
      add(to_byte_alphabet(std::string_view(&c, 1)));
    }
    for (const char* token : {"he", "ll", "hell", "hello"}) add(token);
    add("<|im_end|>", 3);
    add("<tool>", 4);
    add("<tool>x", 4);
  }
  void add(std::string token, int type = 1) {
    tokens.push_back(std::move(token));
    types.push_back(type);
  }
  Metadata metadata() const {
    Metadata m("test.gguf");
    m.set("tokenizer.ggml.model", "gpt2");
    m.set("tokenizer.ggml.pre", "gpt-2");
    m.set("tokenizer.ggml.tokens", Strings(tokens.begin(), tokens.end()));
    m.set("tokenizer.ggml.merges", Strings(merges.begin(), merges.end()));
    m.set("tokenizer.ggml.token_type", types);
    return m;
  }
  TokenId id(std::string_view token) const {
    return static_cast<TokenId>(std::find(tokens.begin(), tokens.end(), token) - tokens.begin());
  }
};

TEST(Tokenizer, SentencePieceMergesByScore) {
  const SentencePieceFile file;
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  EXPECT_EQ(t.encode("ab"), (std::vector{file.id("▁ab")}));
  // 'ab' has a better score than '▁a', and only then is there an 'abc'.
  EXPECT_EQ(t.encode("cabc"), (std::vector{file.id("▁"), file.id("c"), file.id("abc")}));
  EXPECT_EQ(t.encode(""), std::vector<TokenId>{});
  EXPECT_EQ(t.encode("", {.add_special = true}), (std::vector<TokenId>{1}));
  EXPECT_TRUE(t.adds_bos());
  EXPECT_FALSE(t.adds_eos());
}

TEST(Tokenizer, BytesWithoutATokenFallBack) {
  const SentencePieceFile file;
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  EXPECT_EQ(t.encode("é"), (std::vector<TokenId>{file.id("▁"), 3 + 0xc3, 3 + 0xa9}));
  for (const char* text : {"aéb", "\xff\xfe", "a\xc3", "  a  ", "\xe2\x96"}) {
    EXPECT_EQ(t.decode(t.encode(text)), text) << printable(text);
  }
}

TEST(Tokenizer, WithoutByteTokensUnknownCharactersAreOneUnknownToken) {
  SentencePieceFile file;
  file.types.erase(file.types.begin() + 3, file.types.begin() + 259);
  file.scores.erase(file.scores.begin() + 3, file.scores.begin() + 259);
  file.pieces.erase(file.pieces.begin() + 3, file.pieces.begin() + 259);
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  EXPECT_EQ(t.encode("aéüb"), (std::vector<TokenId>{file.id("▁a"), 0, file.id("b")}));
}

TEST(Tokenizer, UserTextNeverBecomesControlTokens) {
  SentencePieceFile file;
  for (const char* piece : {"<", "s", ">", "<s"}) file.add(piece, -1);  // a path that merges up to "<s" + ">"
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  const auto ids = t.encode("<s>");
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 1), 0);
  EXPECT_EQ(t.decode(ids), "<s>");
  EXPECT_EQ(t.encode("<s>", {.parse_special = true}), (std::vector<TokenId>{1}));
}

TEST(Tokenizer, ByteLevelMergesByRank) {
  const ByteLevelFile file;
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  EXPECT_EQ(t.encode("hello"), (std::vector{file.id("hello")}));
  EXPECT_EQ(t.encode("hel"), (std::vector{file.id("he"), file.id("l")}));
  EXPECT_EQ(t.piece(file.id("Ġ")), " ");
  EXPECT_EQ(t.spelling(file.id("Ġ")), "Ġ");
  EXPECT_EQ(t.find(" "), file.id("Ġ"));
  EXPECT_EQ(t.find("hello"), file.id("hello"));
  EXPECT_EQ(t.find("nothing"), std::nullopt);
}

TEST(Tokenizer, AddedTokensAreFoundLongestFirst) {
  const ByteLevelFile file;
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  EXPECT_EQ(t.encode("<tool>xhe<tool>"), (std::vector{file.id("<tool>x"), file.id("he"), file.id("<tool>")}));
  EXPECT_TRUE(t.is_special(file.id("<tool>")));
  EXPECT_FALSE(t.is_control(file.id("<tool>")));
  EXPECT_TRUE(t.is_control(file.id("<|im_end|>")));
  EXPECT_TRUE(t.is_end_of_generation(file.id("<|im_end|>"))) << "known by its name";
  EXPECT_GT(t.encode("<|im_end|>").size(), 1u);
  EXPECT_EQ(t.encode("<|im_end|>", {.parse_special = true}), (std::vector{file.id("<|im_end|>")}));
}

TEST(Tokenizer, ControlTokensHaveTextOnlyWhenAsked) {
  const ByteLevelFile file;
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  const std::vector ids{file.id("he"), file.id("<|im_end|>"), file.id("<tool>")};
  EXPECT_EQ(t.decode(ids), "he<tool>");
  EXPECT_EQ(t.decode(ids, true), "he<|im_end|><tool>");
}

TEST(StreamDecoder, HoldsBackHalfCharacters) {
  const ByteLevelFile file;
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  StreamDecoder stream(t, true);
  const auto byte = [&](int b) {
    const char c = static_cast<char>(b);
    return file.id(to_byte_alphabet(std::string_view(&c, 1)));
  };
  EXPECT_EQ(stream.add(byte(0xf0)), "");
  EXPECT_EQ(stream.add(byte(0x9f)), "");
  EXPECT_EQ(stream.add(byte(0x98)), "");
  EXPECT_EQ(stream.add(byte(0x80)), "😀");
  EXPECT_EQ(stream.add(byte(0xc3)), "");
  EXPECT_EQ(stream.add(byte('a')),
            "\xc3"
            "a")
      << "bytes that can never become a character come out";
  EXPECT_EQ(stream.add(byte(0xe2)), "");
  EXPECT_EQ(stream.finish(), "\xe2");
  EXPECT_EQ(stream.finish(), "");
  EXPECT_THROW(stream.add(-1), Error);
  EXPECT_THROW(stream.add(t.size()), Error);
}

TEST(StreamDecoder, DropsTheLeadingSpaceOfATextAndNotOfAnAnswer) {
  const SentencePieceFile file;
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  StreamDecoder text(t, false), answer(t, true);
  EXPECT_EQ(text.add(1), "");
  EXPECT_EQ(text.add(file.id("▁ab")), "ab");
  EXPECT_EQ(text.add(file.id("▁ab")), " ab");
  EXPECT_EQ(answer.add(file.id("▁ab")), " ab");
}

TEST(Tokenizer, WhatTheFileSaysAboutBosAndEos) {
  ByteLevelFile file;
  file.add("<bos>", 3);
  Metadata m = file.metadata();
  m.set("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(file.id("<bos>")));
  m.set("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(file.id("<|im_end|>")));
  m.set("tokenizer.ggml.add_bos_token", true);
  m.set("tokenizer.ggml.add_eos_token", true);
  const Tokenizer t = Tokenizer::from_metadata(m);
  EXPECT_EQ(t.encode("he", {.add_special = true}),
            (std::vector{file.id("<bos>"), file.id("he"), file.id("<|im_end|>")}));
  EXPECT_EQ(t.encode("he"), (std::vector{file.id("he")}));
}

TEST(Tokenizer, ManyThreadsMayUseOne) {
  const ByteLevelFile file;
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  const std::string text(10'000, 'h');
  const auto expected = t.encode(text);
  std::vector<std::thread> threads;
  std::atomic<int> same = 0;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { same += t.encode(text) == expected; });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(same, 4);
}

// --- files that are not as they should be --------------------------------------------------------

struct Hostile {
  const char* what;
  std::function<void(Metadata&)> change;
  const char* message;
  bool sentencepiece = false;
};

void PrintTo(const Hostile& h, std::ostream* out) { *out << h.what; }

class HostileVocabulary : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileVocabulary, IsOneLine) {
  const Hostile& h = GetParam();
  Metadata m = h.sentencepiece ? SentencePieceFile().metadata() : ByteLevelFile().metadata();
  h.change(m);
  const std::string message = message_of([&] { Tokenizer::from_metadata(m).encode("hello"); });
  EXPECT_NE(message.find(h.message), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_EQ(message.rfind("test.gguf: ", 0), 0u) << message;
}

template <class T>
Hostile setting(const char* what, const char* key, T value, const char* message, bool sentencepiece = false) {
  return {what, [=](Metadata& m) { m.set(key, value); }, message, sentencepiece};
}

INSTANTIATE_TEST_SUITE_P(
    Tokenizer, HostileVocabulary,
    ::testing::Values(
        setting("unknown kind", "tokenizer.ggml.model", "rwkv7", "'rwkv7'"),
        setting("no vocabulary", "tokenizer.ggml.model", "none", "no vocabulary"),
        setting("unknown pre-tokenizer", "tokenizer.ggml.pre", "gpt-7\x1b[31m", "'gpt-7\\x1b[31m'"),
        setting("tokens of the wrong type", "tokenizer.ggml.tokens", Ints{1, 2},
                "expected an array of strings"),
        setting("tokens no array", "tokenizer.ggml.tokens", "a", "expected an array of strings"),
        setting("no tokens", "tokenizer.ggml.tokens", Strings{}, "is empty"),
        setting("types too few", "tokenizer.ggml.token_type", Ints{1, 2}, "2 elements for 263 tokens"),
        setting("types of strings", "tokenizer.ggml.token_type", Strings{"a"}, "expected an array of i32"),
        setting("a type out of range", "tokenizer.ggml.token_type", Ints(263, 7), "expected 1 to 6"),
        setting("scores too many", "tokenizer.ggml.scores", Floats(264), "264 elements for 263 tokens"),
        setting("a score no number", "tokenizer.ggml.scores", Floats(263, NAN), "not a number"),
        setting("scores of strings", "tokenizer.ggml.scores", Strings{"a"}, "expected an array of f32"),
        setting("merges no array", "tokenizer.ggml.merges", 1.0f, "expected an array of strings"),
        setting("a merge without a space", "tokenizer.ggml.merges", Strings{"h e", "he"}, "[1] is 'he'"),
        setting("an empty merge", "tokenizer.ggml.merges", Strings{""}, "expected two tokens"),
        setting("a merge of one", "tokenizer.ggml.merges", Strings{"h "}, "expected two tokens"),
        setting("a merge of unknown tokens", "tokenizer.ggml.merges", Strings{"h eee"},
                "not in the vocabulary"),
        setting("a merge into nothing", "tokenizer.ggml.merges", Strings{"h h"}, "needs the token 'hh'"),
        setting("BOS out of range", "tokenizer.ggml.bos_token_id", std::uint32_t{263},
                "outside the vocabulary"),
        setting("EOS a string", "tokenizer.ggml.eos_token_id", "x", "tokenizer.ggml.eos_token_id"),
        setting("BOS negative", "tokenizer.ggml.bos_token_id", -5, "tokenizer.ggml.bos_token_id"),
        setting("add_bos a number", "tokenizer.ggml.add_bos_token", 3.0f, "tokenizer.ggml.add_bos_token"),
        setting("SentencePiece's types too few", "tokenizer.ggml.token_type", Ints{1}, "1 elements for",
                true),
        setting("SentencePiece's BOS out of range", "tokenizer.ggml.bos_token_id", std::uint32_t{9999},
                "is 9999, outside", true)));

TEST(HostileVocabulary, DuplicateTokens) {
  ByteLevelFile file;
  file.tokens[7] = file.tokens[3];
  EXPECT_NE(message_of([&] { Tokenizer::from_metadata(file.metadata()); }).find("tokens 3 and 7 are both"),
            std::string::npos);
}

TEST(HostileVocabulary, NothingAtAll) {
  EXPECT_NE(
      message_of([] { Tokenizer::from_metadata(Metadata("x")); }).find("x: the file holds no vocabulary"),
      std::string::npos);
}

TEST(HostileVocabulary, MissingScores) {
  Metadata m("x");
  m.set("tokenizer.ggml.model", "llama");
  m.set("tokenizer.ggml.tokens", Strings{"a"});
  EXPECT_NE(message_of([&] { Tokenizer::from_metadata(m); }).find("scores is missing"), std::string::npos);
}

TEST(HostileVocabulary, TokensThatAreNotUtf8AreBytesLikeOthers) {
  SentencePieceFile file;
  file.add("\xff\xfe", -1);
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  EXPECT_EQ(t.decode(t.encode("a\xff\xfe")), "a\xff\xfe");
}

TEST(HostileVocabulary, ByteLevelWithoutSomeBytesLeavesThemOut) {
  ByteLevelFile file;
  file.tokens[static_cast<unsigned char>('z')] = "a token that is not z";
  const Tokenizer t = Tokenizer::from_metadata(file.metadata());
  EXPECT_EQ(t.encode("z"), std::vector<TokenId>{});
}

}  // namespace
}  // namespace pith
