// Quantising whole files: which tensors change, to what, and what the new file says about itself.
#include "format/requantize.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "base/error.h"
#include "format/gguf.h"
#include "format/gguf_writer.h"
#include "kernels/kernels.h"

namespace pith {
namespace {

namespace fs = std::filesystem;

struct Source {
  std::string name;
  std::vector<std::int64_t> shape;  // innermost first
};

class Requantize : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("pith-requantize-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path file(const std::string& name) const { return folder_ / name; }

  /// F32 tensors of sines, element i of tensor t is 0.1 sin(i + t).
  ModelFile make(const std::vector<Source>& sources, float last = 0.0f) {
    Metadata metadata;
    metadata.set("general.architecture", "llama");
    metadata.set("general.file_type", std::uint32_t{0});
    metadata.set("llama.block_count", std::uint32_t{8});
    std::vector<TensorPlan> plan;
    for (const Source& s : sources) {
      Tensor t;
      std::copy(s.shape.begin(), s.shape.end(), t.ne.begin());
      plan.push_back({s.name, t});
    }
    write_gguf(file("in.gguf"), metadata, plan, [&](std::size_t i, const ByteSink& sink) {
      std::vector<float> x(static_cast<std::size_t>(plan[i].tensor.elements()));
      for (std::size_t j = 0; j < x.size(); ++j) x[j] = 0.1f * std::sin(static_cast<float>(i + j));
      if (last != 0.0f) x.back() = last;
      sink(std::as_bytes(std::span(x)));
    });
    return open_gguf(file("in.gguf"));
  }

  ModelFile quantize(const ModelFile& in, const char* recipe, int threads = 2) {
    notes_.clear();
    QuantizeCallbacks callbacks;
    callbacks.note = [&](const std::string& line) { notes_.push_back(line); };
    callbacks.progress = [&](std::int64_t done, std::int64_t total) { done_ = done, total_ = total; };
    quantize_model(in, file("out.gguf"), *find_quant_recipe(recipe), threads, callbacks);
    return open_gguf(file("out.gguf"));
  }

  std::string bytes(const std::string& name) const {
    std::ifstream in(file(name), std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }

  fs::path folder_;
  std::vector<std::string> notes_;
  std::int64_t done_ = 0, total_ = -1;
};

std::string_view type_of(const ModelFile& m, std::string_view name) {
  const Tensor* t = m.tensors.find(name);
  return t ? type_info(t->type).name : "absent";
}

std::vector<float> decoded(const Tensor& t) {
  std::vector<float> x(static_cast<std::size_t>(t.elements()));
  kernels().decode[static_cast<std::size_t>(t.type)](x.data(), t.data, t.elements());
  return x;
}

TEST_F(Requantize, MatricesChangeAndTheRestIsCopied) {
  const ModelFile in = make({{"token_embd.weight", {256, 10}},
                             {"output_norm.weight", {256}},
                             {"blk.0.attn_q.weight", {256, 6}},
                             {"blk.0.attn_q.bias", {6}},
                             {"blk.0.attn_norm.weight", {256}},
                             {"blk.0.attn_q_norm.weight", {32, 2}},
                             {"blk.0.ffn_gate_inp.weight", {256, 4}},
                             {"blk.0.ffn_up_exps.weight", {256, 3, 4}},
                             {"blk.0.ssm_conv1d.weight", {4, 256}},
                             {"position_embd.weight", {256, 8}},
                             {"blk.0.ffn_down_exps.bias", {256, 4}}});
  const ModelFile out = quantize(in, "q4_k");
  for (const NamedTensor& t : in.tensors.all()) {
    const Tensor& now = *out.tensors.find(t.name);
    EXPECT_EQ(now.ne, t.tensor.ne) << t.name;
    const bool changes = t.name == "token_embd.weight" || t.name == "blk.0.attn_q.weight" ||
                         t.name == "blk.0.ffn_up_exps.weight";
    EXPECT_EQ(now.type, changes ? DType::Q4_K : DType::F32) << t.name;
    const std::vector<float> before = decoded(t.tensor), after = decoded(now);
    for (std::size_t i = 0; i < before.size(); ++i) {
      // A step of four bits over the range -0.1..0.1 is 0.0133; half of it, and the rounding of the scales.
      ASSERT_NEAR(before[i], after[i], changes ? 0.0133 / 2 * 1.2 : 0.0) << t.name << " " << i;
    }
  }
  EXPECT_TRUE(notes_.empty());
  EXPECT_EQ(done_, total_);
  EXPECT_EQ(out.metadata.get<std::string_view>("general.architecture"), "llama");
  EXPECT_EQ(out.metadata.get<std::uint32_t>("llama.block_count"), 8u);
  EXPECT_EQ(out.metadata.get<std::uint32_t>("general.file_type"), 14u);
  EXPECT_EQ(out.metadata.get<std::uint32_t>("general.quantization_version"), 2u);
}

TEST_F(Requantize, RowsThatDoNotFitGetSmallerBlocks) {
  const ModelFile in = make({{"blk.0.attn_q.weight", {96, 2}}, {"blk.0.attn_k.weight", {40, 2}}});
  const std::pair<const char*, std::string_view> expected[] = {{"Q2_K", "IQ4_NL"},   {"Q3_K", "IQ4_NL"},
                                                               {"IQ4_XS", "IQ4_NL"}, {"Q4_K", "Q5_0"},
                                                               {"Q5_K", "Q5_1"},     {"Q6_K", "Q8_0"}};
  for (const auto& [recipe, partner] : expected) {
    const ModelFile out = quantize(in, recipe);
    EXPECT_EQ(type_of(out, "blk.0.attn_q.weight"), partner) << recipe;
    EXPECT_EQ(type_of(out, "blk.0.attn_k.weight"), "F16") << recipe;
    ASSERT_EQ(notes_.size(), 2u);
    EXPECT_EQ(
        notes_[0],
        fmt::format("blk.0.attn_q.weight: rows of 96 are no multiple of {}'s block of 256; it becomes {}",
                    recipe, partner));
  }
  EXPECT_EQ(type_of(quantize(in, "Q4_0"), "blk.0.attn_k.weight"), "F16");
}

TEST_F(Requantize, MixesGiveMoreBitsToSomeLayers) {
  std::vector<Source> sources = {{"token_embd.weight", {256, 4}}, {"output.weight", {256, 4}}};
  for (int l = 0; l < 8; ++l) {
    for (const char* name : {"attn_v", "ffn_down", "attn_q"})
      sources.push_back({fmt::format("blk.{}.{}.weight", l, name), {256, 2}});
  }
  const ModelFile out = quantize(make(sources), "Q4_K_M");
  EXPECT_EQ(type_of(out, "output.weight"), "Q6_K");
  EXPECT_EQ(type_of(out, "token_embd.weight"), "Q4_K");
  for (int l = 0; l < 8; ++l) {
    // llama.cpp with 8 layers: 0, 7, and where (l - 1) mod 3 = 2.
    const std::string_view expected = l == 0 || l == 3 || l == 6 || l == 7 ? "Q6_K" : "Q4_K";
    EXPECT_EQ(type_of(out, fmt::format("blk.{}.attn_v.weight", l)), expected) << l;
    EXPECT_EQ(type_of(out, fmt::format("blk.{}.ffn_down.weight", l)), expected) << l;
    EXPECT_EQ(type_of(out, fmt::format("blk.{}.attn_q.weight", l)), "Q4_K") << l;
  }
  EXPECT_EQ(out.metadata.get<std::uint32_t>("general.file_type"), 15u);
  sources.erase(sources.begin() + 1);  // the embedding is the output
  EXPECT_EQ(type_of(quantize(make(sources), "Q4_K_M"), "token_embd.weight"), "Q6_K");
}

TEST_F(Requantize, ThreadsDoNotChangeTheBytes) {
  const ModelFile in = make({{"token_embd.weight", {512, 300}}, {"output.weight", {512, 40}}});
  quantize(in, "Q5_K", 1);
  const std::string one = bytes("out.gguf");
  quantize(in, "Q5_K", 3);
  EXPECT_EQ(bytes("out.gguf"), one);
}

TEST_F(Requantize, EveryRecipeIsReadBack) {
  const ModelFile in = make({{"blk.0.attn_q.weight", {256, 5}}});
  for (const QuantRecipe& recipe : quant_recipes()) {
    const ModelFile out = quantize(in, std::string(recipe.name).c_str());
    EXPECT_EQ(out.tensors.find("blk.0.attn_q.weight")->type, recipe.type) << recipe.name;
    EXPECT_EQ(out.metadata.get<std::uint32_t>("general.file_type"), recipe.file_type);
    for (const QuantRecipe& other : quant_recipes())
      EXPECT_EQ(&recipe == &other, recipe.file_type == other.file_type);
  }
  EXPECT_EQ(find_quant_recipe("Q9_X"), nullptr);
  EXPECT_EQ(find_quant_recipe("iq4_nl")->type, DType::IQ4_NL);
}

TEST_F(Requantize, QuantisingTwiceIsSaid) {
  quantize(make({{"blk.0.attn_q.weight", {256, 5}}}), "Q8_0");
  fs::rename(file("out.gguf"), file("q8.gguf"));
  const ModelFile in = open_gguf(file("q8.gguf"));
  quantize(in, "Q4_0");
  ASSERT_EQ(notes_.size(), 1u);
  EXPECT_EQ(notes_[0], "blk.0.attn_q.weight: is Q8_0 already; the errors of both types add up");
  quantize(in, "Q8_0");
  EXPECT_TRUE(notes_.empty());
}

TEST_F(Requantize, WeightsThatAreNotFiniteAreAnErrorAndLeaveNoFile) {
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const ModelFile in = make({{"blk.0.attn_q.weight", {256, 5}}}, bad);
    try {
      quantize(in, "Q4_K");
      FAIL();
    } catch (const Error& e) {
      EXPECT_NE(std::string_view(e.what()).find("'blk.0.attn_q.weight' row 4: NaN or infinity"),
                std::string_view::npos)
          << e.what();
    }
    EXPECT_FALSE(fs::exists(file("out.gguf")));
  }
}

}  // namespace
}  // namespace pith
