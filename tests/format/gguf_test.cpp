#include "format/gguf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "shared_data.h"

namespace pith {
namespace {

using test::shared_data;

TEST(Gguf, ReadsVersionOne) {
  PITH_NEED_SHARED();
  const ModelFile model = open_gguf(shared_data() / "weights/stories260K/stories260K-f32.gguf");
  EXPECT_EQ(model.metadata.get<std::string_view>("general.architecture"), "llama");
  EXPECT_EQ(model.metadata.get<std::uint32_t>("llama.context_length"), 512u);
  EXPECT_EQ(model.tensors.all().size(), 48u);
  const Tensor* embedding = model.tensors.find("token_embd.weight");
  ASSERT_TRUE(embedding);
  EXPECT_EQ(embedding->type, DType::F32);
  EXPECT_EQ(shape_string(*embedding), "64 x 512");
}

// Two containers of the same trained model, made by different programs: the values must be equal.
TEST(Gguf, VersionsOneAndThreeHoldTheSameWeights) {
  PITH_NEED_SHARED();
  const ModelFile v1 = open_gguf(shared_data() / "weights/stories260K/stories260K-f32.gguf");
  const ModelFile v3 = open_gguf(shared_data() / "weights/stories260K/stories260Ktok512-llamacpp.gguf");
  EXPECT_EQ(v3.metadata.get<std::uint32_t>("llama.context_length"), 128u);
  for (const char* name : {"token_embd.weight", "blk.3.ffn_up.weight", "output_norm.weight"}) {
    const Tensor *a = v1.tensors.find(name), *b = v3.tensors.find(name);
    ASSERT_TRUE(a && b) << name;
    EXPECT_EQ(a->ne, b->ne) << name;
    EXPECT_EQ(std::memcmp(a->data, b->data, static_cast<std::size_t>(a->bytes())), 0) << name;
  }
}

TEST(Gguf, ReadsEveryArchitecture) {
  PITH_NEED_SHARED();
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(shared_data() / "archs")) {
    if (entry.path().extension() != ".gguf") continue;
    const ModelFile model = open_gguf(entry.path());
    EXPECT_GT(model.tensors.all().size(), 10u) << entry.path();
    EXPECT_TRUE(model.metadata.has("general.architecture")) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 29);
}

TEST(Gguf, ReadsAFileThatHoldsOnlyAVocabulary) {
  PITH_NEED_SHARED();
  const ModelFile model = open_gguf(shared_data() / "tokenizers/llama-spm/ggml-vocab-llama-spm.gguf");
  EXPECT_TRUE(model.tensors.all().empty());
  const auto tokens = model.metadata.get<std::vector<std::string_view>>("tokenizer.ggml.tokens");
  ASSERT_EQ(tokens.size(), 32000u);
  EXPECT_EQ(tokens[1], "<s>");
  EXPECT_EQ(model.metadata.get<std::vector<float>>("tokenizer.ggml.scores").size(), tokens.size());
}

TEST(Gguf, RecognisesItsMagic) {
  PITH_NEED_SHARED();
  EXPECT_TRUE(is_gguf(shared_data() / "archs/llama-dense.gguf"));
  EXPECT_FALSE(is_gguf(shared_data() / "weights/hf_tiny/tiny_llama3/config.json"));
  EXPECT_THROW(is_gguf(shared_data() / "no such file"), Error);
}

}  // namespace
}  // namespace pith
