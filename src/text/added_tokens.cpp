#include "text/added_tokens.h"

#include "base/error.h"
#include "base/utf8.h"
#include "text/unicode.h"

namespace pith {
namespace {

// Real ones have some dozens of bytes. The limit keeps a hostile file from making every text quadratic.
constexpr std::size_t kLongestToken = 4096;

std::size_t without_space_at_end(std::string_view text, std::size_t begin, std::size_t end) {
  while (end > begin) {
    std::size_t last = end - 1;
    while (last > begin && (static_cast<unsigned char>(text[last]) & 0xc0) == 0x80) --last;
    const Utf8Char c = decode_utf8(text.substr(last, end - last));
    if (!c.valid || last + c.length != end || !is_white_space(c.code)) break;
    end = last;
  }
  return end;
}

std::size_t after_space(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const Utf8Char c = decode_utf8(text.substr(at));
    if (!c.valid || !is_white_space(c.code)) break;
    at += c.length;
  }
  return at;
}

bool is_inside_word(std::string_view text, std::size_t begin, std::size_t end) {
  if (end < text.size() && is_word_character(decode_utf8(text.substr(end)).code)) return true;
  if (begin == 0) return false;
  std::size_t last = begin - 1;
  while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xc0) == 0x80) --last;
  return is_word_character(decode_utf8(text.substr(last, begin - last)).code);
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, std::string_view source)
    : tokens_(std::move(tokens)) {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const std::string& text = tokens_[i].text;
    if (text.empty()) fail("{}: the added token {} is empty", source, tokens_[i].id);
    if (text.size() > kLongestToken) {
      fail("{}: the added token {} has {} bytes; at most {} are supported", source, tokens_[i].id,
           text.size(), kLongestToken);
    }
    begins_[static_cast<unsigned char>(text[0])] = true;
    std::uint32_t node = 0;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (edges_.insert(node, byte, static_cast<std::uint32_t>(token_of_node_.size())))
        token_of_node_.push_back(-1);
      node = *edges_.find(node, byte);
    }
    token_of_node_[node] = static_cast<std::int32_t>(i);
  }
}

const AddedToken* AddedTokens::longest_at(std::string_view text, std::size_t at, bool special) const {
  const AddedToken* longest = nullptr;
  if (!begins_[static_cast<unsigned char>(text[at])]) return longest;
  std::uint32_t node = 0;
  for (; at < text.size(); ++at) {
    const std::uint32_t* next = edges_.find(node, static_cast<unsigned char>(text[at]));
    if (!next) break;
    node = *next;
    if (token_of_node_[node] < 0) continue;
    const AddedToken& token = tokens_[static_cast<std::size_t>(token_of_node_[node])];
    if (special || !token.special) longest = &token;
  }
  return longest;
}

std::vector<AddedTokens::Part> AddedTokens::split(std::string_view text, bool special) const {
  std::vector<Part> parts;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const AddedToken* token = longest_at(text, at, special);
    if (!token) {
      ++at;
      continue;
    }
    const std::size_t end = at + token->text.size();
    if (token->single_word && is_inside_word(text, at, end)) {
      at = end;
      continue;
    }
    const std::size_t before = token->lstrip ? without_space_at_end(text, done, at) : at;
    if (before > done) parts.push_back({text.substr(done, before - done), -1});
    parts.push_back({text.substr(at, token->text.size()), token->id});
    done = at = token->rstrip ? after_space(text, end) : end;
  }
  if (done < text.size()) parts.push_back({text.substr(done), -1});
  return parts;
}

}  // namespace pith
