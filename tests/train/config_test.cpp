// Settings of the lab's steps: what is missing, wrong or left over is named.
#include "train/config.h"

#include <gtest/gtest.h>

#include "pith/error.h"

namespace pith::lab {
namespace {

Config parse(std::string_view text) { return Config::parse(text, "x.json"); }

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(LabConfig, ReadsEveryKind) {
  const Config c = parse(R"({"a": 3, "b": 0.5, "c": "x", "d": true, "e": [1, 2], "f": [0.5], "g": ["y"],
                             "h": {"i": 1}, "j": [{"k": 1}, {"k": 2}], "note": "not read"})");
  EXPECT_EQ(c.integer("a", 0, 3), 3);
  EXPECT_EQ(c.number("b", 0, 1), 0.5);
  EXPECT_EQ(c.number("a", 0, 5), 3.0);
  EXPECT_EQ(c.text("c"), "x");
  EXPECT_TRUE(c.flag("d"));
  EXPECT_EQ(c.integers("e", 1, 2), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(c.numbers("f", 0, 1), std::vector<double>{0.5});
  EXPECT_EQ(c.texts("g"), std::vector<std::string>{"y"});
  EXPECT_EQ(c.object("h").integer("i", 0, 9), 1);
  for (const Config& j : c.objects("j")) EXPECT_GT(j.integer("k", 0, 9), 0);
  EXPECT_FALSE(c.has("optional"));
  c.finish();
}

TEST(LabConfig, NamesWhatIsMissingOrWrong) {
  const Config c = parse(R"({"a": 3, "b": "x", "h": {"i": -1}, "big": 18446744073709551615, "e": []})");
  EXPECT_EQ(error_of([&] { c.integer("z", 0, 1); }), "x.json: the key 'z' is missing");
  EXPECT_EQ(error_of([&] { c.integer("a", 0, 2); }), "x.json: a: expected an integer from 0 to 2, found 3");
  EXPECT_EQ(error_of([&] { c.number("b", 0, 1); }), "x.json: b: expected a number from 0 to 1, found \"x\"");
  EXPECT_EQ(error_of([&] { c.object("h").integer("i", 0, 1); }),
            "x.json: h.i: expected an integer from 0 to 1, found -1");
  EXPECT_NE(error_of([&] { c.integer("big", 0, INT64_MAX); }).find("found 18446744073709551615"),
            std::string::npos);
  EXPECT_NE(error_of([&] { c.integers("e", 0, 1); }).find("at least one element"), std::string::npos);
  EXPECT_NE(error_of([&] { parse("[]"); }).find("expected a JSON object"), std::string::npos);
  EXPECT_NE(error_of([&] { parse(R"({"a": 1, "a": 2})"); }).find("twice"), std::string::npos);
}

TEST(LabConfig, NamesWhatIsLeftOver) {
  const Config c = parse(R"({"layers": 3, "optimizer": {"lerning_rate": 1}})");
  c.integer("layers", 1, 9);
  EXPECT_FALSE(c.object("optimizer").has("learning_rate"));
  EXPECT_EQ(error_of([&] { c.finish(); }),
            "x.json: unknown key 'optimizer.lerning_rate'; did you mean 'optimizer.learning_rate'?");
}

}  // namespace
}  // namespace pith::lab
