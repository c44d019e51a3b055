#include "text/charsmap.h"

#include <cstring>

#include "base/error.h"
#include "base/utf8.h"

namespace pith {
namespace {

// A unit of the double array (darts.h): bits 0-7 the label with bit 31 marking a leaf, bit 8 whether a value
// follows, bits 10-30 the offset, to be shifted by 8 where bit 9 is set.
std::uint32_t label_of(std::uint32_t unit) { return unit & 0x800000ffu; }
bool has_leaf(std::uint32_t unit) { return (unit >> 8) & 1u; }
std::uint32_t offset_of(std::uint32_t unit) { return (unit >> 10) << ((unit & 0x200u) >> 6); }
std::uint32_t value_of(std::uint32_t unit) { return unit & 0x7fffffffu; }

}  // namespace

CharsMap::CharsMap(std::string_view blob, std::string_view source) : blob_(blob) {
  std::uint32_t bytes = 0;
  if (blob_.size() >= sizeof bytes) std::memcpy(&bytes, blob_.data(), sizeof bytes);
  if (bytes == 0 || bytes % 4 != 0 || bytes > blob_.size() - sizeof bytes) {
    fail("{}: the precompiled character map of {} bytes states a trie of {} bytes", source, blob_.size(),
         bytes);
  }
  trie_.resize(bytes / 4);
  std::memcpy(trie_.data(), blob_.data() + sizeof bytes, bytes);
  replacements_ = std::string_view(blob_).substr(sizeof bytes + bytes);
  if (!replacements_.empty() && replacements_.back() != '\0') {
    fail("{}: the replacements of the precompiled character map do not end with a null byte", source);
  }
}

CharsMap::Match CharsMap::longest_match(std::string_view text) const {
  Match best{0, {}};
  std::size_t node = 0;
  if (trie_.empty()) return best;
  node ^= offset_of(trie_[0]);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (byte == 0 || node >= trie_.size() || label_of(trie_[node]) != byte) break;
    const std::uint32_t unit = trie_[node];
    node ^= offset_of(unit);
    if (node >= trie_.size()) break;
    if (has_leaf(unit)) {
      const std::size_t at = value_of(trie_[node]);
      if (at < replacements_.size()) {
        best = {i + 1, replacements_.substr(at, replacements_.find('\0', at) - at)};
      }
    }
  }
  return best;
}

std::string CharsMap::apply(std::string_view text) const {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Match match = longest_match(text);
    if (match.length == 0) {
      match.length = decode_utf8(text).length;
      match.replacement = text.substr(0, match.length);
    }
    out.append(match.replacement);
    text.remove_prefix(match.length);
  }
  return out;
}

}  // namespace pith
