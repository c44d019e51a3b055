// The looking glass of a mixture of experts: who is busy, who works with whom, who takes which tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "infer/expert_observer.h"
#include "model/spec.h"

namespace pith {

/// How evenly work is shared out.
struct Balance {
  double entropy;    ///< of the distribution of choices over experts, in bits; log2(E) where all are alike
  double variation;  ///< standard deviation of the experts' loads over their mean; 0 where all are alike
};
Balance balance_of(std::span<const std::int64_t> load);

/// A token that an expert takes more often than the average token.
struct Speciality {
  std::int32_t token;
  std::int64_t count;  ///< times that the expert took it
  double lift;         ///< P(expert | token) / P(expert)
};

/// Counts the routings of an engine. Memory grows with the number of different (expert, token) pairs.
class ExpertStats : public ExpertObserver {
 public:
  explicit ExpertStats(const Spec& spec);
  void routed(std::size_t layer, std::span<const std::int32_t> tokens, std::span<const std::int32_t> expert,
              std::span<const float> weight) override;

  struct Layer {
    std::size_t index = 0;  ///< in the model
    int experts = 0, active = 0;
    std::vector<std::int64_t> load;      ///< [E] tokens that took each expert
    std::vector<double> weight;          ///< [E] sum of the router's weights
    std::vector<std::int64_t> together;  ///< [E][E] tokens that took both; the diagonal is the load
    std::unordered_map<std::uint64_t, std::int64_t> taken;  ///< expert << 32 | token -> times
  };
  /// The mixture layers, in order.
  const std::vector<Layer>& layers() const { return layers_; }
  std::int64_t tokens() const { return tokens_; }

  /// The tokens of which the expert took the most beyond its share of all tokens, best first, at most `most`.
  std::vector<Speciality> specialities(const Layer& layer, int expert, std::size_t most) const;

  /// Everything as one object: {"model", "tokens", "layers": [{"layer", "experts", "active", "load" (share of
  /// all tokens), "weight" (mean where chosen), "entropy", "max_entropy", "variation", "coactivation" [E][E]
  /// (share of all tokens), "specialities" [E][{"token", "piece", "count", "lift"}]}]}. `piece` spells a
  /// token; without it there is no "piece".
  nlohmann::ordered_json report(const std::string& model, std::size_t specialities,
                                const std::function<std::string(std::int32_t)>& piece = {}) const;

 private:
  std::vector<Layer> layers_;
  std::vector<int> place_;                               ///< in layers_, of each layer of the model
  std::unordered_map<std::int32_t, std::int64_t> seen_;  ///< token -> times
  std::int64_t tokens_ = 0;
};

}  // namespace pith
