#include "text/thinking.h"

#include <algorithm>
#include <utility>

namespace pith {
namespace {

/// The first whose signature a template has is the right one, so what is special stands before what is
/// common.
const std::vector<ThinkingMarkers>& table() {
  static const std::vector<ThinkingMarkers> rows = {
      // gpt-oss (harmony): channels
      {"<|channel|>analysis",
       "<|channel|>analysis<|message|>",
       "<|end|>",
       {"<|start|>assistant", "<|channel|>final<|message|>"}},
      // Gemma 4
      {"<|channel>thought", "<|channel>thought", "<channel|>", {}},
      // Solar Open
      {"assistant<|think|>", "<|think|>", "<|end|>", {"<|begin|>assistant", "<|content|>"}},
      // Muse Glimmer: messages to itself
      {"assistant to=self<|message|>",
       " to=self<|message|>",
       "<|eom|>",
       {"<|start|>assistant", " to=user<|message|>"}},
      // Kimi K3
      {"open_tag('think')",
       "<|open|>think<|sep|>",
       "<|close|>think<|sep|>",
       {"<|open|>response<|sep|>", "<|close|>response<|sep|>"}},
      // Command A and R
      {"<|START_THINKING|>",
       "<|START_THINKING|>",
       "<|END_THINKING|>",
       {"<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"}},
      // Seed-OSS
      {"<seed:think>", "<seed:think>", "</seed:think>", {}},
      // MiniMax M3
      {"<mm:think>", "<mm:think>", "</mm:think>", {}},
      // Hunyuan 3
      {"'<think{}>'", "<think:opensource>", "</think:opensource>", {}},
      // Ministral and Magistral
      {"[THINK]", "[THINK]", "[/THINK]", {}},
      // Apriel
      {"[BEGIN FINAL RESPONSE]",
       "Here are my reasoning steps:",
       "[BEGIN FINAL RESPONSE]",
       {"[END FINAL RESPONSE]"}},
      // Granite 3.3
      {"<response></response>", "<think>", "</think>", {"<response>", "</response>"}},
      // DeepSeek R1, Qwen 3, GLM 4.5 and most others
      {"</think>", "<think>", "</think>", {}},
      {"<think>", "<think>", "</think>", {}},
  };
  return rows;
}

std::string_view without_line_ends(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  return text;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// The length of the longest end of `text` that is the beginning of `marker`, but not all of it.
std::size_t partial_marker(std::string_view text, std::string_view marker) {
  std::size_t length = std::min(text.size(), marker.size() - 1);
  while (length > 0 && !ends_with(text, marker.substr(0, length))) --length;
  return length;
}

}  // namespace

const ThinkingMarkers* find_thinking_markers(std::string_view template_source) {
  for (const ThinkingMarkers& markers : table()) {
    if (template_source.find(markers.signature) != std::string_view::npos) return &markers;
  }
  return nullptr;
}

bool are_special(const ThinkingMarkers& markers, const Tokenizer& tokenizer) {
  const auto has = [&](std::string_view marker) { return tokenizer.guard_special(marker, "\x01") != marker; };
  return has(markers.open) || has(markers.close) || std::ranges::any_of(markers.frame, has);
}

ThinkingSplitter::ThinkingSplitter(const ThinkingMarkers* markers, std::string_view prompt)
    : markers_(markers) {
  if (!markers_) return;
  const std::size_t last = prompt.find_last_not_of(" \t\r\n");
  thinking_ = ends_with(prompt.substr(0, last + 1), markers_->open);
}

void ThinkingSplitter::emit(std::string_view text, std::vector<Piece>& out) {
  if (at_start_ && markers_) text = without_line_ends(text);
  if (text.empty()) return;
  at_start_ = false;
  if (out.empty() || out.back().thinking != thinking_) out.push_back({thinking_, ""});
  out.back().text += text;
}

void ThinkingSplitter::pass_markers(std::vector<Piece>& out) {
  std::vector<std::string_view> wanted = markers_->frame;
  for (;;) {
    const std::string_view turn = thinking_ ? markers_->close : markers_->open;
    wanted.push_back(turn);
    std::size_t first = std::string::npos;
    std::string_view found;
    for (const std::string_view marker : wanted) {
      if (const std::size_t at = held_.find(marker); at < first) first = at, found = marker;
    }
    wanted.pop_back();
    if (first == std::string::npos) break;
    emit(std::string_view(held_).substr(0, first), out);
    held_.erase(0, first + found.size());
    if (found == turn) thinking_ = !thinking_;
    at_start_ = true;
  }
  wanted.push_back(thinking_ ? markers_->close : markers_->open);
  std::size_t kept = 0;
  for (const std::string_view marker : wanted) kept = std::max(kept, partial_marker(held_, marker));
  emit(std::string_view(held_).substr(0, held_.size() - kept), out);
  held_.erase(0, held_.size() - kept);
}

std::vector<ThinkingSplitter::Piece> ThinkingSplitter::push(std::string_view text) {
  std::vector<Piece> out;
  if (!markers_) {
    emit(text, out);
    return out;
  }
  held_ += text;
  pass_markers(out);
  return out;
}

std::vector<ThinkingSplitter::Piece> ThinkingSplitter::finish() {
  std::vector<Piece> out;
  emit(std::exchange(held_, {}), out);
  return out;
}

}  // namespace pith
