// The language piece by piece: what Python's jinja2 gives for each template of
// tests/data/templates/language.json.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "text/chat_template.h"
#include "text/jinja.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

TEST(JinjaLanguage, IsThatOfPython) {
  std::ifstream file(PITH_SOURCE_DIR "/tests/data/templates/language.json");
  const Json fixture = Json::parse(file);
  ASSERT_GT(fixture["cases"].size(), 150u);
  for (const Json& c : fixture["cases"]) {
    const std::string source = c["template"];
    const bool fails = c.contains("error");
    try {
      const std::string text =
          ChatTemplate(source).render_context(fixture["context"], parse_time("2025-07-10T12:00:00Z"));
      EXPECT_FALSE(fails) << source << "\nPython raises " << c["error"] << ", pith renders\n" << text;
      if (!fails) {
        EXPECT_EQ(text, c["text"]) << source;
      }
    } catch (const jinja::TemplateError& error) {
      EXPECT_TRUE(fails) << source << "\n" << error.what();
    }
  }
}

}  // namespace
}  // namespace pith
