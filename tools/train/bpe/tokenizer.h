// pith-lab tokenizer: trains the vocabulary, writes it as Hugging Face files, and the corpus as token
// streams.
#pragma once

#include <filesystem>

#include "train/bpe/bpe.h"
#include "train/config.h"

namespace pith::lab {

inline constexpr const char* kEndOfText = "<|endoftext|>";
inline constexpr const char* kTurnStart = "<|im_start|>";
inline constexpr const char* kTurnEnd = "<|im_end|>";

/// Keys: seed (of the order of the documents), vocabulary (its size), corpus, folder (of the tokenizer with
/// its chat template), plain_folder (of the same without one, for base models), tokens (folder of the
/// streams).
///
/// Words are cut as GGUF's pre-tokenizer "smollm" does it: every digit is a word, else GPT-2's expression.
/// Ids 0 to 2 are <|endoftext|> (EOS), <|im_start|>, <|im_end|>.
///
/// Writes tokens/{pretrain,validation}.u16: little-endian ids, each document ended by <|endoftext|>, in an
/// order drawn by the seed; and tokens/report.json: documents, tokens and derivation entropy per token of
/// each kind.
void make_tokenizer(const Config& config);

/// tokenizer.json, tokenizer_config.json, and chat_template.jinja where `chat`.
void write_tokenizer(const std::filesystem::path& folder, const BpeVocabulary& vocabulary, bool chat);

}  // namespace pith::lab
