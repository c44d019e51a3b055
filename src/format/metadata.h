// Typed key-value metadata, in GGUF's types and GGUF's key names whatever the container was.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pith {

/// The numbers are GGUF's value type ids.
enum class MetaType : std::uint32_t {
  U8 = 0,
  I8 = 1,
  U16 = 2,
  I16 = 3,
  U32 = 4,
  I32 = 5,
  F32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  U64 = 10,
  I64 = 11,
  F64 = 12,
};

std::string_view name_of(MetaType type);

/// Bytes of a scalar of this type; 0 for strings and arrays.
std::size_t size_of(MetaType type);

/// One value. Scalars and arrays of scalars are raw little-endian bytes (in the mapped file, or owned by the
/// Metadata); strings are views of the same. Arrays of arrays do not occur in any model and are not
/// supported.
struct MetaValue {
  MetaType type;  ///< of the scalar, or of the array's elements
  bool array = false;
  std::uint64_t count = 1;
  const std::byte* data = nullptr;          ///< count * size_of(type) bytes, any alignment; null for strings
  std::vector<std::string_view> strings{};  ///< for type String
};

/// Keys keep their order (a copy of a file writes them as they were). Views point into what `source` maps,
/// which has to outlive the Metadata, or into strings that it owns.
class Metadata {
 public:
  struct Entry {
    std::string_view key;
    MetaValue value;
  };

  explicit Metadata(std::string source = {}) : source_(std::move(source)) {}
  Metadata(Metadata&&) = default;
  Metadata& operator=(Metadata&&) = default;

  /// The file that messages name.
  const std::string& source() const { return source_; }
  std::span<const Entry> entries() const { return entries_; }
  bool has(std::string_view key) const { return index_.contains(key); }
  const MetaValue* find_raw(std::string_view key) const;
  /// The keys that nobody has looked up yet, in order: what a reader of the file did not understand.
  std::vector<std::string_view> unread() const;

  /// The value as T: bool, std::int32_t, std::int64_t, std::uint32_t, std::uint64_t, float, double,
  /// std::string_view, or a std::vector of one of these. Integers convert between widths when the value fits,
  /// and to floating point; a scalar does not convert to a vector. Throws Error with key, expected and found
  /// type or value. `find` gives nothing for an absent key, `get` throws then.
  template <class T>
  std::optional<T> find(std::string_view key) const;
  template <class T>
  T get(std::string_view key) const;
  template <class T>
  T get_or(std::string_view key, T fallback) const {
    return find<T>(key).value_or(std::move(fallback));
  }

  /// A key that may be one scalar for all layers or an array with one element a layer (more are an error,
  /// fewer too).
  template <class T>
  std::optional<std::vector<T>> find_per_layer(std::string_view key, std::size_t layers) const;

  /// Adds or replaces, with a copy of the value. T as above.
  template <class T>
  void set(std::string_view key, const T& value);
  void set(std::string_view key, const char* value) { set(key, std::string_view(value)); }
  void set(std::string_view key, const std::string& value) { set(key, std::string_view(value)); }
  /// Adds a value as read from a file; throws Error if the key is there already.
  void add_raw(std::string_view key, MetaValue value);

 private:
  std::string_view keep(std::string_view text);
  MetaValue& slot(std::string_view key);

  std::string source_;
  std::vector<Entry> entries_;
  mutable std::deque<std::atomic<bool>> read_;  // of each entry
  std::unordered_map<std::string_view, std::size_t> index_;
  std::deque<std::string> owned_;
};

}  // namespace pith
