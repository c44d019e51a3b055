#include "text/chat_prompt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "format/gguf.h"
#include "shared_data.h"
#include "text/model_text.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

class ChatPromptTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PITH_NEED_SHARED();
    const ModelFile file =
        open_gguf(test::shared_data() / "weights/stories260K/stories260Ktok512-llamacpp.gguf");
    tokenizer_ = find_tokenizer(file);
    ASSERT_TRUE(tokenizer_);
  }
  static Json user(const std::string& text) { return Json::array({{{"role", "user"}, {"content", text}}}); }
  std::optional<Tokenizer> tokenizer_;
};

TEST_F(ChatPromptTest, GuardsStandInsideSpecialTokensAlone) {
  EXPECT_EQ(tokenizer_->guard_special("a <s> b</s>", "|"), "a <|s|> b<|/|s|>");
  EXPECT_EQ(tokenizer_->guard_special("plain < s >", "|"), "plain < s >");
  EXPECT_EQ(tokenizer_->guard_special("", "|"), "");
}

TEST_F(ChatPromptTest, OnlyTheTemplateWritesSpecialTokens) {
  const ChatPrompt prompt(*tokenizer_, "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}", "test");
  std::vector<TokenId> expected = tokenizer_->encode("say <s> twice");
  expected.insert(expected.begin(), *tokenizer_->bos());
  expected.push_back(*tokenizer_->eos());
  EXPECT_EQ(prompt.encode(user("say <s> twice"), Json::object()).size(), expected.size());
  const std::vector<TokenId> ids = prompt.encode(user("say <s> twice"), Json::object());
  EXPECT_EQ(std::ranges::count(ids, *tokenizer_->bos()), 1);
  EXPECT_EQ(std::ranges::count(ids, *tokenizer_->eos()), 1);
  EXPECT_EQ(prompt.render(user("say <s> twice"), Json::object()), "<s>say <s> twice</s>");
}

TEST_F(ChatPromptTest, ErrorsNameTheTemplate) {
  EXPECT_THROW(ChatPrompt(*tokenizer_, "{% if %}", "my.jinja"), Error);
  const ChatPrompt prompt(*tokenizer_, "{{ raise_exception('no roles') }}", "my.jinja");
  try {
    prompt.encode(user("x"), Json::object());
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("my.jinja"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("no roles"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace pith
