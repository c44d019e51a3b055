#include "generate/kv_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace pith {
namespace {

constexpr std::string_view kMagic = "PITHKV01";
constexpr std::size_t kNoParent = std::numeric_limits<std::size_t>::max();

/// What has to be the same where the file is read, each with the name that a message gives it.
struct Binding {
  const char* name;
  std::uint64_t value;
};
std::vector<Binding> bindings(const Model& model, const KvCache& cache) {
  Hash level;
  level.add(kernels().isa);
  std::vector<Binding> all = {{"another model", fingerprint(model)},
                              {"another key type", static_cast<std::uint64_t>(cache.types().k)},
                              {"another value type", static_cast<std::uint64_t>(cache.types().v)},
                              {"another instruction-set level", level.value()},
                              {"another version of pith", static_cast<std::uint64_t>(cache.groups())}};
  for (int g = 0; g < cache.groups(); ++g) all.push_back({"another version of pith", cache.page_bytes(g)});
  all.push_back({"another version of pith", cache.state_floats()});
  return all;
}

/// Writes and keeps the checksum. All that it writes are multiples of eight bytes.
class Writer {
 public:
  explicit Writer(const std::filesystem::path& path) : file_(path) {}
  void write(std::span<const std::byte> bytes) {
    hash_.add_words(bytes);
    file_.write(bytes);
  }
  void write(std::uint64_t value) { write(std::as_bytes(std::span(&value, 1))); }
  void commit() {
    const std::uint64_t sum = hash_.value();
    file_.write(std::as_bytes(std::span(&sum, 1)));
    file_.commit();
  }

 private:
  AtomicFile file_;
  Hash hash_;
};

// With an even number of floats, so that all of the file is multiples of eight bytes.
std::size_t state_bytes(const KvCache& cache) { return (cache.state_floats() + 1) / 2 * 2 * sizeof(float); }

// The first page that the sequence still holds.
std::int64_t first_held(const Sequence& sequence, int group) {
  const auto pages = sequence.pages(group);
  return std::ranges::find_if(pages, [](std::int32_t page) { return page >= 0; }) - pages.begin();
}

// Whether others can begin with a part of it.
bool holds_all(const Sequence& sequence, const KvCache& cache) {
  if (cache.state_floats() > 0) return false;
  for (int g = 0; g < cache.groups(); ++g) {
    if (first_held(sequence, g) > 0) return false;
  }
  return true;
}

}  // namespace

std::uint64_t fingerprint(const Model& model) {
  Hash hash;
  for (const auto& [key, value] : model.file.metadata.entries()) {
    hash.add(key);
    hash.add(static_cast<std::uint64_t>(value.type));
    for (std::string_view text : value.strings) hash.add(text);
    if (value.data) hash.add(std::span(value.data, value.count * size_of(value.type)));
  }
  for (const auto& [name, tensor] : model.file.tensors.all()) {
    hash.add(name);
    hash.add(static_cast<std::uint64_t>(tensor.type));
    for (std::int64_t n : tensor.ne) hash.add(static_cast<std::uint64_t>(n));
    // The beginning, the middle and the end.
    const auto size = static_cast<std::size_t>(tensor.bytes()), n = std::min<std::size_t>(size, 64);
    for (const std::size_t at : {std::size_t{0}, (size - n) / 2, size - n})
      hash.add(std::span(tensor.data + at, n));
  }
  return hash.value();
}

namespace {

/// What is written of an entry: whole pages, without what an earlier part has too.
struct Part {
  const PrefixCache::Entry* entry;
  std::int64_t length, shared = 0;
  std::size_t parent = kNoParent;
};

std::vector<Part> parts_to_save(const KvCache& cache, const PrefixCache& prefixes, bool only_reused) {
  std::vector<Part> parts;
  for (const PrefixCache::Entry& entry : prefixes.entries()) {
    Part part{&entry, (only_reused ? entry.reused : std::ssize(entry.tokens)) / kTile * kTile};
    if (part.length == 0 || !entry.sequence.can_truncate(part.length)) continue;
    // Those that a window has cut, or that have a state, stand alone.
    if (holds_all(entry.sequence, cache)) {
      for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::int64_t common =
            std::min({common_pages(entry.tokens, parts[i].entry->tokens), part.length, parts[i].length});
        if (common > part.shared && holds_all(parts[i].entry->sequence, cache))
          part.shared = common, part.parent = i;
      }
    }
    if (part.shared < part.length) parts.push_back(part);
  }
  return parts;
}

}  // namespace

void save_prefixes(const std::filesystem::path& path, const Model& model, const KvCache& cache,
                   const PrefixCache& prefixes, bool only_reused) {
  const std::vector<Part> parts = parts_to_save(cache, prefixes, only_reused);
  Writer file(path);
  file.write(std::as_bytes(std::span(kMagic)));
  for (const Binding& b : bindings(model, cache)) file.write(b.value);
  file.write(parts.size());

  for (const Part& part : parts) {
    const Sequence& sequence = part.entry->sequence;
    file.write(static_cast<std::uint64_t>(part.length));
    file.write(part.parent);
    file.write(static_cast<std::uint64_t>(part.shared));
    file.write(std::as_bytes(std::span(part.entry->tokens)
                                 .subspan(static_cast<std::size_t>(part.shared),
                                          static_cast<std::size_t>(part.length - part.shared))));
    for (int g = 0; g < cache.groups(); ++g) {
      const std::int64_t first = std::max(first_held(sequence, g), part.shared / kTile);
      file.write(static_cast<std::uint64_t>(first));
      for (std::int64_t i = first; i < part.length / kTile; ++i)
        file.write({cache.page(g, sequence.pages(g)[static_cast<std::size_t>(i)]), cache.page_bytes(g)});
    }
    std::vector<std::byte> state(state_bytes(cache));
    if (!state.empty()) {  // only recurrent layers have one
      std::memcpy(state.data(), sequence.state(), cache.state_floats() * sizeof(float));
    }
    file.write(state);
  }
  file.commit();
}

namespace {

/// A sequence as the file has it.
struct Stored {
  std::size_t parent = kNoParent;  // index of an earlier one, with which it begins
  std::int64_t shared = 0, length = 0;
  std::vector<TokenId> tokens;
  std::vector<std::int64_t> first;                // page of its own, by group
  std::vector<std::span<const std::byte>> pages;  // of its own, by group
  std::span<const std::byte> state;
};

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& path, const KvCache& cache)
      : reader_(bytes, path), path_(path), cache_(cache) {}

  void check_bindings(const Model& model) {
    if (as_text(reader_.take(kMagic.size(), "the magic")) != kMagic)
      fail("{}: not a prompt cache; expected it to begin with {}", printable(path_), kMagic);
    for (const Binding& b : bindings(model, cache_)) {
      if (number("the header") != b.value)
        fail("{}: this prompt cache was made with {}; remove it, or name another file", printable(path_),
             b.name);
    }
  }

  std::vector<Stored> sequences() {
    const std::uint64_t count = number("the number of sequences");
    std::vector<Stored> all;
    while (all.size() < count) all.push_back(sequence(all));  // each takes bytes, so a false count ends soon
    require(reader_.remaining() == 0, "bytes behind the last sequence");
    return all;
  }

 private:
  std::uint64_t number(const char* what) { return reader_.read<std::uint64_t>(what); }
  void require(bool condition, const char* what) const {
    if (!condition) fail("{}: a damaged prompt cache: {}", printable(path_), what);
  }

  Stored sequence(const std::vector<Stored>& before) {
    Stored s;
    const std::uint64_t length = number("a length"), parent = number("a parent"),
                        shared = number("a shared length");
    require(length > 0 && length % kTile == 0 && length <= std::numeric_limits<std::int32_t>::max(),
            "a length");
    s.length = static_cast<std::int64_t>(length), s.shared = static_cast<std::int64_t>(shared);
    s.parent = parent;
    if (parent == kNoParent) {
      require(shared == 0, "a sequence that shares with none");
    } else {
      require(cache_.state_floats() == 0 && parent < before.size() && shared % kTile == 0 && shared <= length,
              "a parent");
      const Stored& from = before[parent];
      require(s.shared <= from.length &&
                  std::ranges::all_of(from.first, [&](auto f) { return f * kTile == from.shared; }),
              "a shared length");
      s.tokens.assign(from.tokens.begin(), from.tokens.begin() + s.shared);
    }
    const auto own = reader_.take((length - shared) * sizeof(TokenId), "tokens");
    s.tokens.resize(length);
    std::memcpy(s.tokens.data() + shared, own.data(), own.size());
    for (int g = 0; g < cache_.groups(); ++g) {
      const std::uint64_t first = number("a first page");
      const std::int64_t needed = parent == kNoParent ? cache_.first_page(g, s.length) : s.shared / kTile;
      require(first >= shared / kTile && first <= static_cast<std::uint64_t>(needed), "a first page");
      s.first.push_back(static_cast<std::int64_t>(first));
      std::uint64_t bytes;
      require(checked_mul(length / kTile - first, cache_.page_bytes(g), &bytes), "a number of pages");
      s.pages.push_back(reader_.take(bytes, "pages"));
    }
    s.state = reader_.take(state_bytes(cache_), "the state of recurrent layers");
    return s;
  }

  ByteReader reader_;
  const std::string& path_;
  const KvCache& cache_;
};

// False where there are not enough free pages.
bool restore(Sequence& sequence, const Stored& s, const KvCache& cache) {
  while (sequence.length() < s.length) {
    const std::int64_t i = sequence.length() / kTile;
    if (!sequence.append_page(s.first)) return false;
    for (int g = 0; g < cache.groups(); ++g) {
      if (i < s.first[static_cast<std::size_t>(g)]) continue;
      const std::size_t bytes = cache.page_bytes(g),
                        at = static_cast<std::size_t>(i - s.first[static_cast<std::size_t>(g)]) * bytes;
      std::memcpy(cache.page(g, sequence.pages(g).back()), s.pages[static_cast<std::size_t>(g)].data() + at,
                  bytes);
    }
  }
  if (!s.state.empty()) std::memcpy(sequence.state(), s.state.data(), cache.state_floats() * sizeof(float));
  return true;
}

}  // namespace

std::int64_t restore_prefixes(const std::filesystem::path& path, const Model& model, KvCache& cache,
                              PrefixCache& prefixes) {
  const auto file = MappedFile::open(path);
  const std::span<const std::byte> bytes = file->bytes();
  if (bytes.size() < 2 * sizeof(std::uint64_t) || bytes.size() % sizeof(std::uint64_t) != 0)
    fail("{}: not a prompt cache, or a truncated one: {} bytes", printable(file->path()), bytes.size());
  const auto content = bytes.first(bytes.size() - sizeof(std::uint64_t));
  Reader reader(content, file->path(), cache);
  reader.check_bindings(model);

  Hash hash;
  hash.add_words(content);
  std::uint64_t sum;
  std::memcpy(&sum, bytes.data() + content.size(), sizeof sum);
  if (hash.value() != sum) fail("{}: a damaged prompt cache: its checksum is wrong", printable(file->path()));

  const std::vector<Stored> stored = reader.sequences();
  std::vector<Sequence> sequences;
  std::int64_t longest = 0;
  for (const Stored& s : stored) {
    Sequence sequence = s.parent == kNoParent ? Sequence(cache) : sequences[s.parent].fork_prefix(s.shared);
    if (!restore(sequence, s, cache)) break;
    longest = std::max(longest, s.length);
    sequences.push_back(std::move(sequence));
  }
  for (std::size_t i = sequences.size(); i-- > 0;) prefixes.insert(stored[i].tokens, std::move(sequences[i]));
  return longest;
}

}  // namespace pith
