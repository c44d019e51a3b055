// Tokenizers from GGUF's tokenizer.ggml.* keys (docs/gguf.md of ggml-org/ggml; llama.cpp's
// src/llama-vocab.cpp for what they mean).
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "format/metadata.h"
#include "text/bpe.h"
#include "text/pre_names.h"
#include "text/spm.h"
#include "text/tokenizer_parts.h"
#include "text/unigram.h"

namespace pith {
namespace {

constexpr std::string_view kTokens = "tokenizer.ggml.tokens";
constexpr std::string_view kTypes = "tokenizer.ggml.token_type";
constexpr std::string_view kScores = "tokenizer.ggml.scores";
constexpr std::string_view kMerges = "tokenizer.ggml.merges";

class GgufLoader {
 public:
  GgufLoader(const Metadata& metadata, TokenizerParts& parts) : metadata_(metadata), parts_(parts) {
    parts_.source = printable(metadata.source(), std::string::npos);
  }

  void load() {
    const auto model = metadata_.find<std::string_view>("tokenizer.ggml.model");
    if (!model || *model == "no_vocab" || *model == "none" || !metadata_.has(kTokens)) {
      fail("{}: the file holds no vocabulary ({})", parts_.source,
           !model                    ? "no tokenizer.ggml.model"
           : !metadata_.has(kTokens) ? "no tokenizer.ggml.tokens"
                                     : printable(*model));
    }
    if (*model == "llama") {
      load_sentencepiece();
    } else if (*model == "gpt2") {
      load_bpe(metadata_.get_or<std::string_view>("tokenizer.ggml.pre", "default"));
    } else if (*model == "gemma4") {
      load_bpe("gemma4");
    } else if (*model == "t5") {
      load_unigram();
    } else {
      fail("{}: tokenizer.ggml.model is '{}'; supported are llama, gpt2, gemma4 and t5", parts_.source,
           printable(*model));
    }
    finish_parts(parts_);
  }

 private:
  std::span<const std::string_view> strings(std::string_view key) const {
    const MetaValue* value = metadata_.find_raw(key);
    if (!value || !value->array || value->type != MetaType::String) {
      fail("{}: {} is {}, expected an array of strings", parts_.source, key,
           value ? name_of(value->type) : "missing");
    }
    return value->strings;
  }

  /// The elements of an array of 32-bit numbers with one element a token; nothing if the key is absent.
  template <class T>
  std::vector<T> per_token(std::string_view key, std::size_t tokens) const {
    const MetaValue* value = metadata_.find_raw(key);
    if (!value) return {};
    const bool integers = value->type == MetaType::I32 || value->type == MetaType::U32;
    if (!value->array || !(integers || (std::is_same_v<T, float> && value->type == MetaType::F32))) {
      fail("{}: {} holds {}, expected an array of {}", parts_.source, key, name_of(value->type),
           std::is_same_v<T, float> ? "f32" : "i32");
    }
    if (value->count != tokens) {
      fail("{}: {} has {} elements for {} tokens", parts_.source, key, value->count, tokens);
    }
    std::vector<T> out(tokens);
    if (tokens == 0) return out;
    if (integers && std::is_same_v<T, float>) {
      std::vector<std::int32_t> raw(tokens);
      std::memcpy(raw.data(), value->data, tokens * sizeof raw[0]);
      std::copy(raw.begin(), raw.end(), out.begin());
    } else {
      std::memcpy(out.data(), value->data, tokens * sizeof out[0]);
    }
    return out;
  }

  void load_vocabulary(const PieceRule& rule) {
    const auto tokens = strings(kTokens);
    if (tokens.empty()) fail("{}: {} is empty", parts_.source, kTokens);
    std::vector<TokenType> types(tokens.size(), TokenType::Normal);
    const auto numbers = per_token<std::int32_t>(kTypes, tokens.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] < 0 || numbers[i] > 6) {
        fail("{}: {}[{}] is {}, expected 1 to 6", parts_.source, kTypes, i, numbers[i]);
      }
      if (numbers[i] != 0) types[i] = static_cast<TokenType>(numbers[i]);  // 0, undefined, is taken as normal
    }
    auto scores = per_token<float>(kScores, tokens.size());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (std::isnan(scores[i])) fail("{}: {}[{}] is not a number", parts_.source, kScores, i);
    }
    parts_.vocabulary = Vocabulary(tokens, std::move(types), std::move(scores), rule, parts_.source);
    load_ids();
    load_added_tokens();
  }

  std::optional<TokenId> id(std::string_view key, std::optional<TokenId> fallback = std::nullopt) const {
    const auto value = metadata_.find<std::uint32_t>(key);
    if (!value) return fallback && *fallback < parts_.vocabulary.size() ? fallback : std::nullopt;
    if (*value == 0xffffffff) return std::nullopt;  // some writers say "none" so
    return checked_id(parts_, *value, key);
  }

  void load_ids() {
    const bool llama = metadata_.get<std::string_view>("tokenizer.ggml.model") == "llama";
    const auto standard = [llama](TokenId i) { return llama ? std::optional(i) : std::nullopt; };
    parts_.bos = id("tokenizer.ggml.bos_token_id", standard(1));
    parts_.eos = id("tokenizer.ggml.eos_token_id", standard(2));
    parts_.unknown = id("tokenizer.ggml.unknown_token_id", standard(0));
    parts_.pad = id("tokenizer.ggml.padding_token_id");
    for (const std::string_view key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
      if (const auto ending = id(key)) parts_.end_of_generation.push_back(*ending);
    }
  }

  void load_added_tokens() {
    // The files do not say which tokens take the white space behind them with them; those of Phi-3 do.
    std::string name(metadata_.get_or<std::string_view>("general.name", ""));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool phi3 = name.find("phi-3") != std::string::npos || name.find("phi3") != std::string::npos;
    std::vector<AddedToken> added;
    for (TokenId i = 0; i < parts_.vocabulary.size(); ++i) {
      const TokenType type = parts_.vocabulary.type(i);
      const std::string_view text = parts_.vocabulary.spelling(i);
      const bool special = type == TokenType::Control || type == TokenType::Unknown;
      if ((!special && type != TokenType::UserDefined) || text.empty()) continue;
      const bool rstrip = phi3 && text != "<unk>" && text != "<s>" && text != "<|endoftext|>";
      added.push_back({.id = i, .text = std::string(text), .special = special, .rstrip = rstrip});
    }
    parts_.added = AddedTokens(std::move(added), parts_.source);
  }

  void add_bos_eos(bool bos_default, bool eos_default) {
    const bool bos = metadata_.get_or<bool>("tokenizer.ggml.add_bos_token", bos_default);
    const bool eos = metadata_.get_or<bool>("tokenizer.ggml.add_eos_token", eos_default);
    if (bos && parts_.bos) parts_.prefix = {*parts_.bos};
    if (eos && parts_.eos) parts_.suffix = {*parts_.eos};
  }

  void metaspace_normalizer(bool prefix_default) {
    const bool prefix = metadata_.get_or<bool>("tokenizer.ggml.add_space_prefix", prefix_default);
    if (metadata_.get_or<bool>("tokenizer.ggml.remove_extra_whitespaces", false))
      parts_.normalizer.add(SqueezeSpaces{});
    if (prefix) parts_.normalizer.add(Prepend{" "});
    parts_.normalizer.add(Replace{.pattern = " ", .regex = {}, .content = std::string(kMetaspace)});
    parts_.strip_leading_space = prefix;
  }

  void load_sentencepiece() {
    load_vocabulary({.replace = {{std::string(kMetaspace), " "}}});
    if (!parts_.vocabulary.has_scores()) fail("{}: {} is missing", parts_.source, kScores);
    parts_.kind = ModelKind::SentencePieceBpe;
    metaspace_normalizer(true);
    parts_.model = std::make_unique<SentencePieceBpe>(parts_.vocabulary, parts_.unknown, parts_.source);
    add_bos_eos(true, false);
  }

  void load_unigram() {
    load_vocabulary({.replace = {{std::string(kMetaspace), " "}}});
    if (!parts_.vocabulary.has_scores()) fail("{}: {} is missing", parts_.source, kScores);
    parts_.kind = ModelKind::Unigram;
    if (const MetaValue* map = metadata_.find_raw("tokenizer.ggml.precompiled_charsmap")) {
      if (!map->array || (map->type != MetaType::I8 && map->type != MetaType::U8)) {
        fail("{}: tokenizer.ggml.precompiled_charsmap holds {}, expected an array of u8", parts_.source,
             name_of(map->type));
      }
      const std::string_view blob(reinterpret_cast<const char*>(map->data), map->count);
      parts_.normalizer.add(Precompiled{std::make_shared<CharsMap>(blob, parts_.source)});
    }
    metaspace_normalizer(true);
    parts_.model = std::make_unique<Unigram>(parts_.vocabulary, parts_.unknown, true);
    add_bos_eos(false, true);
  }

  void load_bpe(std::string_view name) {
    const PreName* pre = find_pre_name(name);
    if (!pre) {
      fail("{}: tokenizer.ggml.pre is '{}', which is not known; the text could only be cut wrongly",
           parts_.source, printable(name));
    }
    PieceRule rule{.byte_level = pre->byte_level};
    if (!pre->byte_level) rule.replace = {{std::string(kMetaspace), " "}};
    load_vocabulary(rule);
    parts_.pre_name = name;
    parts_.pretokenizer = make_pretokenizer(*pre);
    parts_.kind = pre->byte_level ? ModelKind::ByteLevelBpe : ModelKind::CharacterBpe;
    parts_.normalizer = make_normalizer(*pre);
    if (!pre->byte_level) metaspace_normalizer(false);
    if (pre->ignore_merges) parts_.vocabulary.index_pieces();
    const BpeOptions options{.byte_level = pre->byte_level,
                             .byte_fallback = !pre->byte_level,
                             .ignore_merges = pre->ignore_merges,
                             .whole_newlines = !pre->byte_level,
                             .unknown = pre->byte_level ? std::nullopt : parts_.unknown};
    const auto merges = split_merges();
    parts_.model = std::make_unique<RankedBpe>(parts_.vocabulary, merges, options, parts_.source);
    add_bos_eos(pre->add_bos, false);
  }

  std::vector<RankedBpe::Pair> split_merges() const {
    std::vector<RankedBpe::Pair> out;
    const auto lines = strings(kMerges);
    out.reserve(lines.size());
    for (const std::string_view line : lines) {
      const std::size_t space = line.find(' ', 1);
      if (line.empty() || space == std::string_view::npos || space + 1 == line.size()) {
        fail("{}: {}[{}] is '{}', expected two tokens with a space between them", parts_.source, kMerges,
             out.size(), printable(line));
      }
      out.emplace_back(line.substr(0, space), line.substr(space + 1));
    }
    return out;
  }

  const Metadata& metadata_;
  TokenizerParts& parts_;
};

}  // namespace

Tokenizer Tokenizer::from_metadata(const Metadata& metadata) {
  auto parts = std::make_shared<TokenizerParts>();
  GgufLoader(metadata, *parts).load();
  return Tokenizer(std::move(parts));
}

}  // namespace pith
