// Real chat templates against what Python's jinja2 renders from them (tools/make_template_fixtures.py).
#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "shared_data.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string fnv64(std::string_view data) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : data) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return fmt::format("{:016x}", hash);
}

const Json& fixture() {
  static const Json json =
      Json::parse(read_file(std::filesystem::path(PITH_SOURCE_DIR) / "tests/data/templates/rendered.json"));
  return json;
}

std::string render(const ChatTemplate& chat_template, const Json& conversation) {
  const Json& tokens = fixture()["tokens"];
  const std::string bos = tokens["bos_token"], eos = tokens["eos_token"];
  ChatOptions options;
  options.add_generation_prompt = conversation.value("add_generation_prompt", true);
  options.bos_token = bos;
  options.eos_token = eos;
  if (conversation.contains("tools")) options.tools = &conversation["tools"];
  if (conversation.contains("variables")) options.variables = &conversation["variables"];
  options.now = parse_time(fixture()["now"].get<std::string>());
  return chat_template.render(conversation["messages"], options);
}

void check(const ChatTemplate& chat_template, const Json& conversation, const Json& expected) {
  try {
    const std::string text = render(chat_template, conversation);
    ASSERT_FALSE(expected.contains("error")) << "Python raises " << expected["error"] << ", pith renders\n"
                                             << text;
    EXPECT_EQ(text.size(), expected["bytes"]) << text;
    EXPECT_EQ(fnv64(text), expected["hash"]) << text;
  } catch (const Error& error) {
    ASSERT_TRUE(expected.contains("error")) << error.what();
    const std::string message = expected["error"];
    if (!expected["raised"].get<bool>()) return;
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos)
        << error.what() << "\nshould say " << message;
  }
}

TEST(ChatTemplate, RendersRealTemplatesAsPythonDoes) {
  PITH_NEED_SHARED();
  const auto folder = test::shared_data() / "chat_templates" / "templates";
  const Json& conversations = fixture()["conversations"];
  EXPECT_EQ(fixture()["templates"].size(), 68u);
  for (const auto& [name, recorded] : fixture()["templates"].items()) {
    const std::string source = read_file(folder / name);
    ASSERT_EQ(fnv64(source), recorded["template"])
        << name << " is not the one that the fixture was made from";
    const ChatTemplate chat_template(source);
    for (const auto& [conversation, expected] : recorded["results"].items()) {
      SCOPED_TRACE(name + ", " + conversation);
      check(chat_template, conversations[conversation], expected);
    }
  }
}

TEST(ChatTemplate, DefinesWhatTransformersDefines) {
  const ChatTemplate t(
      "{{ tools is none }} {{ documents is none }} {{ add_generation_prompt }} {{ bos_token is defined }}");
  EXPECT_EQ(t.render(Json::array()), "True True True False");
  ChatOptions options;
  options.bos_token = "<s>";
  options.add_generation_prompt = false;
  EXPECT_EQ(t.render(Json::array(), options), "True True False True");
  const Json variables = {{"add_generation_prompt", true}, {"tools", "a hammer"}};
  options.variables = &variables;
  EXPECT_EQ(t.render(Json::array(), options), "False True True True");
}

TEST(ChatTemplate, FindsReasoningUnderItsUsualNames) {
  const ChatTemplate t("{% for m in messages %}{{ m.reasoning_content }}|{{ m.thinking }};{% endfor %}");
  const Json messages =
      Json::parse(R"([{"role": "assistant", "reasoning": "a"}, {"role": "assistant", "thinking": "b"},
                                        {"role": "assistant", "reasoning_content": "c"}, {"role": "user"}])");
  EXPECT_EQ(t.render(messages), "a|a;b|b;c|c;|;");
}

TEST(ChatTemplate, TakesTheTimeThatIsGiven) {
  const ChatTemplate t("{{ strftime_now('%d %b %Y %H:%M:%S %-d %j %A') }}");
  ChatOptions options;
  options.now = parse_time("2024-02-29T23:05:09Z");
  EXPECT_EQ(t.render(Json::array(), options), "29 Feb 2024 23:05:09 29 060 Thursday");
  EXPECT_EQ(parse_time("1970-01-02"), 86400);
  for (const char* bad :
       {"", "now", "2024-13-01", "2023-02-29", "2024-02-29T24:00:00", "2024-02-29T23:05", "2024-2-1"}) {
    EXPECT_THROW(parse_time(bad), Error) << bad;
  }
}

TEST(ChatTemplate, RefusesWhatIsNoConversation) {
  const ChatTemplate t("{{ messages }}");
  EXPECT_THROW(t.render(Json::object()), Error);
  EXPECT_THROW(t.render(Json::parse("[1]")), Error);
  EXPECT_THROW(t.render_context(Json::array()), Error);
}

}  // namespace
}  // namespace pith
