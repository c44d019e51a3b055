#include "generate/prefix_cache.h"

#include <algorithm>

#include "base/hash.h"

namespace pith {
namespace {

std::int64_t whole_pages(std::int64_t tokens) { return tokens / kTile * kTile; }

// Of the first page, the first two pages, ... Tokens are compared after a hash was found, so a collision
// costs a hit and nothing else.
std::vector<std::uint64_t> chained_hashes(std::span<const TokenId> tokens) {
  std::vector<std::uint64_t> hashes;
  Hash hash;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    hash.add(static_cast<std::uint32_t>(tokens[i]));
    if ((i + 1) % kTile == 0) hashes.push_back(hash.value());
  }
  return hashes;
}

}  // namespace

std::int64_t common_tokens(std::span<const TokenId> a, std::span<const TokenId> b) {
  return std::ranges::mismatch(a, b).in1 - a.begin();
}

std::int64_t common_pages(std::span<const TokenId> a, std::span<const TokenId> b) {
  return whole_pages(common_tokens(a, b));
}

PrefixCache::Hit PrefixCache::find(std::span<const TokenId> tokens) {
  Hit hit;
  if (tokens.empty() || entries_.empty()) return hit;
  const std::vector<std::uint64_t> hashes = chained_hashes(tokens.first(tokens.size() - 1));
  for (std::size_t pages = hashes.size(); pages > 0; --pages) {
    const auto found = index_.find(hashes[pages - 1]);
    if (found == index_.end()) continue;
    const auto [entry, forkable] = found->second;
    const std::size_t length = pages * kTile;
    if (!std::ranges::equal(tokens.first(length), std::span(entry->tokens).first(length))) continue;
    hit.seen = std::max(hit.seen, static_cast<std::int64_t>(length));
    if (!forkable) continue;
    // Behind the last whole page token by token: whoever writes there gets a copy of that page.
    const std::int64_t exact = common_tokens(tokens.first(tokens.size() - 1), entry->tokens);
    hit.length = entry->sequence.can_truncate(exact) ? exact : static_cast<std::int64_t>(length);
    hit.sequence = entry->sequence.fork_prefix(hit.length);
    entry->reused = std::max(entry->reused, hit.length);
    entries_.splice(entries_.begin(), entries_, entry);
    index(entry);
    break;
  }
  return hit;
}

void PrefixCache::insert(std::span<const TokenId> tokens, Sequence sequence) {
  const std::int64_t length = whole_pages(std::ssize(tokens));
  if (length == 0 || !sequence.can_truncate(length)) return;
  std::vector<std::uint64_t> hashes = chained_hashes(tokens);
  if (const auto known = index_.find(hashes.back()); known != index_.end() && known->second.forkable) {
    if (common_tokens(tokens, known->second.entry->tokens) == std::ssize(tokens)) return;
  }
  while (entries_.size() >= most_) evict();
  entries_.push_front({{tokens.begin(), tokens.end()}, std::move(sequence), std::move(hashes)});
  index(entries_.begin());
}

// An entry that was used just now takes the places of all others, save where only they can be forked.
void PrefixCache::index(std::list<Entry>::iterator entry) {
  for (std::size_t i = 0; i < entry->hashes.size(); ++i) {
    const bool forkable = entry->sequence.can_truncate(static_cast<std::int64_t>(i + 1) * kTile);
    const auto [place, fresh] = index_.try_emplace(entry->hashes[i], Place{entry, forkable});
    if (!fresh && (forkable || !place->second.forkable)) place->second = {entry, forkable};
  }
}

bool PrefixCache::evict() {
  if (entries_.empty()) return false;
  const auto last = std::prev(entries_.end());
  for (std::uint64_t hash : last->hashes) {
    const auto place = index_.find(hash);
    if (place != index_.end() && place->second.entry == last) index_.erase(place);
  }
  entries_.erase(last);
  return true;
}

void PrefixCache::clear() {
  index_.clear();
  entries_.clear();
}

}  // namespace pith
