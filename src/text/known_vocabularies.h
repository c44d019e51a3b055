// The special tokens of vocabularies whose files hold only the ordinary ones.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"

namespace pith {

struct KnownVocabulary {
  std::size_t ranks;          ///< how many ordinary tokens there are: what the vocabulary is known by
  std::string_view pre;       ///< the pre-tokenizer's name
  std::string_view bos, eos;  ///< empty: none
  bool add_bos;
};

/// nullptr if no vocabulary with so many tokens is known.
const KnownVocabulary* find_known_vocabulary(std::size_t ranks);
std::vector<AddedToken> special_tokens_of(const KnownVocabulary& known);

}  // namespace pith
