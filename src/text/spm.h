// SentencePiece's BPE: merges whichever neighbours give the piece of the highest score (Kudo and Richardson
// 2018; bpe_model.cc in google/sentencepiece).
#pragma once

#include "text/added_tokens.h"
#include "text/token_model.h"
#include "text/vocabulary.h"

namespace pith {

class SentencePieceBpe final : public TokenModel {
 public:
  /// The vocabulary has scores and outlives the model. Characters that are no piece become the tokens of
  /// their bytes, or `unknown` where there are none, neighbouring ones together.
  SentencePieceBpe(const Vocabulary& vocabulary, std::optional<TokenId> unknown, std::string_view source);

  void encode(std::string_view word, ModelScratch& scratch, std::vector<TokenId>& ids) const override;

 private:
  bool mergeable(TokenId id) const;

  const Vocabulary& vocabulary_;
  std::optional<TokenId> unknown_;
  /// User-defined pieces that contain "▁" (runs of spaces, say): they are found here because the text has its
  /// spaces only before it gets its "▁".
  AddedTokens frozen_;
};

}  // namespace pith
