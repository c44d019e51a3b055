// Text held back: half characters, and what could become a stop string.
#include "generate/answer_text.h"

#include "models.h"

namespace pith {
namespace {

// "é" and "€" as the bytes of the vocabulary's byte fallback.
std::vector<TokenId> bytes_of(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<TokenId> ids;
  for (const char c : text) {
    char spelling[8];
    std::snprintf(spelling, sizeof spelling, "<0x%02X>", static_cast<unsigned char>(c));
    ids.push_back(tokenizer.find(spelling).value());
  }
  return ids;
}

TEST(AnswerText, NeverGivesHalfACharacter) {
  PITH_NEED_SHARED();
  const Tokenizer tokenizer = test::stories_tokenizer();
  AnswerText text(tokenizer, {});
  std::vector<std::string> parts;
  for (TokenId id : bytes_of(tokenizer, "a\u00e9\u20ac")) parts.push_back(text.add(id));
  EXPECT_EQ(parts, (std::vector<std::string>{"a", "", "\u00e9", "", "", "\u20ac"}));
  // The end of the answer gives what there is.
  EXPECT_EQ(text.add(bytes_of(tokenizer, "\xe2")[0]), "");
  EXPECT_EQ(text.finish(), "\xe2");
}

TEST(AnswerText, HoldsBackTheBeginningOfAStopString) {
  PITH_NEED_SHARED();
  const Tokenizer tokenizer = test::stories_tokenizer();
  const std::vector<std::string> stop = {"aab\u20ac", "bb"};
  const auto stream = [&](std::string_view input) {
    AnswerText text(tokenizer, stop);
    std::string trace;
    for (TokenId id : bytes_of(tokenizer, input)) trace += text.add(id) + "|";
    trace += text.finish();
    return trace + " " + std::to_string(text.stopped_by());
  };
  EXPECT_EQ(stream("xaac"), "x|||aac| -1");
  EXPECT_EQ(stream("aaab"), "||a||aab -1");
  EXPECT_EQ(stream("aab\u20ac"), "|||||| 0");
  EXPECT_EQ(stream("abba"), "|a||| 1");
  EXPECT_EQ(stream("aabb"), "|||aa| 1");
}

TEST(AnswerText, AnIdBeyondTheVocabularyHasNoText) {
  PITH_NEED_SHARED();
  AnswerText text(test::stories_tokenizer(), {});
  EXPECT_EQ(text.add(test::stories_tokenizer().size() + 5), "");
  EXPECT_EQ(text.finish(), "");
}

}  // namespace
}  // namespace pith
