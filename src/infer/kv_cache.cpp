#include "infer/kv_cache.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.h"

namespace pith {
namespace {

std::int64_t pages_for(std::int64_t positions) { return (positions + kTile - 1) / kTile; }

// A window of a sequence never holds more than itself, a step, the page it begins in and the page that
// truncation can count on.
std::int64_t window_pages(int window, std::int64_t step) { return pages_for(window + step) + 3; }

// Floats that a recurrent layer keeps of a sequence: the last inputs of its convolution, and its matrices.
std::size_t recurrent_state(const Spec& spec, const LayerSpec& l) {
  if (l.mixer == Mixer::ShortConv)
    return static_cast<std::size_t>(l.short_conv - 1) * static_cast<std::size_t>(spec.width);
  const DeltaSpec& d = l.delta;
  return static_cast<std::size_t>(d.taps - 1) * static_cast<std::size_t>(d.channels()) +
         static_cast<std::size_t>(d.value_heads) * static_cast<std::size_t>(d.key_dim) *
             static_cast<std::size_t>(d.value_dim);
}

std::size_t row_bytes(DType type, int n, const char* what) {
  const TypeInfo& info = type_info(type);
  if (n % info.block != 0) {
    fail("a {} cache of type {} needs a head size that is a multiple of {}, this model has {}", what,
         info.name, info.block, n);
  }
  return static_cast<std::size_t>(n / info.block * info.bytes);
}

}  // namespace

// Groups and offsets, before any memory is taken.
struct KvCache::Layout {
  std::vector<Layer> layers;
  std::vector<int> windows;              // of each group; 0: none
  std::vector<std::size_t> page_bytes;   // of each group
  std::vector<std::int64_t> page_count;  // of each group
  std::size_t state_floats = 0;          // of a sequence

  Layout(const Spec& spec, KvTypes types, std::int64_t positions, int sequences, std::int64_t step) {
    for (const LayerSpec& l : spec.layers) {
      const AttentionSpec& a = l.attention;
      if (l.mixer != Mixer::Attention) {
        layers.push_back({.state = state_floats});
        state_floats += recurrent_state(spec, l);
        continue;
      }
      if (a.kv_layer >= 0) {  // it reads that one's
        layers.push_back(layers[static_cast<std::size_t>(a.kv_layer)]);
        continue;
      }
      const int window = a.window > 0 ? a.window : a.chunk;
      std::size_t group = static_cast<std::size_t>(std::ranges::find(windows, window) - windows.begin());
      if (group == windows.size()) {
        windows.push_back(window);
        page_bytes.push_back(0);
      }
      Layer layer{.group = static_cast<int>(group), .k_offset = page_bytes[group], .k_type = types.k};
      layer.k_row = row_bytes(types.k, a.head_dim, "key");
      std::size_t end = layer.k_offset + layer.k_row * kTile * a.kv_heads;
      if (a.latent.kv_rank > 0) {
        layer.v_offset = layer.k_offset, layer.v_row = layer.k_row, layer.v_type = types.k;
        row_bytes(types.k, a.value_dim, "latent");
      } else {
        layer.v_offset = end, layer.v_row = row_bytes(types.v, a.value_dim, "value"), layer.v_type = types.v;
        end += layer.v_row * kTile * a.kv_heads;
      }
      page_bytes[group] = (end + 63) & ~std::size_t{63};
      layers.push_back(layer);
    }
    for (int window : windows) {
      // Every sequence may end within a page.
      const std::int64_t all = pages_for(positions) + sequences;
      const std::int64_t seen = window_pages(window, step) * sequences;
      page_count.push_back(window > 0 ? std::min(all, seen) : all);
    }
  }
};

KvCache::KvCache(const Spec& spec, KvTypes types, std::int64_t positions, int sequences, std::int64_t step)
    : types_(types), step_(step) {
  Layout layout(spec, types, positions, sequences, step);
  layers_ = std::move(layout.layers);
  state_floats_ = layout.state_floats;
  for (std::size_t g = 0; g < layout.windows.size(); ++g) {
    Pool pool{layout.windows[g],
              layout.page_bytes[g],
              LazyMemory(layout.page_bytes[g] * static_cast<std::size_t>(layout.page_count[g])),
              std::vector<std::int32_t>(static_cast<std::size_t>(layout.page_count[g])),
              {}};
    for (std::int64_t i = layout.page_count[g]; i-- > 0;) pool.free.push_back(static_cast<std::int32_t>(i));
    pools_.push_back(std::move(pool));
  }
}

std::uint64_t KvCache::bytes(const Spec& spec, KvTypes types, std::int64_t positions, int sequences,
                             std::int64_t step) {
  const Layout layout(spec, types, positions, sequences, step);
  // A snapshot for each sequence beside its own state: recurrent layers cannot go back.
  std::uint64_t sum = 2 * layout.state_floats * sizeof(float) * static_cast<std::uint64_t>(sequences);
  for (std::size_t g = 0; g < layout.windows.size(); ++g)
    sum += layout.page_bytes[g] * static_cast<std::uint64_t>(layout.page_count[g]);
  return sum;
}

std::int64_t KvCache::first_page(int group, std::int64_t length) const {
  const int window = pools_[group].window;
  return window == 0 ? 0 : std::max<std::int64_t>(0, length - window + 1) / kTile;
}

bool KvCache::has_room(std::int64_t held, std::int64_t length, std::int64_t spare) const {
  return std::ranges::all_of(pools_, [&](const Pool& pool) {
    std::int64_t more = pages_for(length) - held / kTile;
    if (pool.window > 0) more = std::min(more, window_pages(pool.window, step_));
    return more + spare <= std::ssize(pool.free);
  });
}

std::int64_t KvCache::free_pages() const {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (const Pool& p : pools_) least = std::min(least, static_cast<std::int64_t>(p.free.size()));
  return least;
}

std::int32_t KvCache::take(int group) {
  Pool& pool = pools_[group];
  const std::int32_t page = pool.free.back();
  pool.free.pop_back();
  pool.references[page] = 1;
  return page;
}

void KvCache::drop(int group, std::int32_t page) {
  if (page < 0) return;
  Pool& pool = pools_[group];
  if (--pool.references[page] == 0) pool.free.push_back(page);
}

Sequence::Sequence(Sequence&& other) noexcept
    : cache_(other.cache_),
      length_(std::exchange(other.length_, 0)),
      pages_(std::move(other.pages_)),
      state_(std::move(other.state_)) {
  other.pages_.assign(pages_.size(), {});
}

Sequence& Sequence::operator=(Sequence&& other) noexcept {
  std::swap(cache_, other.cache_);
  std::swap(length_, other.length_);
  std::swap(pages_, other.pages_);
  std::swap(state_, other.state_);
  return *this;
}

Sequence::~Sequence() { clear(); }

void Sequence::clear() {
  for (std::size_t g = 0; g < pages_.size(); ++g) {
    for (std::int32_t page : pages_[g]) cache_->drop(static_cast<int>(g), page);
    pages_[g].clear();
  }
  length_ = 0;
  std::ranges::fill(state_, 0.0f);
}

Sequence Sequence::fork() const {
  Sequence copy(*cache_);
  copy.length_ = length_;
  copy.state_ = state_;
  for (std::size_t g = 0; g < pages_.size(); ++g) {
    // Pages that are reserved but hold nothing yet stay with the original.
    copy.pages_[g].assign(pages_[g].begin(), pages_[g].begin() + pages_for(length_));
    for (std::int32_t page : copy.pages_[g]) {
      if (page >= 0) ++cache_->pools_[g].references[page];
    }
  }
  return copy;
}

Sequence Sequence::fork_prefix(std::int64_t length) const {
  Sequence copy = fork();
  copy.truncate(length);
  return copy;
}

bool Sequence::reserve(std::int64_t n) {
  const std::int64_t last = pages_for(length_ + n);  // pages in the end
  const std::int64_t tail = length_ / kTile;         // page that the next position falls into
  const auto shared_tail = [&](std::size_t g) {      // ... and whether others hold it too
    return n > 0 && length_ % kTile != 0 && cache_->pools_[g].references[pages_[g][tail]] > 1;
  };
  // What a window no longer needs goes first.
  for (std::size_t g = 0; g < pages_.size(); ++g) {
    const std::int64_t needed =
        cache_->first_page(static_cast<int>(g), std::max<std::int64_t>(0, length_ - kTile));
    for (std::int64_t i = std::min<std::int64_t>(needed, std::ssize(pages_[g]));
         i-- > 0 && pages_[g][i] >= 0;) {
      cache_->drop(static_cast<int>(g), std::exchange(pages_[g][i], -1));
    }
  }
  for (std::size_t g = 0; g < pages_.size(); ++g) {
    const std::int64_t missing = last - std::min<std::int64_t>(last, std::ssize(pages_[g])) + shared_tail(g);
    if (missing > std::ssize(cache_->pools_[g].free)) return false;
  }
  for (std::size_t g = 0; g < pages_.size(); ++g) {
    const int group = static_cast<int>(g);
    if (shared_tail(g)) {
      const std::int32_t fresh = cache_->take(group);
      std::memcpy(cache_->page(group, fresh), cache_->page(group, pages_[g][tail]),
                  cache_->pools_[g].page_bytes);
      cache_->drop(group, std::exchange(pages_[g][tail], fresh));
    }
    while (std::ssize(pages_[g]) < last) pages_[g].push_back(cache_->take(group));
  }
  return true;
}

bool Sequence::append_page(std::span<const std::int64_t> first) {
  const std::int64_t page = length_ / kTile;
  for (std::size_t g = 0; g < pages_.size(); ++g) {
    if (page >= first[g] && cache_->pools_[g].free.empty()) return false;
  }
  for (std::size_t g = 0; g < pages_.size(); ++g)
    pages_[g].push_back(page >= first[g] ? cache_->take(static_cast<int>(g)) : -1);
  length_ += kTile;
  return true;
}

bool Sequence::can_truncate(std::int64_t length) const {
  if (!state_.empty() && length > 0 && length < length_) return false;
  for (std::size_t g = 0; g < pages_.size(); ++g) {
    const std::int64_t first = cache_->first_page(static_cast<int>(g), length), last = pages_for(length);
    // A window lets go from the front, so the first page that is needed tells of all.
    if (length < length_ && first < last && pages_[g][first] < 0) return false;
  }
  return true;
}

bool Sequence::truncate(std::int64_t length) {
  if (length >= length_) return true;
  if (!can_truncate(length)) return false;
  for (std::size_t g = 0; g < pages_.size(); ++g) {
    while (std::ssize(pages_[g]) > pages_for(length)) {
      cache_->drop(static_cast<int>(g), pages_[g].back());
      pages_[g].pop_back();
    }
  }
  length_ = length;
  if (length == 0) std::ranges::fill(state_, 0.0f);
  return true;
}

}  // namespace pith
