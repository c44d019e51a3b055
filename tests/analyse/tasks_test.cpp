// Task files, and what is wrong with some; the log of results; right and wrong answers.
#include "analyse/tasks.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analyse/answers.h"
#include "analyse/item_log.h"
#include "base/error.h"
#include "base/file.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

std::string choice_problem(std::string_view text) {
  return message_of([&] { read_choice_items(text, "t"); });
}

TEST(Tasks, Choices) {
  const auto items = read_choice_items(
      "{\"prompt\": \"a\", \"choices\": [\"b\", \"c\"], \"answer\": 1}\r\n\n"
      "{\"id\": 7, \"prompt\": \"\", \"choices\": [\"b\", \"c\"], \"answer\": \"b\", \"delimiter\": \"\"}",
      "t");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].answer, 1u);
  EXPECT_EQ(items[0].delimiter, " ");
  EXPECT_EQ(items[1].answer, 0u);
  EXPECT_EQ(items[1].delimiter, "");
}

TEST(Tasks, WrongChoicesAreSaid) {
  EXPECT_EQ(choice_problem(""), "t: no items");
  EXPECT_EQ(choice_problem("[]"), "t: line 1: expected an object");
  EXPECT_EQ(choice_problem("\n{\"prompt\": \"a\"}"), "t: line 2: 'choices' is missing");
  EXPECT_EQ(choice_problem(R"({"prompt": 1, "choices": ["b", "c"], "answer": 0})"),
            "t: line 1: 'prompt': expected a text");
  EXPECT_EQ(choice_problem(R"({"prompt": "a", "choices": ["b"], "answer": 0})"),
            "t: line 1: 'choices': expected at least 2, found 1");
  EXPECT_EQ(choice_problem(R"({"prompt": "a", "choices": ["b", ""], "answer": 0})"),
            "t: line 1: 'choices': number 2 is empty");
  EXPECT_EQ(choice_problem(R"({"prompt": "a", "choices": ["b", "c", "b"], "answer": 0})"),
            "t: line 1: 'choices': numbers 1 and 3 are the same: 'b'");
  for (const char* answer : {"2", "-1", "\"d\"", "0.5", "null"}) {
    EXPECT_EQ(
        choice_problem(R"({"prompt": "a", "choices": ["b", "c"], "answer": )" + std::string(answer) + "}"),
        "t: line 1: 'answer': expected one of the choices, or its index from 0 to 1, found " +
            std::string(answer));
  }
  EXPECT_EQ(choice_problem(R"({"prompt": "a", "choices": ["b", "c"], "answer": 0, "x": 1})"),
            "t: line 1: unknown key 'x'; there are id, prompt, delimiter, choices, answer");
  EXPECT_NE(choice_problem("{\"prompt\": "), "");
}

TEST(Tasks, AnswersAndScores) {
  const auto answers = read_answer_items(R"({"prompt": "a", "answer": 7}
{"prompt": "a", "answer": ["x", "y"]})",
                                         "t");
  EXPECT_EQ(answers[0].answers, (std::vector<std::string>{"7"}));
  EXPECT_EQ(answers[1].answers, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(message_of([] { read_answer_items(R"({"prompt": "a", "answer": ""})", "t"); }),
            "t: line 1: 'answer': an empty one");
  const auto scores = read_score_items(R"({"prompt": "a", "continuations": ["b"], "id": "x"})", "t");
  EXPECT_EQ(scores[0].id, "\"x\"");
  EXPECT_EQ(message_of([] { read_score_items(R"({"prompt": "a", "continuations": []})", "t"); }),
            "t: line 1: 'continuations': an empty one");
  EXPECT_EQ(message_of([] { read_score_items("{}", "t"); }),
            "t: line 1: expected one of 'prompt' and 'messages'");
}

TEST(ItemLog, GoesOnWhereItWas) {
  const TemporaryFolder folder;
  const auto path = folder / "log.jsonl";
  const nlohmann::ordered_json header{{"model", "m"}};
  {
    ItemLog log(path, header, false);
    log.add(2, {{"x", 1}});
    log.add(0, {{"x", 2}});
  }
  {  // ended in the middle of a line
    const std::string text = read_file(path);
    folder.write("log.jsonl", text + "{\"item\": 1, \"x\"");
    ItemLog log(path, header, true);
    EXPECT_EQ(log.size(), 2);
    EXPECT_TRUE(log.has(2));
    EXPECT_FALSE(log.has(1));
    log.add(1, {{"x", 3}});
  }
  ItemLog log(path, header, true);
  std::vector<int> seen;
  log.for_each(2, [&](std::int64_t item, const nlohmann::ordered_json& r) {
    seen.push_back(static_cast<int>(item) * 10 + r["x"].get<int>());
  });
  EXPECT_EQ(seen, (std::vector<int>{2, 13}));
}

TEST(ItemLog, RefusesWhatIsNotItsOwn) {
  const TemporaryFolder folder;
  const std::string path = (folder / "log.jsonl").string();
  { ItemLog log(path, {{"model", "m"}}, false); }
  EXPECT_EQ(message_of([&] {
              ItemLog(path, {{"model", "m"}}, false);
            }),
            path + ": is there already; --resume goes on with it");
  EXPECT_EQ(message_of([&] {
              ItemLog(path, {{"model", "n"}}, true);
            }),
            path + ": its results are of another run, model differs; another file begins anew");
  folder.write("log.jsonl", "{\"model\": \"m\"}\n{\"x\": 1}\n");
  EXPECT_EQ(message_of([&] {
              ItemLog(path, {{"model", "m"}}, true);
            }),
            path + ": line 2: expected an item's result");
  EXPECT_NE(message_of([&] { ItemLog((folder / "no/such").string(), {}, false); }), "");
}

TEST(Answers, RightAndWrong) {
  const auto right = [](AnswerMatch match, const char* found, std::vector<std::string> answers) {
    return is_right(match, std::string(found), answers);
  };
  EXPECT_TRUE(right(AnswerMatch::Exact, "  The Dog.", {"cat", "the dog"}));
  EXPECT_FALSE(right(AnswerMatch::Exact, "the dogs", {"the dog"}));
  EXPECT_TRUE(right(AnswerMatch::Numeric, "$1,024.50", {"1024.5"}));
  EXPECT_FALSE(right(AnswerMatch::Numeric, "1024", {"1024.5"}));
  EXPECT_FALSE(right(AnswerMatch::Numeric, "many", {"1"}));
  EXPECT_TRUE(right(AnswerMatch::Regex, "it is 42 then", {"\\b4[0-9]\\b"}));
  EXPECT_FALSE(right(AnswerMatch::Regex, "it is 142 then", {"\\b4[0-9]\\b"}));
  EXPECT_FALSE(is_right(AnswerMatch::Exact, std::nullopt, std::vector<std::string>{"x"}));
}

}  // namespace
}  // namespace pith::test
