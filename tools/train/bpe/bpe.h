// Training of byte-level byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pith::lab {

/// A vocabulary: tokens by id, and the pairs of ids that were merged, in order.
struct BpeVocabulary {
  std::vector<std::string> tokens;  ///< as bytes; special tokens as their names
  std::vector<std::pair<int, int>> merges;
};

/// How often each word occurs; merges never cross words.
using WordCounts = std::unordered_map<std::string, std::int64_t>;

/// First the special tokens, then one for each byte in the order of GPT-2's alphabet, then merges of the most
/// frequent pair (of equal ones the pair of smaller ids) up to `size` tokens. Throws Error where the words
/// give fewer.
BpeVocabulary train_bpe(const WordCounts& words, const std::vector<std::string>& special, int size);

}  // namespace pith::lab
