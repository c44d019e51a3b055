// Byte-pair encoding by ranked merges (Sennrich et al. 2016), as GPT-2 and Hugging Face tokenizers do it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/pair_map.h"
#include "text/token_model.h"
#include "text/vocabulary.h"

namespace pith {

struct BpeOptions {
  bool byte_level = false;      ///< words are bytes in GPT-2's alphabet; else UTF-8 characters
  bool byte_fallback = false;   ///< characters without a token become the tokens of their bytes
  bool ignore_merges = false;   ///< a word that is a token as a whole is that token
  bool whole_newlines = false;  ///< a run of newlines that is a token as a whole is that token
  bool fuse_unknown = false;    ///< neighbouring unknown characters are one unknown token
  std::optional<TokenId> unknown;
};

/// Merges in the order of their ranks.
class RankedBpe final : public TokenModel {
 public:
  /// A merge's two sides, spelled as in the vocabulary. Throws Error, with `source` in the message, for a
  /// merge whose sides or whose result are not in the vocabulary. The vocabulary has to outlive the model.
  using Pair = std::pair<std::string_view, std::string_view>;
  RankedBpe(const Vocabulary& vocabulary, std::span<const Pair> merges, BpeOptions options,
            std::string_view source);

  void encode(std::string_view word, ModelScratch& scratch, std::vector<TokenId>& ids) const override;

  const BpeOptions& options() const { return options_; }
  /// The sides of each merge by rank, as ids.
  std::vector<std::pair<TokenId, TokenId>> merges() const;

 private:
  struct Result {
    std::uint32_t rank;
    TokenId id;
  };
  void characters(std::string_view word, ModelScratch& scratch) const;

  const Vocabulary& vocabulary_;
  BpeOptions options_;
  PairMap<Result> merges_;
};

/// Merges whichever neighbours give the token of the lowest rank, as tiktoken does: the rank is the id's
/// place in the file, there is no list of merges. A word that is a token as a whole is that token.
class TiktokenBpe final : public TokenModel {
 public:
  /// The vocabulary is byte-level with index_pieces() done, and outlives the model. Throws Error if a single
  /// byte has no token.
  TiktokenBpe(const Vocabulary& vocabulary, std::string_view source);

  void encode(std::string_view word, ModelScratch& scratch, std::vector<TokenId>& ids) const override;

  /// The same as ranked merges: every way to put a token together of two, in the order that gives the same
  /// ids.
  std::vector<std::pair<TokenId, TokenId>> merges() const;

 private:
  const Vocabulary& vocabulary_;
};

}  // namespace pith
