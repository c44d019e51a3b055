#include "generate/reward.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace pith {
namespace {

constexpr int kTogether = 16;  // short texts in one step

EngineOptions with_reward(EngineOptions options) {
  options.reward = true;
  options.sequences = kTogether;
  return options;
}

}  // namespace

RewardScorer::RewardScorer(std::shared_ptr<const Model> model, EngineOptions options)
    : engine_(std::move(model), with_reward(std::move(options))) {}

std::vector<float> RewardScorer::score(std::span<const std::vector<TokenId>> texts) {
  std::vector<float> rewards;
  const auto outputs = static_cast<std::size_t>(engine_.outputs());
  while (!texts.empty()) {
    // As many as fit into a step; one that does not is read in several.
    std::int64_t tokens = 0;
    std::size_t count = 0;
    while (count < std::min<std::size_t>(texts.size(), kTogether)) {
      tokens += std::ssize(texts[count]);
      if (count > 0 && tokens > engine_.options().step_tokens) break;
      ++count;
    }
    std::vector<Sequence> sequences;
    std::vector<Chunk> chunks;
    for (std::size_t i = 0; i < count; ++i) sequences.push_back(engine_.new_sequence());
    for (std::size_t i = 0; i < count; ++i) {
      if (texts[i].empty()) fail("a text without tokens has no reward");
      chunks.push_back({&sequences[i], texts[i], WantLogits::Last});
    }
    const std::span<const float> scores =
        count == 1 ? engine_.prefill(sequences[0], texts[0]) : engine_.step(chunks);
    for (std::size_t i = 0; i < count; ++i)
      rewards.push_back(reward_of(scores.subspan(i * outputs, outputs)));
    texts = texts.subspan(count);
  }
  return rewards;
}

float RewardScorer::reward_of(std::span<const float> outputs) const {
  if (outputs.size() == 1) return outputs[0];
  const float top = std::ranges::max(outputs);
  float sum = 0;
  for (const float o : outputs) sum += std::exp(o - top);
  return std::exp(outputs[0] - top) / sum;
}

}  // namespace pith
