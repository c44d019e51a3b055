// Checkpoints as they are published: the text model within one of several senses, and with tensors that
// generating text does without.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "infer/reference.h"
#include "pith/error.h"
#include "temporary_folder.h"

namespace pith {
namespace {

using Json = nlohmann::json;

// A fixture's directory with its tensors named anew and more of them, and its config.json changed.
std::filesystem::path republished(const std::string& fixture, const std::filesystem::path& folder,
                                  const std::function<std::string(const std::string&)>& rename,
                                  const std::vector<std::string>& more,
                                  const std::function<Json(const Json&)>& config) {
  const std::filesystem::path source = test::transformers_model(fixture);
  std::ifstream config_file(source / "config.json");
  std::ofstream(folder / "config.json") << config(Json::parse(config_file));

  std::ifstream in(source / "model.safetensors", std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  std::uint64_t length;
  std::memcpy(&length, bytes.data(), sizeof length);
  const Json header = Json::parse(bytes.substr(8, length));
  std::string data = bytes.substr(8 + length);
  Json renamed;
  for (const auto& [name, tensor] : header.items()) {
    if (name != "__metadata__") renamed[rename(name)] = tensor;
  }
  for (const std::string& name : more) {
    renamed[name] = {{"dtype", "F32"}, {"shape", {1}}, {"data_offsets", {data.size(), data.size() + 4}}};
    data += std::string(4, '\0');
  }
  const std::string text = renamed.dump();
  length = text.size();
  std::ofstream out(folder / "model.safetensors", std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), sizeof length) << text << data;
  return folder;
}

std::string same(const std::string& name) { return name; }
Json unchanged(const Json& config) { return config; }

void expect_reference(const std::filesystem::path& model, const std::string& fixture) {
  const auto opened = open_model(model);
  for (const test::Reference& r : test::transformers_references(fixture))
    EXPECT_LT(test::nmse(test::all_logits(opened, r.tokens), r.logits), test::kBound);
}

TEST(PublishedCheckpoint, TextModelAmongOtherSenses) {
  const std::vector<std::string> others = {"model.vision_tower.patch_embedder.input_proj.weight",
                                           "model.audio_tower.layers.0.norm.weight",
                                           "model.embed_vision.embedding_projection.weight"};
  const auto within = [](const Json& config) {
    return Json{{"architectures", {"Gemma4ForConditionalGeneration"}}, {"text_config", config}};
  };
  const auto longer = [](const std::string& name) { return "model.language_model." + name.substr(6); };
  const test::TemporaryFolder folder;
  expect_reference(republished("gemma4", folder.path(), longer, others, within), "gemma4");
  // A text model has no such parts.
  EXPECT_THROW(open_model(republished("gemma4", folder.path(), same, others, unchanged)), Error);
}

TEST(PublishedCheckpoint, OlderPrefixOfTheTextModel) {
  const test::TemporaryFolder folder;
  const auto within = [](const Json& config) {
    return Json{{"architectures", {"Mistral3ForConditionalGeneration"}}, {"text_config", config}};
  };
  const auto longer = [](const std::string& name) { return "language_model." + name; };
  expect_reference(republished("ministral3", folder.path(), longer,
                               {"vision_tower.ln_pre.weight", "multi_modal_projector.norm.weight"}, within),
                   "ministral3");
}

TEST(PublishedCheckpoint, WithoutThePrefixAndWithMasks) {
  const test::TemporaryFolder folder;
  const auto shorter = [](const std::string& name) { return name.substr(std::strlen("transformer.")); };
  expect_reference(
      republished("gpt2", folder.path(), shorter, {"h.0.attn.bias", "h.0.attn.masked_bias"}, unchanged),
      "gpt2");
}

TEST(PublishedCheckpoint, LayersThatPredictFurtherTokens) {
  const test::TemporaryFolder folder;
  const auto one_further = [](Json config) {
    config["num_nextn_predict_layers"] = 1;
    return config;
  };
  expect_reference(republished("deepseek-v3", folder.path(), same,
                               {"model.layers.2.eh_proj.weight", "model.layers.2.self_attn.o_proj.weight",
                                "model.layers.0.self_attn.rotary_emb.inv_freq"},
                               one_further),
                   "deepseek-v3");
  expect_reference(republished("qwen3next", folder.path(), same,
                               {"mtp.fc.weight", "mtp.layers.0.mlp.gate.weight"}, unchanged),
                   "qwen3next");
  // What has no place still is an error.
  for (const char* stray : {"model.layers.1.eh_proj.weight", "model.layers.3.eh_proj.weight"})
    EXPECT_THROW(open_model(republished("deepseek-v3", folder.path(), same, {stray}, one_further)), Error);
}

}  // namespace
}  // namespace pith
