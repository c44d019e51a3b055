// The token table of a tokenizer: spellings, types, scores, and the bytes each token stands for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/tokenizer.h"

namespace pith {

/// GGUF's numbers (tokenizer.ggml.token_type), which are SentencePiece's.
enum class TokenType : std::uint8_t {
  Normal = 1,
  Unknown = 2,
  Control = 3,      ///< never made of user text: BOS, EOS, <|im_start|>, ...
  UserDefined = 4,  ///< plain text that is always one token
  Unused = 5,
  Byte = 6,  ///< "<0x0A>": one byte of text that has no other token
};

/// U+2581, which SentencePiece writes for a space.
inline constexpr std::string_view kMetaspace = "\xe2\x96\x81";

/// Many strings in one allocation.
class StringTable {
 public:
  void reserve(std::size_t strings, std::size_t bytes);
  void add(std::string_view text);
  std::size_t size() const { return ends_.size(); }
  std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

/// From string to its number in a StringTable: open addressing, no allocation per entry.
class StringIndex {
 public:
  StringIndex() = default;
  explicit StringIndex(std::size_t entries);
  /// False if an equal string is there already.
  bool insert(const StringTable& table, TokenId id);
  std::optional<TokenId> find(const StringTable& table, std::string_view text) const;

 private:
  struct Slot {
    std::uint32_t hash;
    TokenId id = -1;
  };
  std::size_t probe(const StringTable& table, std::string_view text, std::uint32_t hash) const;
  std::vector<Slot> slots_;
};

/// How a token's bytes follow from its spelling.
struct PieceRule {
  bool byte_level = false;  ///< GPT-2's alphabet: each character of the spelling is a byte
  std::vector<std::pair<std::string, std::string>> replace;  ///< in this order, everywhere: "▁" by " "
};

class Vocabulary {
 public:
  Vocabulary() = default;
  /// `types` and `scores` are as long as `spellings`; `source` names the file in messages. Throws Error on a
  /// duplicate spelling (empty ones are holes and may repeat), on more ids than TokenId holds.
  Vocabulary(std::span<const std::string_view> spellings, std::vector<TokenType> types,
             std::vector<float> scores, const PieceRule& rule, std::string_view source);

  int size() const { return static_cast<int>(types_.size()); }
  std::string_view spelling(TokenId id) const { return spellings_[static_cast<std::size_t>(id)]; }
  std::string_view piece(TokenId id) const { return pieces_[static_cast<std::size_t>(id)]; }
  TokenType type(TokenId id) const { return types_[static_cast<std::size_t>(id)]; }
  void set_type(TokenId id, TokenType type) { types_[static_cast<std::size_t>(id)] = type; }
  float score(TokenId id) const { return scores_.empty() ? 0.0f : scores_[static_cast<std::size_t>(id)]; }
  bool has_scores() const { return !scores_.empty(); }

  /// The id of a spelling.
  std::optional<TokenId> find(std::string_view spelling) const {
    return by_spelling_.find(spellings_, spelling);
  }
  /// The id of the normal or user-defined token with these bytes; after index_pieces().
  std::optional<TokenId> find_piece(std::string_view bytes) const { return by_piece_.find(pieces_, bytes); }
  void index_pieces();

  /// The token of a single byte: "<0x0A>", or in byte-level vocabularies the byte's character; -1 if there is
  /// none.
  TokenId byte_token(unsigned char byte) const { return byte_tokens_[byte]; }
  bool has_all_byte_tokens() const;

 private:
  void make_pieces(const PieceRule& rule);
  void find_byte_tokens(bool byte_level);

  StringTable spellings_, pieces_;
  StringIndex by_spelling_, by_piece_;
  std::vector<TokenType> types_;
  std::vector<float> scores_;  ///< empty if the vocabulary has none
  TokenId byte_tokens_[256];
};

/// GPT-2's byte alphabet (bytes_to_unicode in openai/gpt-2 src/encoder.py): printable Latin-1 bytes are
/// themselves, the other 68 are U+0100 onwards in order.
std::string to_byte_alphabet(std::string_view bytes);
/// The bytes of a spelling; nothing if a character is not in the alphabet.
std::optional<std::string> from_byte_alphabet(std::string_view spelling);

/// The byte that "<0x41>" names.
std::optional<unsigned char> byte_of_spelling(std::string_view spelling);
std::string spelling_of_byte(unsigned char byte);

void replace_all(std::string& text, std::string_view from, std::string_view to);

}  // namespace pith
