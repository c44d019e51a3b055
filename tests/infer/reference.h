// Models with known logits, and how far a computation may be from them.
#pragma once

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "format/safetensors.h"
#include "infer/engine.h"
#include "shared_data.h"

namespace pith::test {

/// Normalised mean squared error: sum (a - b)^2 / sum b^2.
inline double nmse(std::span<const float> actual, std::span<const float> expected) {
  EXPECT_EQ(actual.size(), expected.size());
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += std::pow(static_cast<double>(actual[i]) - expected[i], 2);
    norm += std::pow(static_cast<double>(expected[i]), 2);
  }
  return error / norm;
}

/// F32 arithmetic over a few thousand operations is off by about 1e-7 of the norm in each of them, so by less
/// than 1e-12 squared in all; 1e-10 leaves room for a factor of ten in amplitude. A wrong mechanism is above
/// 1e-4 (mutants_test.cpp).
inline constexpr double kBound = 1e-10;

/// Where the processor multiplies bfloat16 pairs, inputs of BF16 matrices are rounded to 8 bits: each is off
/// by up to 2^-9 of itself, 2^-9 / sqrt(3) in the mean, so a product's error is (2^-9 / sqrt 3)^2 = 1.3e-6 of
/// its norm squared, and the 15 products of two layers and the head add up to 2e-5; four times that is the
/// bound.
inline double bound_of(const Model& model) {
  const bool rounds = kernels().matmul[static_cast<int>(DType::BF16)].input == InputKind::BF16;
  return rounds && model.weights.layers[0].attention.q.weight.type == DType::BF16 ? 8e-5 : kBound;
}

/// Logits of every token [tokens][V], in one step with an F32 cache.
inline std::vector<float> all_logits(std::shared_ptr<const Model> model, std::span<const std::int32_t> tokens,
                                     EngineOptions options = {}, ExpertObserver* observer = nullptr) {
  const std::int64_t n = std::ssize(tokens);
  options.threads = 2;
  options.context = options.step_tokens = options.logit_rows = n;
  options.kv = {DType::F32, DType::F32};
  Engine engine(std::move(model), options);
  engine.observe(observer);
  Sequence sequence = engine.new_sequence();
  const Chunk chunk{&sequence, tokens, WantLogits::All};
  const auto logits = engine.step({&chunk, 1});
  return {logits.begin(), logits.end()};
}

/// A prompt and what a reference says follows each of its tokens: [tokens][V].
struct Reference {
  std::vector<std::int32_t> tokens;
  std::vector<float> logits;
};

/// The models that llama.cpp computed (../shared/data/archs).
inline std::filesystem::path llamacpp_model(const std::string& name) {
  return shared_data() / "archs" / (name + ".gguf");
}

inline Reference llamacpp_reference(const std::string& name) {
  const std::filesystem::path dir = shared_data() / "archs";
  Reference r;
  std::ifstream ids(dir / "tokens.txt");
  for (std::int32_t t; ids >> t;) r.tokens.push_back(t);
  std::ifstream file(dir / (name + ".f32"), std::ios::binary);
  r.logits.resize(std::filesystem::file_size(dir / (name + ".f32")) / sizeof(float));
  file.read(reinterpret_cast<char*>(r.logits.data()),
            static_cast<std::streamsize>(r.logits.size() * sizeof(float)));
  return r;
}

/// The models that Hugging Face transformers computed (tests/data/hf), every prompt.
inline std::filesystem::path transformers_model(const std::string& name) {
  return std::filesystem::path(PITH_SOURCE_DIR) / "tests/data/hf" / name;
}

inline std::vector<Reference> transformers_references(const std::string& name) {
  const auto file = MappedFile::open(transformers_model(name) / "logits.safetensors");
  TensorTable table;
  parse_safetensors(file->bytes(), file->path(), table);
  std::vector<Reference> references;
  for (int i = 0; const Tensor* prompt = table.find("prompt_" + std::to_string(i)); ++i) {
    Reference& r = references.emplace_back();
    for (std::int64_t t = 0; t < prompt->elements(); ++t) {
      std::int64_t id;
      std::memcpy(&id, prompt->data + t * 8, 8);
      r.tokens.push_back(static_cast<std::int32_t>(id));
    }
    const Tensor* expected = table.find("logits_" + std::to_string(i));
    if (!expected) throw std::runtime_error(name + ": a prompt without logits");
    r.logits.resize(static_cast<std::size_t>(expected->elements()));
    std::memcpy(r.logits.data(), expected->data, r.logits.size() * sizeof(float));
  }
  return references;
}

/// What a parameter is called within a test's name.
inline std::string identifier(std::string text) {
  for (char& c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return text;
}

}  // namespace pith::test
