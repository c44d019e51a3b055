// A tokenizer of single bytes with the special tokens of the lab, as files beside each other.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace pith::lab {

inline constexpr std::int64_t kByteVocabulary = 259;
inline constexpr std::int32_t kEndOfText = 256;

/// Byte b is token b; then <|endoftext|>, <|im_start|>, <|im_end|>. Writes tokenizer.json and
/// chat_template.jinja into the folder.
inline void write_byte_tokenizer(const std::filesystem::path& folder) {
  nlohmann::ordered_json vocabulary, added = nlohmann::ordered_json::array();
  // GPT-2's printable stand-ins: a byte that is no printable character is 256 and so on.
  char32_t next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    const char32_t c = printable ? static_cast<char32_t>(byte) : next++;
    std::string text;
    if (c < 0x80) {
      text = static_cast<char>(c);
    } else {
      text = {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
    }
    vocabulary[text] = byte;
  }
  for (const char* special : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) {
    added.push_back({{"id", 256 + added.size()},
                     {"content", special},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  const nlohmann::ordered_json level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  const nlohmann::ordered_json tokenizer = {
      {"version", "1.0"},
      {"added_tokens", added},
      {"normalizer", nullptr},
      {"pre_tokenizer", level},
      {"post_processor", nullptr},
      {"decoder", level},
      {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", nlohmann::ordered_json::array()}}}};
  std::ofstream(folder / "tokenizer.json") << tokenizer;
  std::ofstream(folder / "chat_template.jinja")
      << "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
         "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
}

}  // namespace pith::lab
