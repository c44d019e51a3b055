#include "text/spm.h"

#include <bit>

#include "base/utf8.h"
#include "text/merge.h"

namespace pith {
namespace {

constexpr TokenId kFrozen = -2;  // while merging: a user-defined piece, which takes part in no merge

/// An integer that grows as the score falls: the bits of a binary32 number order like its value, once those
/// of negative ones are inverted.
std::uint32_t cost_of(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);  // -0 is 0
  return bits & 0x80000000u ? bits : ~bits & 0x7fffffffu;
}

}  // namespace

SentencePieceBpe::SentencePieceBpe(const Vocabulary& vocabulary, std::optional<TokenId> unknown,
                                   std::string_view source)
    : vocabulary_(vocabulary), unknown_(unknown) {
  std::vector<AddedToken> frozen;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    if (vocabulary.type(id) == TokenType::UserDefined &&
        vocabulary.spelling(id).find(kMetaspace) != std::string_view::npos) {
      frozen.push_back({.id = id, .text = std::string(vocabulary.spelling(id))});
    }
  }
  frozen_ = AddedTokens(std::move(frozen), source);
}

bool SentencePieceBpe::mergeable(TokenId id) const { return vocabulary_.type(id) == TokenType::Normal; }

void SentencePieceBpe::encode(std::string_view word, ModelScratch& scratch, std::vector<TokenId>& ids) const {
  scratch.symbols.clear();
  for (std::size_t at = 0; at < word.size();) {
    const auto begin = static_cast<std::uint32_t>(at);
    if (const AddedToken* piece = frozen_.longest_at(word, at, false)) {
      append_symbol(scratch, begin, static_cast<std::uint32_t>(piece->text.size()), kFrozen);
      at += piece->text.size();
    } else {
      const std::size_t character = decode_utf8(word.substr(at)).length;
      append_symbol(scratch, begin, static_cast<std::uint32_t>(character), -1);
      at += character;
    }
  }
  merge_symbols(scratch, [&](const MergeSymbol& l, const MergeSymbol& r) -> std::optional<Merge> {
    if (l.id == kFrozen || r.id == kFrozen) return std::nullopt;
    const auto id = vocabulary_.find(word.substr(l.begin, l.length + r.length));
    if (!id || !mergeable(*id)) return std::nullopt;
    return Merge{cost_of(vocabulary_.score(*id)), *id};
  });
  bool after_unknown = false;
  for (const MergeSymbol& s : scratch.symbols) {
    if (s.length == 0) continue;
    const std::string_view text = word.substr(s.begin, s.length);
    const auto id = vocabulary_.find(text);
    if (id && (s.id == kFrozen || mergeable(*id) || vocabulary_.type(*id) == TokenType::UserDefined)) {
      ids.push_back(*id);
      after_unknown = false;
      continue;
    }
    for (const char c : text) {
      const TokenId byte = vocabulary_.byte_token(static_cast<unsigned char>(c));
      if (byte >= 0) {
        ids.push_back(byte);
        after_unknown = false;
      } else if (unknown_ && !after_unknown) {
        ids.push_back(*unknown_);
        after_unknown = true;
      }
    }
  }
}

}  // namespace pith
