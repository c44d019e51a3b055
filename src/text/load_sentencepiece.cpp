// SentencePiece models: tokenizer.model, a protobuf (sentencepiece_model.proto in google/sentencepiece), and
// the excerpt of it that llama2.c uses.
#include <bit>
#include <cmath>
#include <cstring>

#include "base/bytes.h"
#include "base/error.h"
#include "text/loaders.h"
#include "text/spm.h"
#include "text/unigram.h"

namespace pith {
namespace {

/// Protobuf's wire format, checked.
class ProtoReader {
 public:
  ProtoReader(std::string_view bytes, std::string_view source) : bytes_(bytes), source_(source) {}

  struct Field {
    std::uint64_t number;
    std::uint64_t value = 0;      ///< of a varint or a fixed number
    std::string_view bytes = {};  ///< of a length-delimited field
    float as_float() const {
      const auto bits = static_cast<std::uint32_t>(value);
      float f;
      std::memcpy(&f, &bits, sizeof f);
      return f;
    }
  };

  bool next(Field& field) {
    if (bytes_.empty()) return false;
    const std::uint64_t tag = varint();
    field = {.number = tag >> 3};
    switch (tag & 7) {
      case 0: field.value = varint(); break;
      case 1: field.value = fixed(8); break;
      case 2: field.bytes = take(varint()); break;
      case 5: field.value = fixed(4); break;
      default: malformed();
    }
    return true;
  }

 private:
  [[noreturn]] void malformed() const {
    fail("{}: malformed or truncated; expected a SentencePiece model (protobuf) or tiktoken's lines",
         source_);
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) malformed();
      const auto byte = static_cast<unsigned char>(bytes_[0]);
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    malformed();
  }

  std::uint64_t fixed(std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, take(size).data(), size);
    return value;
  }

  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size()) malformed();
    const std::string_view out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return out;
  }

  std::string_view bytes_, source_;
};

enum class ProtoModel { Unigram = 1, Bpe = 2 };

/// What a ModelProto says; the defaults are the schema's.
struct Proto {
  std::vector<std::string_view> pieces;
  std::vector<float> scores;
  std::vector<TokenType> types;
  std::uint64_t model = 1;
  bool byte_fallback = false, whitespace_as_suffix = false;
  std::int64_t unknown = 0, bos = 1, eos = 2, pad = -1;
  std::string_view charsmap;
  bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
};

void read_piece(std::string_view bytes, std::string_view source, Proto& out) {
  std::string_view piece;
  float score = 0;
  std::uint64_t type = 1;
  ProtoReader reader(bytes, source);
  for (ProtoReader::Field f; reader.next(f);) {
    if (f.number == 1) piece = f.bytes;
    if (f.number == 2) score = f.as_float();
    if (f.number == 3) type = f.value;
  }
  if (type < 1 || type > 6 || std::isnan(score)) {
    fail("{}: piece {} ('{}') has the type {} and the score {}", source, out.pieces.size(), printable(piece),
         type, score);
  }
  out.pieces.push_back(piece);
  out.scores.push_back(score);
  out.types.push_back(static_cast<TokenType>(type));
}

void read_trainer(std::string_view bytes, std::string_view source, Proto& out) {
  ProtoReader reader(bytes, source);
  for (ProtoReader::Field f; reader.next(f);) {
    // Negative int32 values are varints of 64 bits.
    const auto number = static_cast<std::int64_t>(f.value);
    switch (f.number) {
      case 3: out.model = f.value; break;
      case 24: out.whitespace_as_suffix = f.value != 0; break;
      case 35: out.byte_fallback = f.value != 0; break;
      case 40: out.unknown = number; break;
      case 41: out.bos = number; break;
      case 42: out.eos = number; break;
      case 43: out.pad = number; break;
      default: break;
    }
  }
}

void read_normalizer(std::string_view bytes, std::string_view source, Proto& out) {
  ProtoReader reader(bytes, source);
  for (ProtoReader::Field f; reader.next(f);) {
    switch (f.number) {
      case 2: out.charsmap = f.bytes; break;
      case 3: out.add_dummy_prefix = f.value != 0; break;
      case 4: out.remove_extra_whitespaces = f.value != 0; break;
      case 5: out.escape_whitespaces = f.value != 0; break;
      default: break;
    }
  }
}

Proto read_proto(std::string_view bytes, std::string_view source) {
  Proto out;
  ProtoReader reader(bytes, source);
  for (ProtoReader::Field f; reader.next(f);) {
    if (f.number == 1) read_piece(f.bytes, source, out);
    if (f.number == 2) read_trainer(f.bytes, source, out);
    if (f.number == 3) read_normalizer(f.bytes, source, out);
  }
  if (out.pieces.empty()) fail("{}: holds no pieces; expected a SentencePiece model", source);
  if (out.model != 1 && out.model != 2) {
    fail("{}: the SentencePiece model type {} is not supported; 1 (Unigram) and 2 (BPE) are", source,
         out.model);
  }
  if (out.whitespace_as_suffix || !out.escape_whitespaces) {
    fail("{}: a SentencePiece model with {} is not supported", source,
         out.whitespace_as_suffix ? "white space as suffix" : "white space that is not escaped");
  }
  return out;
}

void add_control_tokens(TokenizerParts& parts) {
  std::vector<AddedToken> added;
  for (TokenId i = 0; i < parts.vocabulary.size(); ++i) {
    const TokenType type = parts.vocabulary.type(i);
    const bool special = type == TokenType::Control || type == TokenType::Unknown;
    if (!special && type != TokenType::UserDefined) continue;
    if (parts.vocabulary.spelling(i).empty()) continue;
    added.push_back({.id = i, .text = std::string(parts.vocabulary.spelling(i)), .special = special});
  }
  parts.added = AddedTokens(std::move(added), parts.source);
}

const PieceRule kSpaces{.replace = {{std::string(kMetaspace), " "}}};

}  // namespace

LoadedParts parse_sentencepiece(std::string_view bytes, std::string_view source) {
  Proto proto = read_proto(bytes, source);
  auto parts = std::make_shared<TokenizerParts>();
  parts->source = source;
  parts->vocabulary =
      Vocabulary(proto.pieces, std::move(proto.types), std::move(proto.scores), kSpaces, source);
  const auto id = [&](std::int64_t i) {
    return i >= 0 && i < parts->vocabulary.size() ? std::optional(static_cast<TokenId>(i)) : std::nullopt;
  };
  parts->unknown = id(proto.unknown);
  parts->bos = id(proto.bos);
  parts->eos = id(proto.eos);
  parts->pad = id(proto.pad);
  add_control_tokens(*parts);
  if (!proto.charsmap.empty()) {
    parts->normalizer.add(Precompiled{std::make_shared<CharsMap>(proto.charsmap, source)});
  }
  if (proto.remove_extra_whitespaces) parts->normalizer.add(SqueezeSpaces{});
  if (proto.add_dummy_prefix) parts->normalizer.add(Prepend{" "});
  parts->normalizer.add(Replace{.pattern = " ", .regex = {}, .content = std::string(kMetaspace)});
  parts->strip_leading_space = proto.add_dummy_prefix;
  if (proto.model == static_cast<std::uint64_t>(ProtoModel::Bpe)) {
    parts->kind = ModelKind::SentencePieceBpe;
    parts->model = std::make_unique<SentencePieceBpe>(parts->vocabulary, parts->unknown, source);
  } else {
    parts->kind = ModelKind::Unigram;
    parts->model = std::make_unique<Unigram>(parts->vocabulary, parts->unknown, proto.byte_fallback);
  }
  if (parts->bos) parts->prefix = {*parts->bos};  // as Llama's code does; a tokenizer_config.json may differ
  return parts;
}

LoadedParts parse_llama2c(std::string_view bytes, std::string_view source) {
  ByteReader reader(std::as_bytes(std::span(bytes)), source);
  reader.read<std::uint32_t>("the longest token's length");
  std::vector<std::string> spellings;
  std::vector<float> scores;
  while (reader.remaining() > 0) {
    scores.push_back(std::bit_cast<float>(reader.read<std::uint32_t>("a score")));
    const auto length = reader.read<std::uint32_t>("a token's length");
    const auto text = reader.take(length, "a token");
    std::string& spelling = spellings.emplace_back(reinterpret_cast<const char*>(text.data()), text.size());
    if (std::isnan(scores.back()))
      fail("{}: the score of token {} is not a number", source, scores.size() - 1);
    replace_all(spelling, " ", kMetaspace);
  }
  // The order is SentencePiece's: unknown, BOS, EOS (these two between newlines), the bytes, the rest.
  constexpr std::size_t kFirstNormal = 3 + 256;
  if (spellings.size() < kFirstNormal || spellings[1] != "\n<s>\n" || spellings[2] != "\n</s>\n") {
    fail("{}: not a tokenizer of llama2.c: BOS, EOS and the 256 bytes do not come first", source);
  }
  spellings[1] = "<s>";
  spellings[2] = "</s>";
  std::vector<TokenType> types(spellings.size(), TokenType::Normal);
  types[0] = TokenType::Unknown;
  types[1] = types[2] = TokenType::Control;
  std::fill(types.begin() + 3, types.begin() + kFirstNormal, TokenType::Byte);
  auto parts = std::make_shared<TokenizerParts>();
  parts->source = source;
  const std::vector<std::string_view> views(spellings.begin(), spellings.end());
  parts->vocabulary = Vocabulary(views, std::move(types), std::move(scores), kSpaces, source);
  parts->unknown = 0;
  parts->bos = 1;
  parts->eos = 2;
  parts->prefix = {1};
  add_control_tokens(*parts);
  parts->normalizer.add(Prepend{" "});
  parts->normalizer.add(Replace{.pattern = " ", .regex = {}, .content = std::string(kMetaspace)});
  parts->strip_leading_space = true;
  parts->kind = ModelKind::SentencePieceBpe;
  parts->model = std::make_unique<SentencePieceBpe>(parts->vocabulary, parts->unknown, source);
  return parts;
}

}  // namespace pith
