#include "format/huggingface.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/half.h"
#include "format/safetensors.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith {
namespace {

using nlohmann::json;
using test::shared_data;
using test::TemporaryFolder;

// One safetensors file of F32 vectors {name, values}.
std::string safetensors(const std::vector<std::pair<std::string, std::vector<float>>>& vectors) {
  json header = json::object();
  std::string data;
  for (const auto& [name, values] : vectors) {
    const std::size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    header[name] = {{"dtype", "F32"}, {"shape", {values.size()}}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text + data;
}

std::string error_of(const std::filesystem::path& dir) {
  try {
    open_huggingface(dir);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(HuggingFace, ReadsTheTinyModels) {
  PITH_NEED_SHARED();
  for (const char* name : {"tiny_llama3", "tiny_mistral", "tiny_qwen3", "tiny_gemma3"}) {
    const HuggingFaceDir dir = open_huggingface(shared_data() / "weights/hf_tiny" / name);
    EXPECT_EQ(dir.config->at("num_hidden_layers"), 2) << name;
    EXPECT_EQ(dir.generation_config, nullptr) << name;
    const Tensor* embedding = dir.tensors.find("model.embed_tokens.weight");
    ASSERT_TRUE(embedding) << name;
    EXPECT_EQ(embedding->type, DType::BF16) << name;
    EXPECT_EQ(shape_string(*embedding), "64 x 256") << name;
  }
}

TEST(HuggingFace, DimensionsAreInnermostFirstAndValuesInPlace) {
  PITH_NEED_SHARED();
  const HuggingFaceDir dir = open_huggingface(shared_data() / "weights/hf_tiny/tiny_llama3");
  const Tensor* down = dir.tensors.find("model.layers.0.mlp.down_proj.weight");
  ASSERT_TRUE(down);
  EXPECT_EQ(down->cols(), 128);
  EXPECT_EQ(down->rows(), 64);
  // A trained or random BF16 weight is small; a wrong offset shows as wild exponents.
  for (std::int64_t i = 0; i < down->elements(); ++i) {
    std::uint16_t bits;
    std::memcpy(&bits, down->data + 2 * i, 2);
    ASSERT_LT(std::abs(bf16_to_float(bits)), 4.0f) << i;
  }
}

TEST(HuggingFace, ReadsShardsByTheirIndex) {
  const TemporaryFolder folder;
  folder.write("config.json", R"({"model_type": "x"})");
  folder.write("generation_config.json", R"({"eos_token_id": 2})");
  folder.write("a.safetensors", safetensors({{"first", {1, 2}}, {"third", {3}}}));
  folder.write("b.safetensors", safetensors({{"second", {4}}}));
  folder.write(
      "model.safetensors.index.json",
      R"({"weight_map": {"first": "a.safetensors", "second": "b.safetensors", "third": "a.safetensors"}})");
  const HuggingFaceDir dir = open_huggingface(folder.path());
  EXPECT_EQ(dir.files.size(), 2u);
  EXPECT_EQ(dir.tensors.all().size(), 3u);
  EXPECT_EQ(dir.generation_config->at("eos_token_id"), 2);
  float value = 0;
  std::memcpy(&value, dir.tensors.find("second")->data, sizeof value);
  EXPECT_EQ(value, 4.0f);
}

TEST(HuggingFace, SaysWhatADirectoryLacks) {
  const TemporaryFolder folder;
  EXPECT_NE(error_of(folder / "absent").find("no such directory"), std::string::npos);
  EXPECT_NE(error_of(folder.path()).find("it has no config.json"), std::string::npos);
  folder.write("config.json", "{}");
  EXPECT_NE(error_of(folder.path()).find("found neither"), std::string::npos);
  EXPECT_NE(error_of(folder / "config.json").find("expected a directory"), std::string::npos);
  folder.write("pytorch_model.bin", "PK");
  EXPECT_NE(error_of(folder.path()).find("found only pytorch_model.bin"), std::string::npos);
}

TEST(HuggingFace, ConfigurationMustBeAnObject) {
  const TemporaryFolder folder;
  folder.write("config.json", "[1]");
  EXPECT_NE(error_of(folder.path()).find("config.json: expected a JSON object, found array"),
            std::string::npos);
  folder.write("config.json", "{\n  \"a\": }");
  EXPECT_NE(error_of(folder.path()).find("config.json: line 2, column 8: invalid JSON"), std::string::npos)
      << error_of(folder.path());
}

TEST(HuggingFace, AnIndexIsCheckedAgainstItsShards) {
  struct Row {
    const char* index;
    const char* expected;
  };
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  folder.write("a.safetensors", safetensors({{"w", {1}}, {"v", {2}}}));
  for (const Row& row : {
           Row{R"({})", "expected an object 'weight_map'"},
           Row{R"({"weight_map": {}})", "expected an object 'weight_map'"},
           Row{R"({"weight_map": {"w": 1}})", "expected the name of a .safetensors file"},
           Row{R"({"weight_map": {"w": "../a.safetensors"}})", "expected the name of a .safetensors file"},
           Row{R"({"weight_map": {"w": "/etc/passwd"}})", "expected the name of a .safetensors file"},
           Row{R"({"weight_map": {"w": "a\u0000.safetensors"}})", "expected the name of a .safetensors file"},
           Row{R"({"weight_map": {"w": "gone.safetensors"}})", "gone.safetensors: No such file"},
           Row{R"({"weight_map": {"w": "a.safetensors", "x": "a.safetensors"}})", "which does not hold it"},
           Row{R"({"weight_map": {"w": "a.safetensors"}})", "expected 1 tensors by the index, found 2"},
       }) {
    folder.write("model.safetensors.index.json", row.index);
    EXPECT_NE(error_of(folder.path()).find(row.expected), std::string::npos)
        << row.index << " gave: " << error_of(folder.path());
  }
}

}  // namespace
}  // namespace pith
