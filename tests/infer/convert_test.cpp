// Checkpoints converted to GGUF: every fixture, against the directory that it was made from and against its
// reference.
#include "model/convert.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "format/requantize.h"
#include "infer/reference.h"
#include "pith/error.h"
#include "temporary_folder.h"

namespace pith {
namespace {

namespace fs = std::filesystem;
using test::all_logits, test::nmse;

std::vector<std::string> fixtures() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(test::transformers_model(""))) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

fs::path convert(const std::string& fixture, const fs::path& folder) {
  const auto model = open_model(test::transformers_model(fixture), Purpose::Convert);
  const fs::path path = folder / (fixture + ".gguf");
  write_as_gguf(*model, model->file.metadata, path, [](std::size_t, std::size_t) {});
  return path;
}

// GGUF has the rotated elements of a head, or the value heads that a matrix reads, in another order: a sum is
// the same but for its rounding.
bool sums_are_reordered(const Model& model) {
  return (model.arch->gguf_permuted && model.arch->halves) || model.arch->tiled_heads;
}

class Converted : public testing::TestWithParam<std::string> {};

TEST_P(Converted, AnswersAsTheDirectory) {
  const std::string fixture = GetParam();
  const test::TemporaryFolder folder;
  const auto converted = open_model(convert(fixture, folder.path()));
  std::shared_ptr<const Model> source;
  try {
    source = open_model(test::transformers_model(fixture));
  } catch (const Error& e) {
    ASSERT_NE(std::string(e.what()).find("pith convert"), std::string::npos) << e.what();
    return;  // it cannot run: the next test compares it
  }
  for (const test::Reference& r : test::transformers_references(fixture)) {
    const auto actual = all_logits(converted, r.tokens), expected = all_logits(source, r.tokens);
    if (sums_are_reordered(*source)) {
      EXPECT_LT(nmse(actual, expected), test::bound_of(*source));
    } else {
      ASSERT_EQ(actual.size(), expected.size());
      EXPECT_EQ(0, std::memcmp(actual.data(), expected.data(), actual.size() * sizeof(float)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Converted, testing::ValuesIn(fixtures()),
                         [](const auto& row) { return test::identifier(row.param); });

// The blocks repacked, then every value of them as F32: nothing is rounded on the way. The level that rounds
// no inputs, as the router stays BF16.
TEST(ConvertedMxfp4, IsItsReference) {
  const std::string fixture = "gpt-oss-mxfp4";
  const test::TemporaryFolder folder;
  const fs::path packed = convert(fixture, folder.path()), floats = folder.path() / "f32.gguf";
  ASSERT_EQ(open_model(packed)->weights.layers[0].moe.experts[0].down.weight.type, DType::MXFP4);
  quantize_model(open_model_file(packed), floats, *find_quant_recipe("F32"), 1, {});
  const auto model = open_model(floats);
  for (const test::Reference& r : test::transformers_references(fixture))
    EXPECT_LT(nmse(all_logits(model, r.tokens, {.kernels = kernels_at("scalar")}), r.logits), test::kBound);
}

}  // namespace
}  // namespace pith
