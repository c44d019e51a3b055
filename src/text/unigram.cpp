#include "text/unigram.h"

#include <algorithm>
#include <limits>

#include "base/utf8.h"

namespace pith {
namespace {

constexpr double kUnknownPenalty = 10;  // kUnkPenalty in sentencepiece's unigram_model.cc

struct Best {
  double score = -std::numeric_limits<double>::infinity();
  std::size_t from = 0;
  TokenId id = -1;  // -1: unknown
};

}  // namespace

Unigram::Unigram(const Vocabulary& vocabulary, std::optional<TokenId> unknown, bool byte_fallback)
    : vocabulary_(vocabulary), unknown_(unknown), byte_fallback_(byte_fallback), piece_of_node_{-1} {
  double worst = 0;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    const TokenType type = vocabulary.type(id);
    if (type != TokenType::Normal && type != TokenType::UserDefined) continue;
    worst = std::min(worst, static_cast<double>(vocabulary.score(id)));
    std::uint32_t node = 0;
    for (const char c : vocabulary.spelling(id)) {
      const auto byte = static_cast<unsigned char>(c);
      const std::uint32_t* next = edges_.find(node, byte);
      if (!next) {
        edges_.insert(node, byte, static_cast<std::uint32_t>(piece_of_node_.size()));
        piece_of_node_.push_back(-1);
        next = edges_.find(node, byte);
      }
      node = *next;
    }
    if (node != 0) piece_of_node_[node] = id;
  }
  unknown_score_ = worst - kUnknownPenalty;
}

void Unigram::encode(std::string_view word, ModelScratch&, std::vector<TokenId>& ids) const {
  std::vector<Best> best(word.size() + 1);
  best[0].score = 0;
  const auto offer = [&](std::size_t from, std::size_t to, double score, TokenId id) {
    if (best[from].score + score > best[to].score) best[to] = {best[from].score + score, from, id};
  };
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t character = decode_utf8(word.substr(at)).length;
    bool single = false;
    std::uint32_t node = 0;
    for (std::size_t end = at; end < word.size();) {
      const std::uint32_t* next = edges_.find(node, static_cast<unsigned char>(word[end]));
      if (!next) break;
      node = *next;
      ++end;
      const TokenId id = piece_of_node_[node];
      if (id < 0) continue;
      offer(at, end, static_cast<double>(vocabulary_.score(id)), id);
      single |= end == at + character;
    }
    if (!single) offer(at, at + character, unknown_score_, -1);
    at += character;
  }
  std::vector<std::size_t> ends;
  for (std::size_t at = word.size(); at > 0; at = best[at].from) ends.push_back(at);
  std::reverse(ends.begin(), ends.end());
  bool after_unknown = false;
  for (const std::size_t end : ends) {
    const Best& b = best[end];
    const bool unknown = b.id < 0;
    if (!unknown) {
      ids.push_back(b.id);
    } else if (byte_fallback_ && vocabulary_.has_all_byte_tokens()) {
      for (const char c : word.substr(b.from, end - b.from)) {
        ids.push_back(vocabulary_.byte_token(static_cast<unsigned char>(c)));
      }
    } else if (unknown_ && !after_unknown) {
      ids.push_back(*unknown_);
    }
    after_unknown = unknown;
  }
}

}  // namespace pith
