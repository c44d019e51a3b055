// Models with random weights: they run, whatever the shape and the type.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/run_pith.h"
#include "format/quant_recipe.h"
#include "model/shapes.h"
#include "temporary_folder.h"

namespace pith::test {
namespace {

// Sizes that keep what is structural about a shape and make it small; rows of 256 take every type.
const std::vector<std::string> kSmall = {"--layers", "2",          "--width", "256",        "--heads",
                                         "4",        "--kv-heads", "2",       "--head-dim", "64",
                                         "--ffn",    "256",        "--vocab", "600"};

Outcome synth(std::string_view shape, std::string_view type, const std::filesystem::path& out,
              const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"synth", std::string(shape), std::string(type), out.string()};
  arguments.insert(arguments.end(), kSmall.begin(), kSmall.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_pith(arguments);
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Eight answer tokens of random weights: text, and no bad logits (the sampler refuses those).
void expect_answer(const std::filesystem::path& model) {
  const Outcome o = run_pith({"run", "-m", model.string(), "--raw", "-n", "8", "bado Buzo, 7\n"});
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_FALSE(o.out.empty());
}

TEST(Synth, EveryShapeRuns) {
  const TemporaryFolder folder;
  for (const Shape& shape : shapes()) {
    SCOPED_TRACE(shape.name);
    const Outcome o = synth(shape.name, "Q4_0", folder / "m.gguf");
    ASSERT_EQ(o.code, 0) << o.err;
    expect_answer(folder / "m.gguf");
  }
}

TEST(Synth, EveryTypeRuns) {
  const TemporaryFolder folder;
  for (const QuantRecipe& recipe : quant_recipes()) {
    SCOPED_TRACE(recipe.name);
    const Outcome o = synth(shapes().front().name, recipe.name, folder / "m.gguf");
    ASSERT_EQ(o.code, 0) << o.err;
    expect_answer(folder / "m.gguf");
  }
}

TEST(Synth, TheSeedDecidesTheBytes) {
  const TemporaryFolder folder;
  const std::string_view shape = shapes().front().name;
  for (const char* name : {"a", "b"}) ASSERT_EQ(synth(shape, "Q6_K", folder / name).code, 0);
  ASSERT_EQ(synth(shape, "Q6_K", folder / "c", {"--seed", "1"}).code, 0);
  EXPECT_TRUE(read(folder / "a") == read(folder / "b"));
  EXPECT_FALSE(read(folder / "a") == read(folder / "c"));
}

// The vocabulary has a token for what it writes, and bytes for the rest.
TEST(Synth, AnyTextCanBeRead) {
  const TemporaryFolder folder;
  const std::string model = (folder / "m.gguf").string();
  ASSERT_EQ(synth(shapes().front().name, "F16", model).code, 0);
  const std::string text = "bado ~ \xc3\xa9\n\xe2\x82\xac";
  const Outcome ids = run_pith({"tokenize", "-m", model, text});
  EXPECT_EQ(run_pith({"tokenize", "-m", model, "--decode", ids.out}).out, text + "\n") << ids.out;
  EXPECT_EQ(run_pith({"tokenize", "-m", model, "--pieces", " ba"}).out.find("\xe2\x96\x81"),
            run_pith({"tokenize", "-m", model, "--pieces", " ba"}).out.find('\t') + 1);
}

TEST(Synth, SaysWhereRowsDoNotFitTheType) {
  const TemporaryFolder folder;
  const std::string_view shape = shapes().front().name;
  EXPECT_EQ(synth(shape, "Q4_K", folder / "m.gguf").err, "");
  const Outcome o = synth(shape, "Q4_K", folder / "m.gguf", {"--ffn", "96", "--json"});
  EXPECT_NE(o.err.find("ffn_down.weight: rows of 96 are no multiple of Q4_K's block of 256; it becomes Q5_0 "
                       "(and so on, 2 notes in all: --json lists them)\n"),
            std::string::npos)
      << o.err;
  EXPECT_EQ(nlohmann::json::parse(o.out)["notes"].size(), 2u) << o.out;
  EXPECT_EQ(synth(shape, "Q4_K", "/dev/null").code, 0);
}

TEST(Synth, SizesThatNoModelHas) {
  const TemporaryFolder folder;
  const std::string_view shape = shapes().front().name;
  const auto expect = [&](std::vector<std::string> more, int code, const std::string& text) {
    const Outcome o = synth(shape, "F16", folder / "m.gguf", more);
    EXPECT_EQ(o.code, code);
    EXPECT_NE(o.err.find(text), std::string::npos) << o.err;
    EXPECT_EQ(o.err.find('\n'), o.err.size() - 1) << o.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "m.gguf"));
  };
  expect({"--kv-heads", "3"}, 2, "4 and 3");
  expect({"--layers", "0"}, 2, "layers: expected 1 to 4096, found 0");
  expect({"--vocab", "100"}, 2, "vocabulary");
  expect({"--experts", "4", "--active", "5"}, 2, "active experts: expected 1 to 4");
  expect({"--width", "1048576", "--ffn", "1048576", "--layers", "4096"}, 1, "the disk has");
  EXPECT_NE(synth("none", "F16", folder / "m.gguf").err.find(shape), std::string::npos);
  EXPECT_NE(synth(shape, "Q9", folder / "m.gguf").err.find("Q4_K_M"), std::string::npos);
}

}  // namespace
}  // namespace pith::test
