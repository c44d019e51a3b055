#include "base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace pith {
namespace {

std::string error_of(std::string_view text, DuplicateKeys duplicates = DuplicateKeys::KeepLast) {
  try {
    parse_json(text, "f.json", duplicates);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

std::string repeat(std::string_view text, int times) {
  std::string out;
  while (times-- > 0) out += text;
  return out;
}

TEST(Json, Parses) {
  EXPECT_EQ(parse_json(R"( {"a": [1, -2.5, "x\u00e9", null]} )", "f").dump(), R"({"a":[1,-2.5,"xé",null]})");
}

TEST(Json, ErrorsNameLineColumnAndReason) {
  struct Row {
    std::string_view text;
    std::string_view expected;
  };
  for (const Row& row : {
           Row{"", "f.json: column 1: invalid JSON"},
           Row{"{\n \"a\": tru\n}", "f.json: line 2, column 10: invalid JSON"},
           Row{"[1] x", "f.json: column 5: invalid JSON"},
           Row{"[1,]", "f.json: column 4: invalid JSON"},
           Row{"\"\xff\"", "f.json: column 2: invalid JSON"},
           Row{"\"a\x1b\"", "f.json: column 3: invalid JSON"},
           Row{"\"\\ud800\"", "f.json: column 8: invalid JSON"},
           Row{"[1e999]", "f.json: invalid JSON: number overflow"},
           Row{"[", "f.json: column 2: invalid JSON"},
           Row{"]", "f.json: column 1: invalid JSON"},
       }) {
    const std::string found = error_of(row.text);
    EXPECT_TRUE(found.starts_with(row.expected)) << found;
    EXPECT_EQ(found.find_first_of("\n\x1b"), std::string::npos) << found;
    EXPECT_EQ(found.find("json.exception"), std::string::npos) << found;
  }
}

TEST(Json, DepthIsBounded) {
  EXPECT_NO_THROW(parse_json(repeat("[", 200) + repeat("]", 200), "f"));
  EXPECT_EQ(error_of(repeat("[", 201) + repeat("]", 201)),
            "f.json: column 201: JSON nested deeper than 200 levels");
  EXPECT_NE(error_of(repeat("{\"a\":", 1'000'000)).find("nested deeper"), std::string::npos);
  EXPECT_NO_THROW(parse_json("\"" + repeat("[", 500) + "\"", "f"));      // inside a string it is text
  EXPECT_NO_THROW(parse_json("\"\\\"" + repeat("[", 500) + "\"", "f"));  // also behind an escaped quote
  EXPECT_NO_THROW(parse_json("[" + repeat("[],", 500) + "[]]", "f"));    // many, but not deep
}

TEST(Json, DuplicateKeys) {
  EXPECT_EQ(parse_json(R"({"a": 1, "a": 2})", "f")["a"], 2);
  EXPECT_EQ(error_of(R"({"a": 1, "a": 2})", DuplicateKeys::Reject),
            "f.json: JSON key 'a' occurs twice in one object");
  EXPECT_EQ(error_of(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})", DuplicateKeys::Reject), "no error");
  EXPECT_NE(error_of(R"({"b": {"a": 1, "\u0061": 2}})", DuplicateKeys::Reject), "no error");
}

}  // namespace
}  // namespace pith
