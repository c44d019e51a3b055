// Answers found in text, and when two of them are the same.
#include "reason/answer.h"

#include <gtest/gtest.h>

#include "pith/error.h"

namespace pith {
namespace {

std::string found(std::string_view rule, std::string_view text) {
  return AnswerRule(rule).find(text).value_or("(none)");
}

TEST(Answer, TheLastNumber) {
  EXPECT_EQ(found("number", "3 apples and 4 more make 7."), "7");
  EXPECT_EQ(found("number", "It costs $1,234.50, I think"), "1,234.50");
  EXPECT_EQ(found("number", "from 5 to -12"), "-12");
  EXPECT_EQ(found("number", "about .5"), ".5");
  EXPECT_EQ(found("number", "1,2,3"), "3") << "a list, not thousands";
  EXPECT_EQ(found("number", "none at all"), "(none)");
  EXPECT_EQ(found("number", "\xff\xfe 8 \xff"), "8") << "bytes that are no UTF-8 are no obstacle";
}

TEST(Answer, TheLastBox) {
  EXPECT_EQ(found("boxed", R"(\boxed{1} then \boxed{\frac{1}{2}}.)"), R"(\frac{1}{2})");
  EXPECT_EQ(found("boxed", R"(\boxed{3} and \boxed{4)"), "3") << "one that is never closed is none";
  EXPECT_EQ(found("boxed", "boxed{3}"), "(none)");
}

TEST(Answer, AfterAPhrase) {
  EXPECT_EQ(found("after:The answer is", "The answer is 3.\nNo: The answer is four apples.\nGood."),
            "four apples");
  EXPECT_EQ(found("after:The answer is", "The answer is"), "(none)");
}

TEST(Answer, ARegularExpressionsGroupOrAllOfIt) {
  EXPECT_EQ(found("regex:#### (\\d+)", "#### 12\n#### 15"), "15");
  EXPECT_EQ(found("regex:[A-E](?=\\))", "A) or B) then"), "B");
  EXPECT_EQ(found("regex:x*", "axxb"), "") << "the last match may be empty";
  EXPECT_THROW(AnswerRule("regex:("), UsageError);
  EXPECT_THROW(AnswerRule("regex:^(a+)+$").find(std::string(40, 'a') + "b"), Error) << "bounded backtracking";
}

TEST(Answer, AValueInJson) {
  EXPECT_EQ(found("json:/answer", R"(Here: {"answer": "a}b"} and {"answer": [1, 2]})"), "[1,2]");
  EXPECT_EQ(found("json:/answer", R"([see {"answer": 4}] [])"), "4") << "brackets around it are no JSON";
  EXPECT_EQ(found("json:/answer", R"({"answer": 4)"), "(none)");
  EXPECT_THROW(AnswerRule("json:answer"), UsageError);
}

TEST(Answer, OneOfTheChoices) {
  EXPECT_EQ(found("choice:yes|no", "No. Well, YES"), "YES");
  EXPECT_EQ(found("choice:yes|no", "nothing, yesterday"), "(none)") << "whole words alone";
  EXPECT_EQ(found("choice:a+b|c", "A+B"), "A+B") << "no regular expression";
  EXPECT_THROW(AnswerRule("choice:a||b"), UsageError);
}

TEST(Answer, UnknownRulesListTheKnownOnes) {
  EXPECT_THROW(AnswerRule("nubmer"), UsageError);
  EXPECT_THROW(AnswerRule("after:"), UsageError);
}

TEST(Answer, NormalForms) {
  EXPECT_EQ(normalise_answer("+1,024.50"), "1024.5");
  EXPECT_EQ(normalise_answer("$ 007.00"), "7");
  EXPECT_EQ(normalise_answer(" 42. "), "42");
  EXPECT_EQ(normalise_answer("-0"), "0");
  EXPECT_EQ(normalise_answer(".50%"), "0.5");
  EXPECT_EQ(normalise_answer("100"), "100") << "zeros that count";
  EXPECT_EQ(normalise_answer("  The  RED\tbox. "), "the red box");
  EXPECT_EQ(normalise_answer("STRASSE"), normalise_answer("Straße"));
  EXPECT_EQ(normalise_answer("1.2.3"), "1.2.3") << "no number";
  EXPECT_EQ(normalise_answer("1-2"), "1-2");
}

}  // namespace
}  // namespace pith
