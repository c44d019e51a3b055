// Tokens that are found in the text as a whole, before the rest is tokenized.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "text/pair_map.h"
#include "text/tokenizer.h"

namespace pith {

/// The flags are those of Hugging Face's AddedToken.
struct AddedToken {
  TokenId id;
  std::string text;
  bool special = false;      ///< found only where special tokens are parsed
  bool lstrip = false;       ///< takes the white space on its left with it
  bool rstrip = false;       ///< and on its right
  bool single_word = false;  ///< not inside a word
  bool normalized = false;   ///< found in the normalized text, not in the original
};

/// Finds added tokens from left to right, the longest first.
class AddedTokens {
 public:
  AddedTokens() = default;
  /// Throws Error, naming `source`, if a token's text is empty or longer than 4096 bytes.
  AddedTokens(std::vector<AddedToken> tokens, std::string_view source);

  const std::vector<AddedToken>& tokens() const { return tokens_; }

  /// A stretch of text (id is -1), or a token.
  struct Part {
    std::string_view text;
    TokenId id;
  };
  /// All of `text`, cut at the tokens; special ones are ordinary text unless `special`.
  std::vector<Part> split(std::string_view text, bool special) const;

  /// The longest token that begins at `at`; nullptr if there is none.
  const AddedToken* longest_at(std::string_view text, std::size_t at, bool special) const;

 private:
  std::vector<AddedToken> tokens_;
  PairMap<std::uint32_t> edges_;                 ///< the trie of all texts: (node, byte) to node
  std::vector<std::int32_t> token_of_node_{-1};  ///< place in tokens_; -1 where none ends
  std::array<bool, 256> begins_{};               ///< the bytes that a token begins with
};

}  // namespace pith
