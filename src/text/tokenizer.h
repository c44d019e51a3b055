// Text to token ids and back, as the reference tokenizer of each model does it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pith {

class Metadata;
struct TokenizerParts;

using TokenId = std::int32_t;

struct EncodeOptions {
  bool add_special = false;    ///< begin and end as the model wants it: BOS, EOS
  bool parse_special = false;  ///< special tokens written in the text become their ids; never for user text
  /// Taken out of the text after special tokens were recognised: marks that keep the parts of a text that
  /// are not to be recognised apart (see guard_special).
  std::string_view guard{};
};

/// A vocabulary with everything that turns text into its ids. Cheap to copy (the contents are shared and
/// immutable) and safe to use from many threads. It owns its data: nothing it was loaded from has to stay.
/// Every function that takes an id throws Error if it is outside the vocabulary.
class Tokenizer {
 public:
  /// From GGUF's tokenizer.ggml.* keys. Throws Error: no vocabulary, an unknown kind or pre-tokenizer name, a
  /// malformed table.
  static Tokenizer from_metadata(const Metadata& metadata);

  /// From a tokenizer file or a directory that holds one: tokenizer.json, tokenizer.model (SentencePiece or
  /// tiktoken), *.tiktoken, vocab.json + merges.txt, encoder.json + vocab.bpe (either of the pair),
  /// llama2.c's *.bin, *.gguf. tokenizer_config.json and generation_config.json beside the file are read too.
  /// `pre` names the pre-tokenizer (GGUF's names: "gpt-2", "llama-bpe", "qwen2", ...) where the file does not
  /// say it. Throws Error.
  static Tokenizer open(const std::filesystem::path& file_or_directory, std::string_view pre = {});

  /// True if the directory holds a tokenizer file that `open` takes.
  static bool is_in(const std::filesystem::path& directory);

  /// Any bytes are valid input. In byte-level vocabularies, and those with byte fallback, bytes that are not
  /// UTF-8 become the tokens of these bytes.
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;

  /// `text` with `guard` behind every character but the last of what would be recognised as a special token.
  /// Such text goes through a chat template and is then no token to encode(parse_special, guard).
  std::string guard_special(std::string_view text, std::string_view guard) const;

  /// The text of a whole sequence: without the space that SentencePiece puts in front of a text. Control
  /// tokens (BOS, EOS, ...) have text only `with_special`.
  std::string decode(std::span<const TokenId> ids, bool with_special = false) const;

  /// The bytes that this token adds to a text when it is not the first one; a part of a UTF-8 character is
  /// possible. Control tokens give their name ("<|im_end|>").
  std::string_view piece(TokenId id) const;
  /// The token as the vocabulary spells it ("▁the", "Ġthe", "<0x0A>").
  std::string_view spelling(TokenId id) const;

  /// Number of ids: 0 .. size() - 1.
  int size() const;
  bool contains(TokenId id) const { return id >= 0 && id < size(); }

  std::optional<TokenId> bos() const;
  std::optional<TokenId> eos() const;
  std::optional<TokenId> unknown() const;
  std::optional<TokenId> pad() const;

  /// Whether add_special puts BOS first (EOS last).
  bool adds_bos() const;
  bool adds_eos() const;

  /// The tokens that end an answer: EOS, end of turn, end of message and their like, in increasing order.
  std::span<const TokenId> end_of_generation() const;
  bool is_end_of_generation(TokenId id) const;

  /// A token that user text must not turn into: control and unknown tokens.
  bool is_control(TokenId id) const;
  /// A token recognised as a whole in text, before the rest is tokenized: control tokens, and added tokens
  /// that are plain text ("<tool_call>", runs of spaces).
  bool is_special(TokenId id) const;

  /// The id of a token, spelled as in the vocabulary or as its text ("<|im_start|>", "Ġthe", " the").
  std::optional<TokenId> find(std::string_view token) const;

  /// "SentencePiece BPE", "byte-level BPE", "Unigram", with the pre-tokenizer's name where there is one.
  std::string description() const;

  /// Writes GGUF's tokenizer.ggml.* keys, such that llama.cpp and from_metadata tokenize alike. Throws Error
  /// where GGUF cannot say it, for example a regular expression that no tokenizer.ggml.pre name stands for.
  void to_metadata(Metadata& metadata) const;

  /// For the loaders.
  explicit Tokenizer(std::shared_ptr<const TokenizerParts> parts) : parts_(std::move(parts)) {}
  const TokenizerParts& parts() const { return *parts_; }

 private:
  TokenId checked(TokenId id) const;
  std::shared_ptr<const TokenizerParts> parts_;
};

/// Turns ids into text one at a time, never giving half a UTF-8 character.
class StreamDecoder {
 public:
  /// `continues`: the ids come after others (an answer after its prompt), so that a leading space of the
  /// first one is part of the text.
  explicit StreamDecoder(Tokenizer tokenizer, bool continues, bool with_special = false);

  /// The text that is certain after one more id; may be empty. Bytes that can never become a character come
  /// out as they are. An id outside the vocabulary throws Error.
  std::string add(TokenId id);
  /// What was held back; the end of the text.
  std::string finish();

 private:
  Tokenizer tokenizer_;
  std::string held_;
  bool at_start_;
  bool with_special_;
};

}  // namespace pith
