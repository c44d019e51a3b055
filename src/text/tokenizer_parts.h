// What a Tokenizer consists of: filled by the loaders, immutable afterwards.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/added_tokens.h"
#include "text/normalizer.h"
#include "text/pretokenizer.h"
#include "text/token_model.h"
#include "text/vocabulary.h"

namespace pith {

enum class ModelKind { SentencePieceBpe, ByteLevelBpe, CharacterBpe, Unigram };

struct TokenizerParts {
  TokenizerParts() = default;
  TokenizerParts(const TokenizerParts&) = delete;  // the model refers to the vocabulary

  std::string source;  ///< the file, for messages
  Vocabulary vocabulary;

  AddedTokens added;             ///< found in the text as it is
  AddedTokens added_normalized;  ///< found after normalization
  Normalizer normalizer;
  Pretokenizer pretokenizer;
  std::string pre_name;  ///< GGUF's name of the pre-tokenizer, where it came from one
  ModelKind kind = ModelKind::ByteLevelBpe;
  std::unique_ptr<const TokenModel> model;
  /// No token holds a "▁" behind another character, so the text may be cut in front of each run of them.
  bool cut_at_metaspace = false;

  std::vector<TokenId> prefix, suffix;  ///< what add_special puts around the text
  bool strip_leading_space = false;     ///< decoding drops the space in front of the text
  std::optional<TokenId> bos, eos, unknown, pad;
  std::vector<TokenId> end_of_generation;  ///< sorted
  std::vector<bool> special;               ///< of each id: is it an added token
};

/// Fills what follows from the rest: `special`, `cut_at_metaspace`, the well-known tokens that end an answer.
void finish_parts(TokenizerParts& parts);

/// True if tokens have "▁" only in front.
bool has_metaspace_only_in_front(const Vocabulary& vocabulary);

/// An id from a file; throws Error, naming `what`, if it is outside the vocabulary.
TokenId checked_id(const TokenizerParts& parts, std::int64_t id, std::string_view what);

}  // namespace pith
