// SentencePiece's precompiled character map: a Darts double-array trie from character sequences to their
// replacements (precompiled_charsmap in sentencepiece_model.proto, builder.cc).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pith {

class CharsMap {
 public:
  /// Throws Error, naming `source`, if the blob is malformed.
  CharsMap(std::string_view blob, std::string_view source);

  /// The longest sequences first, from left to right. `text` is well-formed UTF-8.
  std::string apply(std::string_view text) const;

  const std::string& blob() const { return blob_; }

 private:
  struct Match {
    std::size_t length;
    std::string_view replacement;
  };
  Match longest_match(std::string_view text) const;

  std::string blob_;
  std::vector<std::uint32_t> trie_;
  std::string_view replacements_;  ///< null-terminated strings, in blob_
};

}  // namespace pith
