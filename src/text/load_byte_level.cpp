// Byte-level vocabularies whose files hold nothing but the vocabulary: tiktoken's ranks, and GPT-2's pair of
// vocab.json and merges.txt.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "text/base64.h"
#include "text/bpe.h"
#include "text/known_vocabularies.h"
#include "text/loaders.h"
#include "text/pre_names.h"

namespace pith {
namespace {

/// Calls each(line, number) for the lines of a text, without their ends; the last may lack its newline.
template <class F>
void for_lines(std::string_view text, const F& each) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    each(line, number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

struct Spellings {
  std::vector<std::string> text;  ///< by id; empty where there is none
  std::size_t count = 0;          ///< of those that are not empty

  /// Ids above `limit`, the size of the file, cannot be real.
  void place(std::string spelling, std::uint64_t id, std::size_t limit, std::string_view source) {
    if (id >= limit)
      fail("{}: the token '{}' has the id {}, which is out of range", source, printable(spelling), id);
    if (id >= text.size()) text.resize(id + 1);
    if (!text[id].empty()) {
      fail("{}: the tokens '{}' and '{}' have the same id {}", source, printable(text[id]),
           printable(spelling), id);
    }
    text[id] = std::move(spelling);
    ++count;
  }
};

/// What both kinds of file have in common: everything but the merges. Gives the pre-tokenizer's row.
const PreName& fill(TokenizerParts& parts, Spellings spellings, std::string_view pre_name,
                    const TokenizerConfig& config) {
  const KnownVocabulary* known = find_known_vocabulary(spellings.count);
  if (pre_name.empty()) pre_name = pre_name_of_class(config.tokenizer_class);
  if (pre_name.empty() && known) pre_name = known->pre;
  if (pre_name.empty()) {
    fail("{}: the file does not say how text is cut into words{}; give the pre-tokenizer's name (--pre)",
         parts.source,
         config.tokenizer_class.empty()
             ? std::string(" and there is no tokenizer_config.json")
             : fmt::format(" and the tokenizer_class '{}' is not known", printable(config.tokenizer_class)));
  }
  const PreName* pre = find_pre_name(pre_name);
  if (!pre || !pre->byte_level) {
    fail("{}: '{}' is not the name of a byte-level pre-tokenizer", parts.source, printable(pre_name));
  }
  if (known && known->pre != pre_name) known = nullptr;

  std::vector<AddedToken> added = config.added;
  if (added.empty() && known) added = special_tokens_of(*known);
  std::vector<TokenType> types(spellings.text.size(), TokenType::Normal);
  for (const AddedToken& token : added) {
    const auto at = static_cast<std::size_t>(token.id);
    // The ids come from a small file of their own; none lies far behind the vocabulary.
    if (at > spellings.text.size() + 100'000) {
      fail("{}: the added token '{}' has the id {} in a vocabulary of {} tokens", config.source,
           printable(token.text), token.id, spellings.text.size());
    }
    if (at >= types.size()) {
      spellings.text.resize(at + 1);
      types.resize(at + 1, TokenType::Unused);
    }
    spellings.text[at] = token.text;
    types[at] = token.special ? TokenType::Control : TokenType::UserDefined;
  }
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (spellings.text[i].empty()) types[i] = TokenType::Unused;
  }
  const std::vector<std::string_view> views(spellings.text.begin(), spellings.text.end());
  parts.vocabulary = Vocabulary(views, std::move(types), {}, {.byte_level = true}, parts.source);
  parts.added = AddedTokens(std::move(added), parts.source);
  parts.kind = ModelKind::ByteLevelBpe;
  parts.pre_name = pre_name;
  parts.pretokenizer = make_pretokenizer(*pre);
  parts.normalizer = make_normalizer(*pre);
  if (known) {
    if (!known->bos.empty()) parts.bos = parts.vocabulary.find(known->bos);
    if (!known->eos.empty()) parts.eos = parts.vocabulary.find(known->eos);
    if (known->add_bos && parts.bos) parts.prefix = {*parts.bos};
  }
  return *pre;
}

struct Rank {
  std::string bytes;
  std::uint64_t rank;
};

std::optional<Rank> parse_rank(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0) return std::nullopt;
  auto bytes = decode_base64(line.substr(0, space));
  std::uint64_t rank = 0;
  const char* end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data() + space + 1, end, rank);
  if (!bytes || bytes->empty() || error != std::errc() || stop != end) return std::nullopt;
  return Rank{std::move(*bytes), rank};
}

}  // namespace

bool looks_like_tiktoken(std::string_view text) {
  const std::size_t end = text.find('\n');
  return end != std::string_view::npos && parse_rank(text.substr(0, end)).has_value();
}

LoadedParts parse_tiktoken(std::string_view text, std::string_view pre, const TokenizerConfig& config,
                           std::string_view source) {
  auto parts = std::make_shared<TokenizerParts>();
  parts->source = source;
  Spellings spellings;
  for_lines(text, [&](std::string_view line, std::size_t number) {
    if (line.empty()) return;
    const auto entry = parse_rank(line);
    if (!entry)
      fail("{}: line {} is '{}', expected base64, a space and a rank", source, number, printable(line));
    spellings.place(to_byte_alphabet(entry->bytes), entry->rank, text.size(), source);
  });
  fill(*parts, std::move(spellings), pre, config);
  parts->vocabulary.index_pieces();
  parts->model = std::make_unique<TiktokenBpe>(parts->vocabulary, source);
  return parts;
}

LoadedParts parse_vocab_and_merges(std::string_view vocab, std::string_view merges, std::string_view pre_name,
                                   const TokenizerConfig& config, std::string_view vocab_source,
                                   std::string_view merges_source) {
  auto parts = std::make_shared<TokenizerParts>();
  parts->source = vocab_source;
  const nlohmann::json json = parse_json(vocab, vocab_source);
  if (!json.is_object()) fail("{}: found {}, expected an object", vocab_source, json.type_name());
  Spellings spellings;
  for (const auto& [spelling, id] : json.items()) {
    if (!id.is_number_unsigned()) {
      fail("{}: the id of the token '{}' is not a natural number", vocab_source, printable(spelling));
    }
    if (!spelling.empty()) spellings.place(spelling, id.get<std::uint64_t>(), vocab.size(), vocab_source);
  }
  const PreName& pre = fill(*parts, std::move(spellings), pre_name, config);

  std::vector<RankedBpe::Pair> pairs;
  for_lines(merges, [&](std::string_view line, std::size_t number) {
    if (line.empty() || (number == 1 && line.starts_with("#version"))) return;
    const std::size_t space = line.find(' ');
    if (space == 0 || space == std::string_view::npos || space + 1 == line.size()) {
      fail("{}: line {} is '{}', expected two tokens with a space between them", merges_source, number,
           printable(line));
    }
    pairs.emplace_back(line.substr(0, space), line.substr(space + 1));
  });
  if (pre.ignore_merges) parts->vocabulary.index_pieces();
  const BpeOptions options{.byte_level = true, .ignore_merges = pre.ignore_merges};
  parts->model = std::make_unique<RankedBpe>(parts->vocabulary, pairs, options, merges_source);
  return parts;
}

}  // namespace pith
