// The pre-tokenizers that GGUF files name (tokenizer.ggml.pre).
#pragma once

#include <span>
#include <string_view>

#include "text/normalizer.h"
#include "text/pretokenizer.h"

namespace pith {

/// What a name stands for. The names and what goes with them are llama.cpp's (src/llama-vocab.cpp); the
/// expressions are those of the models' own tokenizer.json, each isolating what it matches, one after
/// another.
struct PreName {
  std::string_view name;
  std::span<const std::string_view> expressions;
  bool ignore_merges = false;
  bool add_bos = false;    ///< where the file does not say it
  bool byte_level = true;  ///< false: the text in UTF-8 with "▁" for spaces (SentencePiece's way)
};

/// nullptr if there is no such name.
const PreName* find_pre_name(std::string_view name);
std::span<const PreName> all_pre_names();

Pretokenizer make_pretokenizer(const PreName& pre);
/// NFC where the models of that name have it in their tokenizer.json (GGUF does not say it).
Normalizer make_normalizer(const PreName& pre);

/// The first name in the table that means the same as these steps; nullptr if there is none.
const PreName* name_of(const Pretokenizer& pretokenizer, const Normalizer& normalizer, bool ignore_merges);

}  // namespace pith
