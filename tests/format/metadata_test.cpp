#include "format/metadata.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace pith {
namespace {

template <class T>
std::string error_of(const Metadata& metadata, std::string_view key) {
  try {
    (void)metadata.get<T>(key);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Metadata, GivesBackWhatWasSet) {
  Metadata m("m.gguf");
  m.set("bool", true);
  m.set("i32", std::int32_t{-5});
  m.set("u64", std::uint64_t{1} << 63);
  m.set("f32", 0.5f);
  m.set("text", "caf\xc3\xa9");
  m.set("texts", std::vector<std::string_view>{"a", "", "c"});
  m.set("bools", std::vector<bool>{true, false});
  m.set("floats", std::vector<float>{1, -2});
  EXPECT_EQ(m.get<bool>("bool"), true);
  EXPECT_EQ(m.get<std::int32_t>("i32"), -5);
  EXPECT_EQ(m.get<std::uint64_t>("u64"), std::uint64_t{1} << 63);
  EXPECT_EQ(m.get<float>("f32"), 0.5f);
  EXPECT_EQ(m.get<std::string_view>("text"), "caf\xc3\xa9");
  EXPECT_EQ(m.get<std::vector<std::string_view>>("texts"), (std::vector<std::string_view>{"a", "", "c"}));
  EXPECT_EQ(m.get<std::vector<bool>>("bools"), (std::vector<bool>{true, false}));
  EXPECT_EQ(m.get<std::vector<float>>("floats"), (std::vector<float>{1, -2}));
  EXPECT_EQ(m.entries().size(), 8u);
  EXPECT_EQ(m.entries()[3].key, "f32");
}

TEST(Metadata, SetReplacesAndKeepsTheOrder) {
  Metadata m;
  m.set("a", 1.0f);
  m.set("b", 2.0f);
  m.set("a", "text");
  EXPECT_EQ(m.entries().size(), 2u);
  EXPECT_EQ(m.entries()[0].key, "a");
  EXPECT_EQ(m.get<std::string_view>("a"), "text");
}

TEST(Metadata, IntegersConvertWhenTheValueFits) {
  Metadata m("m.gguf");
  m.set("small", std::uint32_t{7});
  m.set("large", std::uint64_t{1} << 40);
  m.set("negative", std::int32_t{-1});
  EXPECT_EQ(m.get<std::int32_t>("small"), 7);
  EXPECT_EQ(m.get<std::uint64_t>("small"), 7u);
  EXPECT_EQ(m.get<double>("small"), 7.0);
  EXPECT_EQ(m.get<std::int64_t>("negative"), -1);
  EXPECT_EQ(error_of<std::int32_t>(m, "large"),
            "m.gguf: metadata key 'large': expected i32, found u64 1099511627776");
  EXPECT_EQ(error_of<std::uint32_t>(m, "negative"),
            "m.gguf: metadata key 'negative': expected u32, found i32 -1");
}

TEST(Metadata, KindsDoNotConvert) {
  Metadata m("m.gguf");
  m.set("f", 1.0f);
  m.set("b", true);
  m.set("s", "1\x1b[2J");
  m.set("v", std::vector<std::uint32_t>{1});
  EXPECT_EQ(error_of<std::uint32_t>(m, "f"), "m.gguf: metadata key 'f': expected u32, found f32 1");
  EXPECT_EQ(error_of<bool>(m, "f"), "m.gguf: metadata key 'f': expected bool, found f32 1");
  EXPECT_EQ(error_of<std::uint32_t>(m, "b"), "m.gguf: metadata key 'b': expected u32, found bool true");
  EXPECT_EQ(error_of<std::uint32_t>(m, "s"),
            "m.gguf: metadata key 's': expected u32, found string \"1\\x1b[2J\"");
  EXPECT_EQ(error_of<std::uint32_t>(m, "v"), "m.gguf: metadata key 'v': expected u32, found array of 1 u32");
  EXPECT_EQ(error_of<std::vector<float>>(m, "f"),
            "m.gguf: metadata key 'f': expected array of f32, found f32 1");
  EXPECT_EQ(error_of<std::vector<std::string_view>>(m, "v"),
            "m.gguf: metadata key 'v': expected array of string, found array of 1 u32");
}

TEST(Metadata, AnElementThatDoesNotFitIsNamed) {
  Metadata m("m.gguf");
  m.set("v", std::vector<std::int64_t>{1, 2, -3});
  EXPECT_EQ(
      error_of<std::vector<std::uint32_t>>(m, "v"),
      "m.gguf: metadata key 'v': expected array of u32, found array of 3 i64, of which element 2 is i64 -3");
}

TEST(Metadata, DoublesBecomeFloatsOnlyWithinTheirRange) {
  Metadata m("m.gguf");
  m.set("large", 1e300);
  m.set("third", 1.0 / 3);
  m.set("infinite", std::numeric_limits<double>::infinity());
  EXPECT_EQ(m.get<float>("third"), static_cast<float>(1.0 / 3));
  EXPECT_TRUE(std::isinf(m.get<float>("infinite")));  // whoever uses a number decides about those
  EXPECT_EQ(error_of<float>(m, "large"), "m.gguf: metadata key 'large': expected f32, found f64 1e+300");
}

TEST(Metadata, AbsentKeys) {
  const Metadata m("m.gguf");
  EXPECT_EQ(m.find<float>("x"), std::nullopt);
  EXPECT_EQ(m.get_or("x", 2.5f), 2.5f);
  EXPECT_EQ(m.find_raw("x"), nullptr);
  EXPECT_EQ(error_of<float>(m, "x"), "m.gguf: metadata key 'x' is missing (expected f32)");
}

TEST(Metadata, PerLayerIsOneForAllOrOneEach) {
  Metadata m("m.gguf");
  m.set("scalar", std::uint32_t{4});
  m.set("array", std::vector<std::int32_t>{1, 2, 3});
  EXPECT_EQ(m.find_per_layer<std::uint32_t>("scalar", 3), (std::vector<std::uint32_t>{4, 4, 4}));
  EXPECT_EQ(m.find_per_layer<std::uint32_t>("array", 3), (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(m.find_per_layer<std::uint32_t>("absent", 3), std::nullopt);
  EXPECT_THROW(m.find_per_layer<std::uint32_t>("array", 2), Error);
  EXPECT_THROW(m.find_per_layer<std::uint32_t>("array", 4), Error);
}

TEST(Metadata, AddRawRefusesADuplicate) {
  Metadata m("m.gguf");
  m.set("k", true);
  EXPECT_THROW(m.add_raw("k", *m.find_raw("k")), Error);
}

TEST(Metadata, SurvivesBeingMoved) {
  Metadata m("m.gguf");
  m.set("k", "v");  // short strings live inside their objects
  const Metadata moved = std::move(m);
  EXPECT_EQ(moved.get<std::string_view>("k"), "v");
}

}  // namespace
}  // namespace pith
