// What turns one word into token ids: the interface that BPE, SentencePiece BPE and Unigram share.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/merge_queue.h"
#include "text/tokenizer.h"

namespace pith {

/// A run of text on its way to becoming a token; runs are linked in text order.
struct MergeSymbol {
  std::uint32_t begin, length;  ///< length 0: merged into its left neighbour
  std::int32_t previous, next;  ///< -1 at the ends
  TokenId id;                   ///< -1: not in the vocabulary
};

/// Buffers that one encode() reuses from word to word.
struct ModelScratch {
  std::vector<MergeSymbol> symbols;
  MergeQueue queue;
};

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  /// Appends the ids of `word`, at most 2^31 bytes. Any bytes are valid.
  virtual void encode(std::string_view word, ModelScratch& scratch, std::vector<TokenId>& ids) const = 0;
};

}  // namespace pith
