#include "text/vocabulary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <limits>

#include "base/error.h"
#include "base/utf8.h"

namespace pith {
namespace {

struct ByteAlphabet {
  std::array<char32_t, 256> character;
  std::array<std::int16_t, 0x144> byte;  // of a character; -1 where there is none
};

constexpr ByteAlphabet make_byte_alphabet() {
  ByteAlphabet out{};
  for (auto& b : out.byte) b = -1;
  char32_t next = 0x100;
  for (int b = 0; b < 256; ++b) {
    const bool printable = (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
    const char32_t c = printable ? static_cast<char32_t>(b) : next++;
    out.character[static_cast<std::size_t>(b)] = c;
    out.byte[c] = static_cast<std::int16_t>(b);
  }
  return out;
}

constexpr ByteAlphabet kByteAlphabet = make_byte_alphabet();

std::uint32_t hash_of(std::string_view text) {
  const std::size_t h = std::hash<std::string_view>{}(text);
  return static_cast<std::uint32_t>(h ^ (h >> 32));
}

}  // namespace

void StringTable::reserve(std::size_t strings, std::size_t bytes) {
  ends_.reserve(strings);
  bytes_.reserve(bytes);
}

void StringTable::add(std::string_view text) {
  bytes_.append(text);
  ends_.push_back(bytes_.size());
}

StringIndex::StringIndex(std::size_t entries) : slots_(std::bit_ceil(entries * 2 + 1)) {}

std::size_t StringIndex::probe(const StringTable& table, std::string_view text, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].id >= 0 &&
         (slots_[at].hash != hash || table[static_cast<std::size_t>(slots_[at].id)] != text)) {
    at = (at + 1) & mask;
  }
  return at;
}

bool StringIndex::insert(const StringTable& table, TokenId id) {
  const std::string_view text = table[static_cast<std::size_t>(id)];
  const std::uint32_t hash = hash_of(text);
  Slot& slot = slots_[probe(table, text, hash)];
  if (slot.id >= 0) return false;
  slot = {hash, id};
  return true;
}

std::optional<TokenId> StringIndex::find(const StringTable& table, std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[probe(table, text, hash_of(text))];
  if (slot.id < 0) return std::nullopt;
  return slot.id;
}

Vocabulary::Vocabulary(std::span<const std::string_view> spellings, std::vector<TokenType> types,
                       std::vector<float> scores, const PieceRule& rule, std::string_view source)
    : by_spelling_(spellings.size()), types_(std::move(types)), scores_(std::move(scores)) {
  if (spellings.size() > std::numeric_limits<TokenId>::max()) {
    fail("{}: a vocabulary of {} tokens; ids have 31 bits", source, spellings.size());
  }
  std::size_t bytes = 0;
  for (const std::string_view s : spellings) bytes += s.size();
  spellings_.reserve(spellings.size(), bytes);
  for (const std::string_view s : spellings) {
    const auto id = static_cast<TokenId>(spellings_.size());
    spellings_.add(s);
    if (!s.empty() && !by_spelling_.insert(spellings_, id)) {
      fail("{}: tokens {} and {} are both spelled '{}'; a vocabulary has no duplicates", source,
           *by_spelling_.find(spellings_, s), id, printable(s));
    }
  }
  make_pieces(rule);
  find_byte_tokens(rule.byte_level);
}

void Vocabulary::make_pieces(const PieceRule& rule) {
  pieces_.reserve(spellings_.size(), 0);
  std::string piece;
  for (TokenId id = 0; id < size(); ++id) {
    piece = spelling(id);
    const TokenType t = type(id);
    if (t == TokenType::Byte) {
      if (const auto byte = byte_of_spelling(piece)) piece.assign(1, static_cast<char>(*byte));
    } else if (t == TokenType::Normal || t == TokenType::Unused) {
      for (const auto& [from, to] : rule.replace) replace_all(piece, from, to);
      if (rule.byte_level) {
        if (auto decoded = from_byte_alphabet(piece)) piece = std::move(*decoded);
      }
    }
    pieces_.add(piece);
  }
}

void Vocabulary::find_byte_tokens(bool byte_level) {
  for (int b = 0; b < 256; ++b) {
    const auto byte = static_cast<unsigned char>(b);
    const char c = static_cast<char>(b);
    const auto id = find(byte_level ? to_byte_alphabet(std::string_view(&c, 1)) : spelling_of_byte(byte));
    byte_tokens_[b] = id.value_or(-1);
  }
}

void Vocabulary::index_pieces() {
  by_piece_ = StringIndex(pieces_.size());
  for (TokenId id = 0; id < size(); ++id) {
    const TokenType t = type(id);
    if (t != TokenType::Normal && t != TokenType::UserDefined) continue;
    if (!piece(id).empty()) by_piece_.insert(pieces_, id);  // of equal pieces the first id counts
  }
}

bool Vocabulary::has_all_byte_tokens() const {
  return std::all_of(std::begin(byte_tokens_), std::end(byte_tokens_), [](TokenId id) { return id >= 0; });
}

std::string to_byte_alphabet(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char b : bytes) append_utf8(out, kByteAlphabet.character[static_cast<unsigned char>(b)]);
  return out;
}

std::optional<std::string> from_byte_alphabet(std::string_view spelling) {
  std::string out;
  while (!spelling.empty()) {
    const Utf8Char c = decode_utf8(spelling);
    if (!c.valid || c.code >= kByteAlphabet.byte.size() || kByteAlphabet.byte[c.code] < 0)
      return std::nullopt;
    out += static_cast<char>(kByteAlphabet.byte[c.code]);
    spelling.remove_prefix(c.length);
  }
  return out;
}

std::optional<unsigned char> byte_of_spelling(std::string_view spelling) {
  if (spelling.size() != 6 || !spelling.starts_with("<0x") || spelling[5] != '>') return std::nullopt;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
  };
  const int high = digit(spelling[3]), low = digit(spelling[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<unsigned char>(high * 16 + low);
}

// Every vocabulary asks for all of them, so not by a format string.
std::string spelling_of_byte(unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return {'<', '0', 'x', kDigits[byte >> 4], kDigits[byte & 15], '>'};
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  if (at == std::string::npos || from.empty()) return;
  std::string out;
  out.reserve(text.size());
  std::size_t done = 0;
  for (; at != std::string::npos; at = text.find(from, done)) {
    out.append(text, done, at - done).append(to);
    done = at + from.size();
  }
  out.append(text, done);
  text = std::move(out);
}

}  // namespace pith
