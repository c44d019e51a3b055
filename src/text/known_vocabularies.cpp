#include "text/known_vocabularies.h"

#include <algorithm>
#include <span>

#include "base/error.h"

namespace pith {
namespace {

struct Special {
  TokenId id;
  std::string_view text;
};

// openai/tiktoken, tiktoken_ext/openai_public.py
constexpr Special kR50k[] = {{50256, "<|endoftext|>"}};
constexpr Special kCl100k[] = {{100257, "<|endoftext|>"},
                               {100258, "<|fim_prefix|>"},
                               {100259, "<|fim_middle|>"},
                               {100260, "<|fim_suffix|>"},
                               {100276, "<|endofprompt|>"}};
constexpr Special kO200k[] = {{199999, "<|endoftext|>"}, {200018, "<|endofprompt|>"}};
// meta-llama/llama-models, models/llama3/tokenizer.py; the others up to 128255 are reserved
constexpr Special kLlama3[] = {
    {128000, "<|begin_of_text|>"},   {128001, "<|end_of_text|>"},   {128004, "<|finetune_right_pad_id|>"},
    {128006, "<|start_header_id|>"}, {128007, "<|end_header_id|>"}, {128008, "<|eom_id|>"},
    {128009, "<|eot_id|>"},          {128010, "<|python_tag|>"}};
// QwenLM/Qwen, tokenization_note.md; <|extra_0|> to <|extra_204|> follow
constexpr Special kQwen[] = {{151643, "<|endoftext|>"}, {151644, "<|im_start|>"}, {151645, "<|im_end|>"}};

struct Row {
  KnownVocabulary vocabulary;
  std::span<const Special> special;
  std::string_view filler;  // of the ids in between and behind, counted from 0
  TokenId end;
};
constexpr Row kRows[] = {
    {{50256, "gpt-2", "<|endoftext|>", "<|endoftext|>", false}, kR50k, "", 50257},
    {{100256, "dbrx", "", "<|endoftext|>", false}, kCl100k, "", 100277},
    {{199998, "gpt-4o", "", "<|endoftext|>", false}, kO200k, "", 200019},
    {{128000, "llama-bpe", "<|begin_of_text|>", "<|end_of_text|>", true},
     kLlama3,
     "<|reserved_special_token_{}|>",
     128256},
    {{151643, "qwen2", "", "<|endoftext|>", false}, kQwen, "<|extra_{}|>", 151851},
};

}  // namespace

const KnownVocabulary* find_known_vocabulary(std::size_t ranks) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows),
                                 [ranks](const Row& r) { return r.vocabulary.ranks == ranks; });
  return row == std::end(kRows) ? nullptr : &row->vocabulary;
}

std::vector<AddedToken> special_tokens_of(const KnownVocabulary& known) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows),
                                 [&](const Row& r) { return r.vocabulary.ranks == known.ranks; });
  std::vector<AddedToken> out;
  int filler = 0;
  for (auto id = static_cast<TokenId>(known.ranks); id < row->end; ++id) {
    const auto named =
        std::find_if(row->special.begin(), row->special.end(), [id](const Special& s) { return s.id == id; });
    if (named != row->special.end()) {
      out.push_back({.id = id, .text = std::string(named->text), .special = true});
    } else if (!row->filler.empty()) {
      out.push_back({.id = id, .text = fmt::format(fmt::runtime(row->filler), filler++), .special = true});
    }
  }
  return out;
}

}  // namespace pith
