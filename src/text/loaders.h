// The tokenizer files there are, each read into TokenizerParts; Tokenizer::open chooses among them.
#pragma once

#include <memory>
#include <string_view>

#include "text/tokenizer_config.h"
#include "text/tokenizer_parts.h"

namespace pith {

using LoadedParts = std::shared_ptr<TokenizerParts>;

// All take the file's contents, and its name for messages; all throw Error for whatever is not as it should
// be. What they leave to the caller is apply_config() and finish_parts().

/// Hugging Face's tokenizer.json.
LoadedParts parse_tokenizer_json(std::string_view text, std::string_view source);

/// SentencePiece's ModelProto (tokenizer.model).
LoadedParts parse_sentencepiece(std::string_view bytes, std::string_view source);
/// The same vocabulary as llama2.c writes it (tokenizer.bin).
LoadedParts parse_llama2c(std::string_view bytes, std::string_view source);

/// tiktoken: lines of base64 and a rank. The file has neither special tokens nor the regular expression:
/// `pre` names the latter, and may be empty for the vocabularies that are known by their number of ranks;
/// special tokens come from `config`, or are those that go with the vocabulary.
LoadedParts parse_tiktoken(std::string_view text, std::string_view pre, const TokenizerConfig& config,
                           std::string_view source);
/// True if the text begins like such a file.
bool looks_like_tiktoken(std::string_view text);

/// GPT-2's pair: token to id as JSON, and one merge a line. Special tokens as for tiktoken.
LoadedParts parse_vocab_and_merges(std::string_view vocab, std::string_view merges, std::string_view pre,
                                   const TokenizerConfig& config, std::string_view vocab_source,
                                   std::string_view merges_source);

}  // namespace pith
