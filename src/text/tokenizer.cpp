#include "text/tokenizer.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizer_parts.h"

namespace pith {
namespace {

/// The ids of short words seen lately: text repeats itself. Direct-mapped, for one encode().
class WordCache {
 public:
  explicit WordCache(std::size_t text_size) {
    if (text_size >= kWorthwhile) entries_.resize(kEntries);
  }

  bool append(std::string_view word, std::vector<TokenId>& ids) const {
    if (entries_.empty() || word.size() > kBytes) return false;
    const Entry& e = entry_of(word);
    if (e.bytes != word.size() || std::memcmp(e.text, word.data(), word.size()) != 0) return false;
    ids.insert(ids.end(), e.ids, e.ids + e.count);
    return true;
  }

  void keep(std::string_view word, std::span<const TokenId> ids) {
    if (entries_.empty() || word.size() > kBytes || ids.size() > kIds) return;
    Entry& e = const_cast<Entry&>(entry_of(word));
    e.bytes = static_cast<std::uint8_t>(word.size());
    e.count = static_cast<std::uint8_t>(ids.size());
    std::memcpy(e.text, word.data(), word.size());
    std::copy(ids.begin(), ids.end(), e.ids);
  }

 private:
  static constexpr std::size_t kWorthwhile = 4096, kEntries = 8192, kBytes = 22, kIds = 6;
  struct Entry {
    std::uint8_t bytes = 0, count = 0;
    char text[kBytes];
    TokenId ids[kIds];
  };
  const Entry& entry_of(std::string_view word) const {
    return entries_[std::hash<std::string_view>{}(word) % kEntries];
  }
  std::vector<Entry> entries_;
};

/// One call of encode().
class Encoder {
 public:
  Encoder(const TokenizerParts& parts, std::string_view text, const EncodeOptions& options,
          std::vector<TokenId>& ids)
      : parts_(parts),
        text_(text),
        special_(options.parse_special),
        guard_(options.guard),
        ids_(ids),
        cache_(text.size()) {}

  void run() {
    for (const auto& part : parts_.added.split(text_, special_)) {
      if (part.id >= 0) {
        ids_.push_back(part.id);
      } else {
        const bool at_start = part.text.data() == text_.data();
        if (guard_.empty() || part.text.find(guard_) == std::string_view::npos) {
          normalize(part.text, at_start);
        } else {
          std::string plain(part.text);
          replace_all(plain, guard_, "");
          normalize(plain, at_start);
        }
      }
    }
  }

 private:
  void normalize(std::string_view text, bool at_start) {
    if (parts_.normalizer.empty() && parts_.added_normalized.tokens().empty())
      return pretokenize(text, at_start);
    const std::string normalized = parts_.normalizer.normalize(text);
    for (const auto& part : parts_.added_normalized.split(normalized, special_)) {
      if (part.id >= 0) {
        ids_.push_back(part.id);
      } else {
        pretokenize(part.text, at_start && part.text.data() == normalized.data());
      }
    }
  }

  void pretokenize(std::string_view text, bool at_start) {
    parts_.pretokenizer.split(text, at_start, words_);
    for (const std::string_view word : words_.list) {
      if (parts_.cut_at_metaspace) {
        cut(word);
      } else {
        encode(word);
      }
    }
  }

  /// Merges never reach across the front of a "▁", so each such piece is encoded on its own: the same ids,
  /// from shorter words that repeat.
  void cut(std::string_view word) {
    std::size_t begin = 0;
    while (begin < word.size()) {
      std::size_t end = begin;
      while (word.substr(end).starts_with(kMetaspace)) end += kMetaspace.size();
      end = std::min(word.find(kMetaspace, end), word.size());
      encode(word.substr(begin, end - begin));
      begin = end;
    }
  }

  void encode(std::string_view word) {
    if (cache_.append(word, ids_)) return;
    const std::size_t before = ids_.size();
    parts_.model->encode(word, scratch_, ids_);
    cache_.keep(word, std::span(ids_).subspan(before));
  }

  const TokenizerParts& parts_;
  std::string_view text_;
  bool special_;
  std::string_view guard_;
  std::vector<TokenId>& ids_;
  WordCache cache_;
  ModelScratch scratch_;
  Words words_;
};

}  // namespace

std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  // Positions in a word have 31 bits, and normalization may make a text up to 18 times as long.
  if (text.size() > std::numeric_limits<std::int32_t>::max() / 18) {
    fail("a text of {} bytes is too long to tokenize at once", text.size());
  }
  std::vector<TokenId> ids;
  if (options.add_special) ids = parts_->prefix;
  Encoder(*parts_, text, options, ids).run();
  if (options.add_special) ids.insert(ids.end(), parts_->suffix.begin(), parts_->suffix.end());
  return ids;
}

std::string Tokenizer::guard_special(std::string_view text, std::string_view guard) const {
  std::string out(text);
  for (const AddedTokens* added : {&parts_->added, &parts_->added_normalized}) {
    const std::string before = std::exchange(out, {});
    const char* done = before.data();
    for (const auto& part : added->split(before, true)) {
      if (part.id < 0 || !is_control(part.id)) continue;
      for (std::string_view rest = part.text; !rest.empty();) {
        rest.remove_prefix(decode_utf8(rest).length);
        if (rest.empty()) break;
        out.append(done, rest.data());
        out += guard;
        done = rest.data();
      }
    }
    out.append(done, before.data() + before.size());
  }
  return out;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool with_special) const {
  StreamDecoder decoder(*this, false, with_special);
  std::string text;
  for (const TokenId id : ids) text += decoder.add(id);
  return text + decoder.finish();
}

std::string_view Tokenizer::piece(TokenId id) const { return parts_->vocabulary.piece(checked(id)); }
std::string_view Tokenizer::spelling(TokenId id) const { return parts_->vocabulary.spelling(checked(id)); }

TokenId Tokenizer::checked(TokenId id) const {
  if (!contains(id)) fail("token id {} is outside the vocabulary of {} tokens", id, size());
  return id;
}

int Tokenizer::size() const { return parts_->vocabulary.size(); }

std::optional<TokenId> Tokenizer::bos() const { return parts_->bos; }
std::optional<TokenId> Tokenizer::eos() const { return parts_->eos; }
std::optional<TokenId> Tokenizer::unknown() const { return parts_->unknown; }
std::optional<TokenId> Tokenizer::pad() const { return parts_->pad; }

bool Tokenizer::adds_bos() const { return !parts_->prefix.empty(); }
bool Tokenizer::adds_eos() const { return !parts_->suffix.empty(); }

std::span<const TokenId> Tokenizer::end_of_generation() const { return parts_->end_of_generation; }
bool Tokenizer::is_end_of_generation(TokenId id) const {
  return std::binary_search(parts_->end_of_generation.begin(), parts_->end_of_generation.end(), id);
}

bool Tokenizer::is_control(TokenId id) const {
  const TokenType type = parts_->vocabulary.type(checked(id));
  return type == TokenType::Control || type == TokenType::Unknown;
}

bool Tokenizer::is_special(TokenId id) const {
  return parts_->special[static_cast<std::size_t>(checked(id))];
}

std::optional<TokenId> Tokenizer::find(std::string_view token) const {
  if (const auto id = parts_->vocabulary.find(token)) return id;
  if (parts_->kind == ModelKind::ByteLevelBpe) return parts_->vocabulary.find(to_byte_alphabet(token));
  std::string spelling(token);
  replace_all(spelling, " ", kMetaspace);
  if (const auto id = parts_->vocabulary.find(spelling)) return id;
  if (token.size() == 1)
    return parts_->vocabulary.find(spelling_of_byte(static_cast<unsigned char>(token[0])));
  return std::nullopt;
}

std::string Tokenizer::description() const {
  static constexpr std::string_view kNames[] = {"SentencePiece BPE", "byte-level BPE", "BPE", "Unigram"};
  std::string out(kNames[static_cast<std::size_t>(parts_->kind)]);
  if (!parts_->pre_name.empty()) out += " (" + parts_->pre_name + ")";
  return out;
}

StreamDecoder::StreamDecoder(Tokenizer tokenizer, bool continues, bool with_special)
    : tokenizer_(std::move(tokenizer)), at_start_(!continues), with_special_(with_special) {}

std::string StreamDecoder::add(TokenId id) {
  const bool control = tokenizer_.is_control(id);
  if (control && !with_special_) return {};
  std::string_view piece = tokenizer_.piece(id);
  if (!control) {
    if (at_start_ && tokenizer_.parts().strip_leading_space && piece.starts_with(' ')) piece.remove_prefix(1);
    at_start_ = false;
  }
  held_.append(piece);
  const std::size_t incomplete = incomplete_utf8_suffix(held_);
  std::string out = held_.substr(0, held_.size() - incomplete);
  held_.erase(0, out.size());
  return out;
}

std::string StreamDecoder::finish() { return std::exchange(held_, {}); }

}  // namespace pith
