// How far a model's predictions are from those of the model it was made of.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>

#include "analyse/perplexity.h"
#include "infer/engine.h"

namespace pith {

/// Sums over scored tokens; a is the reference.
struct DivergenceSums {
  SurpriseSums kl;          ///< KL(a || b) of the whole distribution, in nats
  SurpriseSums a, b;        ///< surprise of the token that came
  SurpriseSums difference;  ///< b's surprise less a's
  std::int64_t same_top = 0;
  double most = 0;  ///< the largest KL

  DivergenceSums& operator+=(const DivergenceSums& other);
  nlohmann::ordered_json json() const;
  static DivergenceSums from_json(const nlohmann::ordered_json& j);
};

/// Of the tokens that a window scores. Both engines have the same vocabulary.
DivergenceSums compare_window(Engine& a, Engine& b, const TextWindow& window);

}  // namespace pith
