// Regular expressions as tokenizers mean them, and the table of GGUF's names.
#include "text/pretokenizer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "base/error.h"
#include "text/pre_names.h"

namespace pith {
namespace {

std::vector<std::string> split(const Pretokenizer& pretokenizer, std::string_view text) {
  Words words;
  pretokenizer.split(text, true, words);
  return {words.list.begin(), words.list.end()};
}

std::vector<std::string> split(std::string_view expression, std::string_view text,
                               SplitBehavior behavior = SplitBehavior::Isolated, bool invert = false) {
  Pretokenizer p;
  p.add(Split{Regex(expression), behavior, invert});
  return split(p, text);
}

using Words_ = std::vector<std::string>;

TEST(Regex, WhiteSpaceIsUnicodes) {
  EXPECT_EQ(split("\\s", "a\u0085b\u00a0c\u180ed").size(), 5u) << "U+180E is no white space";
  EXPECT_EQ(split("[^\\s]+", "a\u2003b", SplitBehavior::Removed), (Words_{"\u2003"}));
  EXPECT_EQ(split("\\S+", "a\u3000b", SplitBehavior::Removed), (Words_{"\u3000"}));
  EXPECT_EQ(split("[\\S]+", "a\u3000b", SplitBehavior::Removed), (Words_{"\u3000"}));
}

TEST(Regex, WordCharactersHaveTheirMarks) {
  EXPECT_EQ(split("\\w+", "e\u0301x y\u203fz"), (Words_{"e\u0301x", " ", "y\u203fz"}));
  EXPECT_EQ(split("\\d{1,3}(?=(?:\\d{3})*\\b)", "1234567 12a"), (Words_{"1", "234", "567", " 12a"}));
}

TEST(Regex, HanIsTheScript) {
  EXPECT_EQ(split("\\p{Han}+", "。中文"), (Words_{"。", "中文"}))
      << "U+3002 has Han among its script extensions only";
}

TEST(Regex, BytesThatAreNotUtf8MatchNothing) {
  EXPECT_EQ(split("[^x]+",
                  "ab\xff\xfe"
                  "cd"),
            (Words_{"ab", "\xff\xfe", "cd"}));
  EXPECT_EQ(split(".", "\xc3\x28").size(), 2u);
  EXPECT_EQ(split("\\s+(?!\\S)|\\s+", "  \xffx"), (Words_{"  ", "\xffx"}));
}

TEST(Regex, EmptyMatchesCutAndEnd) {
  EXPECT_EQ(split("(?=b)", "abab"), (Words_{"a", "ba", "b"}));
  EXPECT_EQ(split("x*", "axxb"), (Words_{"a", "xx", "b"}));
}

TEST(Regex, RejectsWhatWouldMeanSomethingElse) {
  for (const char* bad : {"[a&&[b]]", "[a[b]]", "(", "[\\W]", "a{2,1}", "(?<n>a)(?<n>b)", "\xff", "\\"}) {
    EXPECT_THROW(Regex{bad}, Error) << bad;
  }
}

TEST(Regex, EndlessBacktrackingEndsInAnError) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(split("(a+)+$", std::string(60, 'a') + "b"), Error);
  EXPECT_THROW(split("(a|aa)+$", std::string(100, 'a') + "b"), Error);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(Regex, LongWordsWithGroupsFit) {
  const Pretokenizer kimi = make_pretokenizer(*find_pre_name("kimi-k2"));
  EXPECT_EQ(split(kimi, std::string(200'000, 'a')).size(), 1u);
}

TEST(Pretokenizer, Behaviours) {
  const auto cut = [](SplitBehavior b, bool invert = false) { return split("-", "a--b-", b, invert); };
  EXPECT_EQ(cut(SplitBehavior::Removed), (Words_{"a", "b"}));
  EXPECT_EQ(cut(SplitBehavior::Isolated), (Words_{"a", "-", "-", "b", "-"}));
  EXPECT_EQ(cut(SplitBehavior::MergedWithPrevious), (Words_{"a-", "-", "b-"}));
  EXPECT_EQ(cut(SplitBehavior::MergedWithNext), (Words_{"a", "-", "-b", "-"}));
  EXPECT_EQ(cut(SplitBehavior::Contiguous), (Words_{"a", "--", "b", "-"}));
  EXPECT_EQ(cut(SplitBehavior::Removed, true), (Words_{"-", "-", "-"}));
}

TEST(PreNames, AllCompileAndLoseNothing) {
  const std::string text =
      "Hello, world! I'LL  pay 1234567 €\r\n\r\n \t中文かな한국어 e\u0301 \u180e<sentinel:12>\xff x ...\n ";
  std::set<std::string_view> names;
  for (const PreName& pre : all_pre_names()) {
    EXPECT_TRUE(names.insert(pre.name).second) << pre.name << " is there twice";
    std::string joined;
    for (const std::string& word : split(make_pretokenizer(pre), text)) joined += word;
    EXPECT_EQ(joined, text) << pre.name;
  }
  EXPECT_EQ(names.size(), 87u);
  EXPECT_EQ(find_pre_name("no such name"), nullptr);
}

TEST(PreNames, ThreesFromTheRight) {
  EXPECT_EQ(split(make_pretokenizer(*find_pre_name("superbpe")), "1234567"), (Words_{"1", "234", "567"}));
  EXPECT_EQ(split(make_pretokenizer(*find_pre_name("afmoe")), "a 12345 123456"),
            (Words_{"a", " ", "12", "345", " ", "123", "456"}));
  const Pretokenizer aya = make_pretokenizer(*find_pre_name("tiny_aya"));
  const Pretokenizer original = [] {
    Pretokenizer p;
    p.add(Split{Regex("\\d{1,3}(?=(?:\\d{3})*\\b)")});
    p.add(Split{Regex(find_pre_name("gpt-4o")->expressions[0])});
    return p;
  }();
  for (const char* text :
       {"1", "12", "123", "1234", "1234567 12", "1234a 12", "a1234567", "12_345", "1.2345,678"}) {
    EXPECT_EQ(split(aya, text), split(original, text)) << text;
  }
}

TEST(PreNames, AreRecognisedByTheirExpressions) {
  for (const char* name : {"gpt-2", "llama-bpe", "qwen2", "tekken", "deepseek-v3", "starcoder", "gpt-4o"}) {
    const PreName* pre = find_pre_name(name);
    const PreName* found = name_of(make_pretokenizer(*pre), make_normalizer(*pre), pre->ignore_merges);
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(found->name, name);
  }
  Pretokenizer other;
  other.add(Split{Regex("something else")});
  EXPECT_EQ(name_of(other, {}, false), nullptr);
}

}  // namespace
}  // namespace pith
