// Examples chosen and prompts made of them.
#include "reason/prompt.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "../generate/models.h"
#include "pith/error.h"
#include "temporary_folder.h"

namespace pith {
namespace {

std::vector<Example> animals() {
  return {{"the red dog", "1", ""},
          {"a blue cat", "2", "two"},
          {"the dog and the cat", "3", ""},
          {"green birds fly", "4", ""}};
}

std::vector<std::string> answers(const std::vector<Example>& examples) {
  std::vector<std::string> list;
  for (const Example& e : examples) list.push_back(e.answer);
  return list;
}

TEST(Examples, AreReadFromLines) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("e.jsonl",
                                 "{\"prompt\":\"p\",\"answer\":\"a\"}\n\n"
                                 "{\"prompt\":\"q\",\"answer\":\"b\",\"worked\":\"w\"}\n");
  const std::vector<Example> examples = read_examples(path);
  ASSERT_EQ(examples.size(), 2u);
  EXPECT_EQ(examples[1].worked, "w");
  for (const char* text : {"", "\n", "{\"prompt\":\"p\"}", "[1]", "{\"prompt\":1,\"answer\":\"a\"}", "{"})
    EXPECT_THROW(read_examples(folder.write("bad.jsonl", text)), Error) << text;
}

TEST(Examples, FirstRandomNearest) {
  EXPECT_EQ(answers(choose_examples(animals(), 2, ExampleOrder::First, 0, "")),
            (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(answers(choose_examples(animals(), 9, ExampleOrder::First, 0, "a blue cat")),
            (std::vector<std::string>{"1", "3", "4"}))
      << "the question itself is no example";
  // Both words of the question are in the third, one in the first and second: the nearest comes last.
  EXPECT_EQ(answers(choose_examples(animals(), 1, ExampleOrder::Nearest, 0, "Dog, cat!")),
            (std::vector<std::string>{"3"}));
  EXPECT_EQ(answers(choose_examples(animals(), 4, ExampleOrder::Nearest, 0, "GREEN birds")).back(), "4");
  std::set<std::vector<std::string>> orders;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto chosen = answers(choose_examples(animals(), 2, ExampleOrder::Random, seed, ""));
    EXPECT_EQ(chosen, answers(choose_examples(animals(), 2, ExampleOrder::Random, seed, "")));
    EXPECT_NE(chosen[0], chosen[1]);
    orders.insert(chosen);
  }
  EXPECT_GT(orders.size(), 5u);
}

TEST(PromptMaker, RawTextAndChat) {
  PITH_NEED_SHARED();
  const Tokenizer tokenizer = test::stories_tokenizer();
  const auto variables = nlohmann::ordered_json::object();
  const PromptWords words{"Think.", ""};
  const std::vector<Example> examples{{"1+1=", "2", "one more than one: 2"}};

  const PromptMaker raw(tokenizer, std::nullopt, variables, words);
  EXPECT_EQ(raw.make({{"user", "2+2="}}, Style::Direct, examples).text, "1+1= 2\n\n2+2=");
  EXPECT_EQ(raw.make({{"user", "2+2="}}, Style::Worked, examples).text,
            "1+1= Think. one more than one: 2\n\n2+2= Think.");

  const std::string source =
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<a>{% "
      "endif "
      "%}";
  const PromptMaker chat(tokenizer, ChatPrompt(tokenizer, source, "test"), variables, words);
  EXPECT_EQ(chat.make({{"system", "s"}, {"user", "2+2"}}, Style::Worked, examples).text,
            "<system>s<user>1+1=\nThink.<assistant>one more than one: 2<user>2+2\nThink.<a>");
  EXPECT_EQ(chat.ask("Mark it").text, "<user>Mark it<a>") << "without the words of a style";
}

TEST(PromptMaker, AWholeConversationEndsAsItsTemplateEndsIt) {
  PITH_NEED_SHARED();
  const Tokenizer tokenizer = test::stories_tokenizer();
  const auto variables = nlohmann::ordered_json::object();
  const PromptMaker raw(tokenizer, std::nullopt, variables, {});
  const std::vector<TokenId> ids = raw.answered({{"user", "Once"}}, " upon");
  EXPECT_EQ(ids.back(), tokenizer.eos());
  EXPECT_EQ(ids.size(), 1 + raw.ask("Once").ids.size() + tokenizer.encode(" upon").size());

  const std::string source =
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}.{% endfor %}{% if add_generation_prompt %}<a>{% "
      "endif %}";
  const PromptMaker chat(tokenizer, ChatPrompt(tokenizer, source, "test"), variables, {});
  EXPECT_EQ(tokenizer.decode(chat.answered({{"system", "s"}, {"user", "2+2"}}, "4")),
            "<system>s.<user>2+2.<assistant>4.");
}

}  // namespace
}  // namespace pith
