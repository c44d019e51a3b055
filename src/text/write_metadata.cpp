// Tokenizers into GGUF's tokenizer.ggml.* keys: the other way round of load_gguf.cpp.
#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/utf8.h"
#include "format/metadata.h"
#include "text/bpe.h"
#include "text/pre_names.h"
#include "text/tokenizer_parts.h"

namespace pith {
namespace {

class GgufWriter {
 public:
  GgufWriter(const TokenizerParts& parts, Metadata& metadata) : parts_(parts), metadata_(metadata) {}

  void write() {
    switch (parts_.kind) {
      case ModelKind::ByteLevelBpe: byte_level(); break;
      case ModelKind::SentencePieceBpe: sentencepiece("llama", scores_of_vocabulary()); break;
      case ModelKind::CharacterBpe: sentencepiece("llama", scores_of_merges()); break;
      case ModelKind::Unigram: sentencepiece("t5", scores_of_vocabulary()); break;
    }
    special_tokens();
  }

 private:
  [[noreturn]] void cannot(std::string_view what) const {
    fail("{}: GGUF has no way to say {}", parts_.source, what);
  }

  // --- the tables --------------------------------------------------------------------------------

  void tokens() {
    const Vocabulary& v = parts_.vocabulary;
    std::vector<std::string> holes;  // other readers want every id to have a name
    holes.reserve(static_cast<std::size_t>(v.size()));
    std::vector<std::string_view> spellings;
    std::vector<std::int32_t> types;
    for (TokenId id = 0; id < v.size(); ++id) {
      std::string_view spelling = v.spelling(id);
      if (spelling.empty()) spelling = holes.emplace_back(fmt::format("[PAD{}]", id));
      spellings.push_back(spelling);
      types.push_back(static_cast<std::int32_t>(v.type(id)));
    }
    metadata_.set("tokenizer.ggml.tokens", spellings);
    metadata_.set("tokenizer.ggml.token_type", types);
  }

  void merges(const std::vector<std::pair<TokenId, TokenId>>& pairs) {
    std::vector<std::string> lines;
    lines.reserve(pairs.size());
    for (const auto& [left, right] : pairs) {
      const std::string_view l = parts_.vocabulary.spelling(left), r = parts_.vocabulary.spelling(right);
      if (l.find(' ') != std::string_view::npos || r.find(' ') != std::string_view::npos) {
        cannot(fmt::format("the merge of '{}' and '{}', which hold spaces", printable(l), printable(r)));
      }
      lines.push_back(fmt::format("{} {}", l, r));
    }
    metadata_.set("tokenizer.ggml.merges", std::vector<std::string_view>(lines.begin(), lines.end()));
  }

  void special_tokens() {
    const auto id = [&](std::string_view key, std::optional<TokenId> token) {
      if (token) metadata_.set(key, static_cast<std::uint32_t>(*token));
    };
    id("tokenizer.ggml.bos_token_id", parts_.bos);
    id("tokenizer.ggml.eos_token_id", parts_.eos);
    id("tokenizer.ggml.unknown_token_id", parts_.unknown);
    id("tokenizer.ggml.padding_token_id", parts_.pad);
    const auto ending = std::find_if(parts_.end_of_generation.begin(), parts_.end_of_generation.end(),
                                     [&](TokenId t) { return t != parts_.eos; });
    if (ending != parts_.end_of_generation.end()) id("tokenizer.ggml.eot_token_id", *ending);
    const auto only = [&](const std::vector<TokenId>& ids, std::optional<TokenId> token,
                          std::string_view what) {
      if (ids.empty()) return false;
      if (!token || ids != std::vector{*token}) cannot(what);
      return true;
    };
    metadata_.set("tokenizer.ggml.add_bos_token",
                  only(parts_.prefix, parts_.bos, "that something else than BOS begins a text"));
    metadata_.set("tokenizer.ggml.add_eos_token",
                  only(parts_.suffix, parts_.eos, "that something else than EOS ends a text"));
  }

  // --- byte-level BPE ----------------------------------------------------------------------------

  void byte_level() {
    const auto* ranked = dynamic_cast<const RankedBpe*>(parts_.model.get());
    const auto* tiktoken = dynamic_cast<const TiktokenBpe*>(parts_.model.get());
    std::string pre = parts_.pre_name;
    if (pre.empty()) {
      const PreName* row =
          name_of(parts_.pretokenizer, parts_.normalizer, ranked && ranked->options().ignore_merges);
      if (!row) cannot("how this tokenizer cuts text: " + steps());
      pre = row->name;
    }
    metadata_.set("tokenizer.ggml.model", "gpt2");
    metadata_.set("tokenizer.ggml.pre", std::string_view(pre));
    tokens();
    merges(ranked ? ranked->merges() : tiktoken->merges());
  }

  /// What no name stands for, for the message.
  std::string steps() const {
    std::string out = parts_.normalizer.empty() ? "" : "a normalizer, ";
    for (const PretokenizerStep& step : parts_.pretokenizer.steps()) {
      const Split* split = std::get_if<Split>(&step);
      out += split ? "'" + printable(split->regex.expression(), 400) + "', "
                   : std::string(std::holds_alternative<PrefixSpace>(step) ? "a space in front of words, "
                                                                           : "Metaspace, ");
    }
    return out.empty() ? "not at all" : out.substr(0, out.size() - 2);
  }

  // --- SentencePiece -----------------------------------------------------------------------------

  void sentencepiece(std::string_view model, const std::vector<float>& scores) {
    metadata_.set("tokenizer.ggml.model", model);
    metadata_.set("tokenizer.ggml.pre", "default");
    tokens();
    metadata_.set("tokenizer.ggml.scores", scores);
    const Spaces spaces = spaces_of();
    metadata_.set("tokenizer.ggml.add_space_prefix", spaces.prefix);
    if (spaces.squeeze) metadata_.set("tokenizer.ggml.remove_extra_whitespaces", true);
  }

  struct Spaces {
    bool prefix = false, squeeze = false, escaped = false;
  };

  /// The normalizer and pre-tokenizer, if all they do is SentencePiece's treatment of spaces. (Whether a
  /// text behind a special token gets its "▁" too differs between the two worlds; GGUF has one switch for
  /// both.)
  Spaces spaces_of() const {
    Spaces out;
    for (const NormalizerStep& step : parts_.normalizer.steps()) {
      const auto* prepend = std::get_if<Prepend>(&step);
      const auto* replace = std::get_if<Replace>(&step);
      if (prepend && (prepend->content == " " || prepend->content == kMetaspace)) {
        out.prefix = true;
      } else if (replace && !replace->regex && replace->pattern == " " && replace->content == kMetaspace) {
        out.escaped = true;
      } else if (std::holds_alternative<SqueezeSpaces>(step)) {
        out.squeeze = true;
      } else {
        cannot("what this tokenizer's normalizer does");
      }
    }
    for (const PretokenizerStep& step : parts_.pretokenizer.steps()) {
      const auto* metaspace = std::get_if<Metaspace>(&step);
      const auto* split = std::get_if<Split>(&step);
      if (metaspace && metaspace->replacement == kMetaspace) {
        out.prefix |= metaspace->prepend != Metaspace::Prepend::Never;
        out.escaped = true;
      } else if (!(split && out.escaped && split->regex.expression() == Regex::literal(" "))) {
        cannot("how this tokenizer cuts text: " + steps());  // a Split at spaces finds none any more
      }
    }
    if (!out.escaped) cannot("that spaces are no '▁'");
    return out;
  }

  std::vector<float> scores_of_vocabulary() const {
    std::vector<float> out;
    for (TokenId id = 0; id < parts_.vocabulary.size(); ++id) out.push_back(parts_.vocabulary.score(id));
    return out;
  }

  /// The later its first merge, the lower a token's score, so that SentencePiece's rule merges in the order
  /// of the ranks. Tokens that no merge makes come last of all.
  std::vector<float> scores_of_merges() const {
    const Vocabulary& v = parts_.vocabulary;
    const auto pairs = dynamic_cast<const RankedBpe&>(*parts_.model).merges();
    const auto lowest = -static_cast<float>(pairs.size()) - 1;
    std::vector<float> out(static_cast<std::size_t>(v.size()), lowest);
    std::string joined;
    for (std::size_t rank = pairs.size(); rank-- > 0;) {
      joined.assign(v.spelling(pairs[rank].first)).append(v.spelling(pairs[rank].second));
      if (const auto id = v.find(joined)) out[static_cast<std::size_t>(*id)] = -static_cast<float>(rank) - 1;
    }
    for (TokenId id = 0; id < v.size(); ++id) {
      const std::string_view spelling = v.spelling(id);
      const bool character = !spelling.empty() && decode_utf8(spelling).length == spelling.size();
      if (character || v.type(id) != TokenType::Normal) out[static_cast<std::size_t>(id)] = 0;
    }
    return out;
  }

  const TokenizerParts& parts_;
  Metadata& metadata_;
};

}  // namespace

void Tokenizer::to_metadata(Metadata& metadata) const { GgufWriter(*parts_, metadata).write(); }

}  // namespace pith
