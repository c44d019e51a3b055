// The Unigram model: the segmentation of the highest summed score (Kudo 2018), by Viterbi.
#pragma once

#include "text/pair_map.h"
#include "text/token_model.h"
#include "text/vocabulary.h"

namespace pith {

class Unigram final : public TokenModel {
 public:
  /// The vocabulary has scores (log probabilities) and outlives the model. A character that is no piece costs
  /// ten more than the worst piece; it becomes the tokens of its bytes with `byte_fallback`, else `unknown`,
  /// neighbouring ones together.
  Unigram(const Vocabulary& vocabulary, std::optional<TokenId> unknown, bool byte_fallback);

  void encode(std::string_view word, ModelScratch& scratch, std::vector<TokenId>& ids) const override;
  bool byte_fallback() const { return byte_fallback_; }

 private:
  const Vocabulary& vocabulary_;
  std::optional<TokenId> unknown_;
  bool byte_fallback_;
  double unknown_score_;
  PairMap<std::uint32_t> edges_;        ///< the trie of all pieces: (node, byte) to node; node 0 is the root
  std::vector<TokenId> piece_of_node_;  ///< -1 where no piece ends
};

}  // namespace pith
