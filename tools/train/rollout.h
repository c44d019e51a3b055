// Answers of a model in training, drawn by the engine: the parameters become a model file, its scheduler
// generates from it.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "train/net/shape.h"

namespace pith::lab {

struct Rollout {
  std::vector<std::int32_t> prompt, answer;  ///< with the token that ended the answer, where one did
  std::string text;                          ///< of the answer
  bool ended = false;                        ///< by the model, not by the limit
};

struct SamplingSettings {
  std::filesystem::path tokenizer;
  double temperature;
  std::int64_t max_tokens;
  std::uint64_t seed;  ///< answer i draws with seed + i
};

/// One answer to each prompt, in order, from the model's whole distribution. `file` is written and removed.
std::vector<Rollout> sample(const Shape& shape, std::span<const float> parameters,
                            std::span<const std::vector<std::int32_t>> prompts,
                            const std::filesystem::path& file, const SamplingSettings& settings, int threads);

}  // namespace pith::lab
