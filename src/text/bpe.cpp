#include "text/bpe.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "text/merge.h"

namespace pith {
namespace {

void append_ids(const ModelScratch& scratch, std::vector<TokenId>& ids) {
  for (const MergeSymbol& s : scratch.symbols) {
    if (s.length > 0 && s.id >= 0) ids.push_back(s.id);
  }
}

}  // namespace

RankedBpe::RankedBpe(const Vocabulary& vocabulary, std::span<const Pair> merges, BpeOptions options,
                     std::string_view source)
    : vocabulary_(vocabulary), options_(options), merges_(merges.size()) {
  std::string joined;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    joined.assign(left).append(right);
    const auto l = vocabulary.find(left), r = vocabulary.find(right), both = vocabulary.find(joined);
    if (!l || !r || !both) {
      fail("{}: merge {} ('{}' + '{}') needs the token '{}', which is not in the vocabulary", source, rank,
           printable(left), printable(right),
           printable(!l   ? left
                     : !r ? right
                          : std::string_view(joined)));
    }
    merges_.insert(static_cast<std::uint32_t>(*l), static_cast<std::uint32_t>(*r),
                   {static_cast<std::uint32_t>(rank), *both});
  }
}

void RankedBpe::encode(std::string_view word, ModelScratch& scratch, std::vector<TokenId>& ids) const {
  if (options_.ignore_merges ||
      (options_.whole_newlines && word.find_first_not_of('\n') == std::string_view::npos)) {
    if (const auto whole = options_.byte_level ? vocabulary_.find_piece(word) : vocabulary_.find(word)) {
      ids.push_back(*whole);
      return;
    }
  }
  scratch.symbols.clear();
  if (options_.byte_level) {
    for (std::uint32_t i = 0; i < word.size(); ++i) {
      const TokenId id = vocabulary_.byte_token(static_cast<unsigned char>(word[i]));
      const TokenId known = id >= 0 ? id : options_.unknown.value_or(-1);
      append_symbol(scratch, i, 1, known);
    }
  } else {
    characters(word, scratch);
  }
  merge_symbols(scratch, [this](const MergeSymbol& l, const MergeSymbol& r) -> std::optional<Merge> {
    const Result* result = merges_.find(static_cast<std::uint32_t>(l.id), static_cast<std::uint32_t>(r.id));
    if (!result) return std::nullopt;
    return Merge{result->rank, result->id};
  });
  append_ids(scratch, ids);
}

void RankedBpe::characters(std::string_view word, ModelScratch& scratch) const {
  const bool bytes = options_.byte_fallback && vocabulary_.has_all_byte_tokens();
  bool after_unknown = false;
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t length = decode_utf8(word.substr(at)).length;
    const auto begin = static_cast<std::uint32_t>(at), size = static_cast<std::uint32_t>(length);
    bool unknown = false;
    if (const auto id = vocabulary_.find(word.substr(at, length))) {
      append_symbol(scratch, begin, size, *id);
    } else if (bytes) {
      for (std::uint32_t i = 0; i < size; ++i) {
        append_symbol(scratch, begin + i, 1,
                      vocabulary_.byte_token(static_cast<unsigned char>(word[at + i])));
      }
    } else if (options_.unknown) {
      unknown = true;
      if (after_unknown && options_.fuse_unknown) {
        scratch.symbols.back().length += size;
      } else {
        append_symbol(scratch, begin, size, *options_.unknown);
      }
    }
    after_unknown = unknown;
    at += length;
  }
}

std::vector<std::pair<TokenId, TokenId>> RankedBpe::merges() const {
  struct Ranked {
    std::uint32_t rank;
    std::pair<TokenId, TokenId> pair;
  };
  std::vector<Ranked> ranked;
  ranked.reserve(merges_.size());
  merges_.for_each([&](std::uint32_t left, std::uint32_t right, const Result& result) {
    ranked.push_back({result.rank, {static_cast<TokenId>(left), static_cast<TokenId>(right)}});
  });
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) { return a.rank < b.rank; });
  std::vector<std::pair<TokenId, TokenId>> out;
  out.reserve(ranked.size());
  for (const Ranked& r : ranked) out.push_back(r.pair);
  return out;
}

TiktokenBpe::TiktokenBpe(const Vocabulary& vocabulary, std::string_view source) : vocabulary_(vocabulary) {
  if (!vocabulary.has_all_byte_tokens()) {
    fail("{}: a byte has no token of its own; a tiktoken vocabulary holds all 256", source);
  }
}

void TiktokenBpe::encode(std::string_view word, ModelScratch& scratch, std::vector<TokenId>& ids) const {
  if (const auto whole = vocabulary_.find_piece(word)) {
    ids.push_back(*whole);
    return;
  }
  scratch.symbols.clear();
  for (std::uint32_t i = 0; i < word.size(); ++i) {
    append_symbol(scratch, i, 1, vocabulary_.byte_token(static_cast<unsigned char>(word[i])));
  }
  merge_symbols(scratch, [&](const MergeSymbol& l, const MergeSymbol& r) -> std::optional<Merge> {
    const auto id = vocabulary_.find_piece(word.substr(l.begin, l.length + r.length));
    if (!id) return std::nullopt;
    return Merge{static_cast<std::uint32_t>(*id), *id};
  });
  append_ids(scratch, ids);
}

std::vector<std::pair<TokenId, TokenId>> TiktokenBpe::merges() const {
  std::vector<std::pair<TokenId, TokenId>> out;
  for (TokenId id = 0; id < vocabulary_.size(); ++id) {
    if (vocabulary_.type(id) != TokenType::Normal) continue;
    const std::string_view piece = vocabulary_.piece(id);
    const std::size_t first = out.size();
    for (std::size_t cut = 1; cut < piece.size(); ++cut) {
      const auto left = vocabulary_.find_piece(piece.substr(0, cut));
      const auto right = left ? vocabulary_.find_piece(piece.substr(cut)) : std::nullopt;
      if (right) out.emplace_back(*left, *right);
    }
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
  }
  return out;
}

}  // namespace pith
