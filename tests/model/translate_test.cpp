// What config.json may say wrongly, and how it is said. That right ones give the reference's logits is tested
// in infer/golden_test.cpp.
#include "model/translate.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pith/error.h"

namespace pith {
namespace {

using Json = nlohmann::json;

ModelFile translated(const std::string& fixture, const Json& changes) {
  HuggingFaceDir directory =
      open_huggingface(std::filesystem::path(PITH_SOURCE_DIR) / "tests/data/hf" / fixture);
  directory.config->merge_patch(changes);  // null takes a key away
  return from_huggingface(std::move(directory));
}

TEST(Translate, SettingsOfAnotherTypeAreSaid) {
  struct Row {
    const char *fixture, *changes, *error;
  };
  for (const Row& row : {
           Row{"llama", R"({"hidden_size": "64"})", "'hidden_size': expected an integer, found \"64\""},
           {"llama", R"({"hidden_size": 64.5})", "'hidden_size': expected an integer, found 64.5"},
           {"llama", R"({"hidden_size": [64]})", "'hidden_size': expected an integer, found array"},
           {"llama", R"({"vocab_size": 2147483648})", "'vocab_size': 2147483648 is out of range"},
           {"llama", R"({"vocab_size": -2147483649})", "'vocab_size': -2147483649 is out of range"},
           {"llama", R"({"vocab_size": 18446744073709551615})",
            "'vocab_size': 18446744073709551615 is out of"},
           {"llama", R"({"rms_norm_eps": true})", "'rms_norm_eps': expected a number, found true"},
           {"llama", R"({"tie_word_embeddings": 1})",
            "'tie_word_embeddings': expected true or false, found 1"},
           {"llama", R"({"rope_scaling": 3, "rope_parameters": null})", "'rope_scaling': expected an object"},
           {"llama", R"({"rope_parameters": {"rope_type": 3}})", "'rope_type': expected a text, found 3"},
           {"llama", R"({"rope_parameters": {"rope_type": "ntk"}})", "RoPE scaling 'ntk' is not supported"},
           {"llama", R"({"rope_parameters": {"rope_type": "yarn"}})", "RoPE scaling needs 'factor'"},
           {"llama", R"({"rope_parameters": {"partial_rotary_factor": 1.5}})", "expected 0 to 1, found 1.5"},
           {"llama", R"({"num_attention_heads": 0, "head_dim": null})", "heads must be at least 1, found 0"},
           {"llama", R"({"hidden_act": "tanh"})", "'hidden_act': activation 'tanh' is not the one of"},
           {"llama", R"({"architectures": ["NewForCausalLM"]})",
            "model class 'NewForCausalLM' is not supported"},
           {"llama", R"({"architectures": null, "model_type": null})", "neither 'architectures' nor"},
           {"smollm3", R"({"no_rope_layers": [1, true]})",
            "'no_rope_layers': expected an integer, found true"},
           {"phi3-longrope", R"({"rope_scaling": {"long_factor": []}})", "LongRoPE needs the list 'long_fa"},
           {"phi3-longrope", R"({"rope_scaling": {"long_factor": ["x"]}})", "'long_factor': expected a num"},
           {"gpt2", R"({"n_embd": 1000000000})", "times the width: 4000000000 is out of range"},
           {"lfm2", R"({"block_multiple_of": 0})", "'block_multiple_of': expected at least 1, found 0"},
           {"deepseek-v2", R"({"qk_rope_head_dim": null})", "'qk_rope_head_dim' is missing"},
           {"gemma4", R"({"per_layer_config": {"0": 3}})", "'per_layer_config': expected an object a layer"},
       }) {
    try {
      translated(row.fixture, Json::parse(row.changes));
      ADD_FAILURE() << row.fixture << " " << row.changes << ": expected an error";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(row.error), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find(row.fixture), std::string::npos) << e.what();
    }
  }
}

TEST(Translate, TheTypeNamesTheRowOfAnOlderFile) {
  const ModelFile file = translated("llama", {{"architectures", nullptr}, {"model_type", "llama"}});
  EXPECT_EQ(file.metadata.get<std::string_view>("general.architecture"), "llama");
}

TEST(Translate, WindowsAreSwitchedOff) {
  const auto window = [](const Json& changes) {
    return translated("mistral", changes).metadata.get_or<std::int32_t>("llama.attention.sliding_window", 0);
  };
  EXPECT_EQ(window({{"sliding_window", 9}}), 9);
  EXPECT_EQ(window({{"sliding_window", 9}, {"use_sliding_window", false}}), 0);
  EXPECT_EQ(window({{"sliding_window", nullptr}}), 0);
}

}  // namespace
}  // namespace pith
