#include "text/tokenizer_parts.h"

#include <algorithm>

#include "base/error.h"

namespace pith {
namespace {

// Names of tokens that end an answer, whatever the file says about them (llama.cpp has the same list): few
// files state more than one, and models end turns with others.
constexpr std::string_view kEndings[] = {"<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>",
                                         "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>",
                                         "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>",
                                         "<eos>", "<end_of_utterance>", "<turn|>", "<|tool_response>", "[e~[",
                                         "<｜end▁of▁sentence｜>",
                                         // fill-in-the-middle: padding, and what begins another file
                                         "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<|fim_repo|>",
                                         "<|repo_name|>", "<fim-repo>", "<reponame>", "<|file_sep|>"};

void find_endings(TokenizerParts& parts) {
  auto& endings = parts.end_of_generation;
  if (parts.eos) endings.push_back(*parts.eos);
  const auto find = [&](std::string_view name) { return parts.vocabulary.find(name); };
  for (const std::string_view name : kEndings) {
    const auto id = find(name);
    if (!id) continue;
    const TokenType type = parts.vocabulary.type(*id);
    // A normal token of that name is text that users may write; only the file can make it an ending.
    if (type == TokenType::Control || type == TokenType::UserDefined) endings.push_back(*id);
  }
  const auto drop = [&](std::string_view name) {
    if (const auto id = find(name); id && id != parts.eos) std::erase(endings, *id);
  };
  // Harmony's messages end with <|end|> and go on; only <|return|> and <|call|> end the answer. Solar's too.
  if ((find("<|return|>") && find("<|call|>")) || (find("<|calls|>") && find("<|flush|>"))) drop("<|end|>");
  if (find("<|tool_response>")) drop("</s>");  // Gemma 4 has it as an HTML tag
  std::sort(endings.begin(), endings.end());
  endings.erase(std::unique(endings.begin(), endings.end()), endings.end());
}

}  // namespace

bool has_metaspace_only_in_front(const Vocabulary& vocabulary) {
  if (!vocabulary.find(kMetaspace)) return false;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    const TokenType type = vocabulary.type(id);
    if (type != TokenType::Normal && type != TokenType::UserDefined) continue;
    const std::string_view text = vocabulary.spelling(id);
    std::size_t front = 0;
    while (text.substr(front).starts_with(kMetaspace)) front += kMetaspace.size();
    if (text.find(kMetaspace, front) != std::string_view::npos) return false;
  }
  return true;
}

void finish_parts(TokenizerParts& parts) {
  parts.special.assign(static_cast<std::size_t>(parts.vocabulary.size()), false);
  for (const AddedTokens* set : {&parts.added, &parts.added_normalized}) {
    for (const AddedToken& token : set->tokens()) parts.special[static_cast<std::size_t>(token.id)] = true;
  }
  parts.cut_at_metaspace =
      parts.kind != ModelKind::ByteLevelBpe && has_metaspace_only_in_front(parts.vocabulary);
  find_endings(parts);
}

TokenId checked_id(const TokenizerParts& parts, std::int64_t id, std::string_view what) {
  if (id < 0 || id >= parts.vocabulary.size()) {
    fail("{}: {} is {}, outside the vocabulary of {} tokens", parts.source, what, id,
         parts.vocabulary.size());
  }
  return static_cast<TokenId>(id);
}

}  // namespace pith
