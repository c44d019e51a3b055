// Tokenizers from Hugging Face's tokenizer.json.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "text/bpe.h"
#include "text/json_components.h"
#include "text/loaders.h"
#include "text/unigram.h"

namespace pith {
namespace {

using nlohmann::json;

class JsonLoader {
 public:
  JsonLoader(const json& root, std::size_t file_size, TokenizerParts& parts)
      : root_(root), file_size_(file_size), parts_(parts) {}

  void load() {
    model_ = &member(root_, "model", parts_.source);
    if (!model_->is_object())
      fail("{}: the model is {}, expected an object", parts_.source, model_->type_name());
    const std::string type = model_->contains("type")     ? string_member(*model_, "type", parts_.source)
                             : model_->contains("merges") ? "BPE"  // files older than the tag
                                                          : "without type";
    if (type != "BPE" && type != "Unigram") {
      fail("{}: the model '{}' is not supported; BPE and Unigram are", parts_.source, printable(type));
    }
    parts_.normalizer = parse_normalizer(part("normalizer"), parts_.source);
    pre_ = parse_pretokenizer(part("pre_tokenizer"), parts_.source);
    decoder_ = parse_decoder(part("decoder"), parts_.source);
    if (pre_.byte_level != decoder_.rule.byte_level) {
      fail("{}: {} is ByteLevel and {} is not", parts_.source,
           pre_.byte_level ? "the pre-tokenizer" : "the decoder",
           pre_.byte_level ? "the decoder" : "the pre-tokenizer");
    }
    if (type == "BPE") {
      load_bpe();
    } else {
      load_unigram();
    }
    parts_.pretokenizer = std::move(pre_.steps);
    parts_.strip_leading_space = decoder_.strip_leading_space;
    parse_post_processor(part("post_processor"), parts_);
    if (!parts_.prefix.empty()) parts_.bos = parts_.prefix.front();  // tokenizer_config.json may name another
  }

 private:
  const json& part(const char* key) const {
    static const json none;
    const auto it = root_.find(key);
    return it == root_.end() ? none : *it;
  }

  /// Notes a token at its id; ids above the file's size in bytes cannot be real.
  void place(std::string_view spelling, std::int64_t id) {
    if (id < 0 || static_cast<std::uint64_t>(id) >= file_size_) {
      fail("{}: the token '{}' has the id {}, which is out of range", parts_.source, printable(spelling), id);
    }
    const auto at = static_cast<std::size_t>(id);
    if (at >= spellings_.size()) {
      spellings_.resize(at + 1);
      types_.resize(at + 1, TokenType::Unused);  // holes stay so
    }
    if (!spellings_[at].empty() && spellings_[at] != spelling) {
      fail("{}: the tokens '{}' and '{}' have the same id {}", parts_.source, printable(spellings_[at]),
           printable(spelling), id);
    }
    spellings_[at] = spelling;
    types_[at] = TokenType::Normal;
  }

  /// The added tokens, whose spellings stay in the JSON. Ids that the model has for them count.
  void place_added(std::vector<AddedToken>& added, const auto& id_of) {
    const json& list = part("added_tokens");
    if (list.is_null()) return;
    if (!list.is_array()) fail("{}: added_tokens is {}, expected an array", parts_.source, list.type_name());
    for (const json& token : list) {
      const json& id = member(token, "id", parts_.source);
      if (!id.is_number_integer()) fail("{}: the id of an added token is {}", parts_.source, id.type_name());
      const json& content = member(token, "content", parts_.source);
      if (!content.is_string())
        fail("{}: the content of an added token is {}", parts_.source, content.type_name());
      const auto& text = content.get_ref<const std::string&>();
      const auto flag = [&](const char* key) { return bool_member(token, key, false, parts_.source); };
      const std::int64_t known = id_of(text);
      const std::int64_t at = known >= 0 ? known : id.get<std::int64_t>();
      place(text, at);
      added.push_back({.id = static_cast<TokenId>(at),
                       .text = text,
                       .special = flag("special"),
                       .lstrip = flag("lstrip"),
                       .rstrip = flag("rstrip"),
                       .single_word = flag("single_word"),
                       .normalized = flag("normalized")});
    }
    for (const AddedToken& token : added) {
      types_[static_cast<std::size_t>(token.id)] =
          token.special ? TokenType::Control : TokenType::UserDefined;
    }
  }

  void finish_vocabulary(std::vector<AddedToken> added, std::vector<float> scores, bool byte_tokens,
                         std::optional<std::int64_t> unknown) {
    if (byte_tokens) {
      for (std::size_t i = 0; i < spellings_.size(); ++i) {
        if (types_[i] == TokenType::Normal && byte_of_spelling(spellings_[i])) types_[i] = TokenType::Byte;
      }
    }
    if (unknown) {
      if (*unknown < 0 || static_cast<std::size_t>(*unknown) >= spellings_.size()) {
        fail("{}: the unknown token is {}, outside the vocabulary of {} tokens", parts_.source, *unknown,
             spellings_.size());
      }
      parts_.unknown = static_cast<TokenId>(*unknown);
      types_[static_cast<std::size_t>(*unknown)] = TokenType::Unknown;
    }
    if (!scores.empty()) scores.resize(spellings_.size(), 0.0f);
    parts_.vocabulary =
        Vocabulary(spellings_, std::move(types_), std::move(scores), decoder_.rule, parts_.source);
    std::vector<AddedToken> raw, normalized;
    for (AddedToken& token : added) {
      if (token.normalized) {
        token.text = parts_.normalizer.normalize(token.text);
        if (!token.text.empty()) normalized.push_back(std::move(token));
      } else {
        raw.push_back(std::move(token));
      }
    }
    parts_.added = AddedTokens(std::move(raw), parts_.source);
    parts_.added_normalized = AddedTokens(std::move(normalized), parts_.source);
  }

  std::optional<std::string> optional_string(const char* key) const {
    const auto it = model_->find(key);
    if (it == model_->end() || it->is_null()) return std::nullopt;
    return string_member(*model_, key, parts_.source);
  }

  void load_bpe() {
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (const auto affix = optional_string(key); affix && !affix->empty()) {
        fail("{}: a BPE model with {} '{}' is not supported", parts_.source, key, printable(*affix));
      }
    }
    const json& vocab = member(*model_, "vocab", parts_.source);
    if (!vocab.is_object()) fail("{}: the vocab is {}, expected an object", parts_.source, vocab.type_name());
    for (const auto& [spelling, id] : vocab.items()) {
      if (!id.is_number_integer()) {
        fail("{}: the id of the token '{}' is {}", parts_.source, printable(spelling), id.type_name());
      }
      place(spelling, id.get<std::int64_t>());
    }
    std::vector<AddedToken> added;
    place_added(added, [&](const std::string& text) {
      const auto it = vocab.find(text);
      return it == vocab.end() ? -1 : it->get<std::int64_t>();
    });
    BpeOptions options{.byte_level = pre_.byte_level,
                       .byte_fallback = bool_member(*model_, "byte_fallback", false, parts_.source),
                       .ignore_merges = bool_member(*model_, "ignore_merges", false, parts_.source),
                       .fuse_unknown = bool_member(*model_, "fuse_unk", false, parts_.source)};
    std::optional<std::int64_t> unknown;
    if (const auto name = optional_string("unk_token")) {
      const auto it = vocab.find(*name);
      if (it == vocab.end())
        fail("{}: the unknown token '{}' is not in the vocabulary", parts_.source, printable(*name));
      unknown = it->get<std::int64_t>();
    }
    finish_vocabulary(std::move(added), {}, options.byte_fallback, unknown);
    options.unknown = parts_.unknown;
    if (options.byte_level && options.ignore_merges) parts_.vocabulary.index_pieces();
    parts_.kind = options.byte_level ? ModelKind::ByteLevelBpe : ModelKind::CharacterBpe;
    const auto merges = read_merges();
    parts_.model = std::make_unique<RankedBpe>(parts_.vocabulary, merges, options, parts_.source);
  }

  /// "a b", or ["a", "b"] in newer files.
  std::vector<RankedBpe::Pair> read_merges() const {
    const json& merges = member(*model_, "merges", parts_.source);
    if (!merges.is_array()) fail("{}: merges is {}, expected an array", parts_.source, merges.type_name());
    std::vector<RankedBpe::Pair> out;
    out.reserve(merges.size());
    for (const json& merge : merges) {
      if (merge.is_string()) {
        const std::string_view line = merge.get_ref<const std::string&>();
        const std::size_t space = line.find(' ');
        if (space == 0 || space == std::string_view::npos || space + 1 == line.size()) {
          fail("{}: merge {} is '{}', expected two tokens with a space between them", parts_.source,
               out.size(), printable(line));
        }
        out.emplace_back(line.substr(0, space), line.substr(space + 1));
      } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
        out.emplace_back(merge[0].get_ref<const std::string&>(), merge[1].get_ref<const std::string&>());
      } else {
        fail("{}: merge {} is {}, expected a string or two", parts_.source, out.size(), merge.type_name());
      }
    }
    return out;
  }

  void load_unigram() {
    if (pre_.byte_level)
      fail("{}: a Unigram model with a ByteLevel pre-tokenizer is not supported", parts_.source);
    const json& vocab = member(*model_, "vocab", parts_.source);
    if (!vocab.is_array()) fail("{}: the vocab is {}, expected an array", parts_.source, vocab.type_name());
    std::vector<float> scores;
    scores.reserve(vocab.size());
    for (const json& entry : vocab) {
      if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
        fail("{}: vocab[{}] is not [piece, score]", parts_.source, scores.size());
      }
      place(entry[0].get_ref<const std::string&>(), static_cast<std::int64_t>(scores.size()));
      scores.push_back(entry[1].get<float>());
    }
    std::vector<AddedToken> added;
    std::unordered_map<std::string_view, std::int64_t> ids;
    for (std::size_t i = 0; i < vocab.size(); ++i) ids.emplace(spellings_[i], static_cast<std::int64_t>(i));
    place_added(added, [&](const std::string& text) {
      const auto it = ids.find(text);
      return it == ids.end() ? -1 : it->second;
    });
    std::optional<std::int64_t> unknown;
    if (const auto it = model_->find("unk_id"); it != model_->end() && !it->is_null()) {
      if (!it->is_number_integer())
        fail("{}: unk_id is {}, expected an integer", parts_.source, it->type_name());
      unknown = it->get<std::int64_t>();
    }
    const bool byte_fallback = bool_member(*model_, "byte_fallback", false, parts_.source);
    finish_vocabulary(std::move(added), std::move(scores), byte_fallback, unknown);
    parts_.kind = ModelKind::Unigram;
    parts_.model = std::make_unique<Unigram>(parts_.vocabulary, parts_.unknown, byte_fallback);
  }

  const json& root_;
  std::size_t file_size_;
  TokenizerParts& parts_;
  const json* model_ = nullptr;
  ParsedPretokenizer pre_;
  ParsedDecoder decoder_;
  std::vector<std::string_view> spellings_;  // views of the JSON
  std::vector<TokenType> types_;
};

}  // namespace

LoadedParts parse_tokenizer_json(std::string_view text, std::string_view source) {
  const json root = parse_json(text, source);
  auto parts = std::make_shared<TokenizerParts>();
  parts->source = source;
  JsonLoader(root, text.size(), *parts).load();
  return parts;
}

LoadedParts load_tokenizer_json(const std::filesystem::path& path) {
  return parse_tokenizer_json(read_file(path), path.string());
}

}  // namespace pith
