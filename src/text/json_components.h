// The parts of a tokenizer.json that are not its model: normalizer, pre-tokenizer, post-processor, decoder
// (the "type" tags of Hugging Face tokenizers' serialization). A kind that is not known is an Error naming
// it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "text/normalizer.h"
#include "text/pretokenizer.h"
#include "text/vocabulary.h"

namespace pith {

struct TokenizerParts;

/// `json` is null where the file has none. `source` names the file in messages.
Normalizer parse_normalizer(const nlohmann::json& json, std::string_view source);

struct ParsedPretokenizer {
  Pretokenizer steps;
  bool byte_level = false;  ///< the words are bytes in GPT-2's alphabet
};
ParsedPretokenizer parse_pretokenizer(const nlohmann::json& json, std::string_view source);

struct ParsedDecoder {
  PieceRule rule;
  bool strip_leading_space = false;
};
ParsedDecoder parse_decoder(const nlohmann::json& json, std::string_view source);

/// Adds to parts.prefix and parts.suffix what the post-processor puts around a single text.
void parse_post_processor(const nlohmann::json& json, TokenizerParts& parts);

/// A member that has to be there with that type; Error says which of `source` is not.
const nlohmann::json& member(const nlohmann::json& json, const char* key, std::string_view source);
std::string string_member(const nlohmann::json& json, const char* key, std::string_view source);
bool bool_member(const nlohmann::json& json, const char* key, bool fallback, std::string_view source);

}  // namespace pith
