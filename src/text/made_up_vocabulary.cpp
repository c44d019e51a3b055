// SentencePiece with byte fallback: the smallest vocabulary that every reader of GGUF knows.
#include "text/made_up_vocabulary.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace pith {

void add_made_up_vocabulary(Metadata& metadata, std::size_t size) {
  constexpr std::string_view kConsonants = "bcdfghjklmnprstvwyz", kVowels = "aeiou", kSpace = "\u2581";
  std::vector<std::string> tokens;
  std::vector<std::int32_t> types;
  const auto add = [&](std::string text, TokenType type = TokenType::Normal) {
    tokens.push_back(std::move(text));
    types.push_back(static_cast<std::int32_t>(type));
  };
  add("<unk>", TokenType::Unknown);
  add("<s>", TokenType::Control);
  add("</s>", TokenType::Control);
  for (int b = 0; b < 256; ++b) add(fmt::format("<0x{:02X}>", b), TokenType::Byte);
  add(std::string(kSpace));
  for (char c = '!'; c <= '~'; ++c) add(std::string(1, c));
  const std::size_t syllables = kConsonants.size() * kVowels.size();
  const auto syllable = [&](std::size_t i) {
    return std::string{kConsonants[i / kVowels.size()], kVowels[i % kVowels.size()]};
  };
  for (std::size_t i = 0; i < syllables; ++i) add(syllable(i));
  for (std::size_t word = 1; tokens.size() < size; ++word) {  // bijective numeration: no word comes twice
    std::string text;
    for (std::size_t rest = word; rest > 0; rest = (rest - 1) / syllables)
      text = syllable((rest - 1) % syllables) + text;
    add(std::string(kSpace) + text);
  }
  std::vector<float> scores(size);
  for (std::size_t i = 0; i < size; ++i) scores[i] = -static_cast<float>(i);
  metadata.set("tokenizer.ggml.model", "llama");
  metadata.set("tokenizer.ggml.tokens", std::vector<std::string_view>(tokens.begin(), tokens.end()));
  metadata.set("tokenizer.ggml.scores", scores);
  metadata.set("tokenizer.ggml.token_type", types);
  metadata.set("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
  metadata.set("tokenizer.ggml.bos_token_id", std::uint32_t{1});
  metadata.set("tokenizer.ggml.eos_token_id", std::uint32_t{2});
  metadata.set("tokenizer.ggml.add_bos_token", true);
}

}  // namespace pith
