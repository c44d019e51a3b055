// What lies beside a tokenizer file in a Hugging Face directory: tokenizer_config.json, and the ends of text
// that generation_config.json names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "text/tokenizer_parts.h"

namespace pith {

struct TokenizerConfig {
  std::string source;           ///< for messages
  std::string tokenizer_class;  ///< empty if unknown
  std::optional<std::string> bos, eos, unknown, pad;
  std::optional<bool> add_bos, add_eos;
  std::vector<AddedToken> added;  ///< added_tokens_decoder, in the order of the ids
  std::vector<std::int64_t> generation_ends;
};

/// Both files of the directory; what is absent stays empty. Throws Error if one is malformed.
TokenizerConfig read_tokenizer_config(const std::filesystem::path& directory);

/// The pre-tokenizer's name that goes with a tokenizer_class whose files do not hold the expression; empty if
/// the class is not known.
std::string_view pre_name_of_class(std::string_view tokenizer_class);

/// Sets the special tokens' ids and what add_special does, as far as the configuration says it.
void apply_config(const TokenizerConfig& config, TokenizerParts& parts);

}  // namespace pith
