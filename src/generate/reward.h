// What a reward model thinks of texts: a model whose head gives a score at the last token.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "infer/engine.h"
#include "text/tokenizer.h"

namespace pith {

class RewardScorer {
 public:
  /// Throws Error where the model has no reward head (tensor cls.output).
  RewardScorer(std::shared_ptr<const Model> model, EngineOptions options);

  const Engine& engine() const { return engine_; }

  /// The reward of each text, none empty. A head of several outputs is a classifier, whose reward is the
  /// probability of its first class. Throws Error for a text that is longer than the context.
  std::vector<float> score(std::span<const std::vector<TokenId>> texts);

 private:
  float reward_of(std::span<const float> outputs) const;
  Engine engine_;
};

}  // namespace pith
