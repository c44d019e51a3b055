#include "format/metadata.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace pith {
namespace {

static_assert(std::endian::native == std::endian::little, "metadata is read in place, little-endian");

struct MetaTypeInfo {
  std::string_view name;
  std::size_t size;
};
constexpr std::array<MetaTypeInfo, 13> kMetaTypes = {{{"u8", 1},
                                                      {"i8", 1},
                                                      {"u16", 2},
                                                      {"i16", 2},
                                                      {"u32", 4},
                                                      {"i32", 4},
                                                      {"f32", 4},
                                                      {"bool", 1},
                                                      {"string", 0},
                                                      {"array", 0},
                                                      {"u64", 8},
                                                      {"i64", 8},
                                                      {"f64", 8}}};

template <class T>
constexpr MetaType kTypeOf = MetaType::Array;
template <>
constexpr MetaType kTypeOf<bool> = MetaType::Bool;
template <>
constexpr MetaType kTypeOf<std::int32_t> = MetaType::I32;
template <>
constexpr MetaType kTypeOf<std::uint32_t> = MetaType::U32;
template <>
constexpr MetaType kTypeOf<std::int64_t> = MetaType::I64;
template <>
constexpr MetaType kTypeOf<std::uint64_t> = MetaType::U64;
template <>
constexpr MetaType kTypeOf<float> = MetaType::F32;
template <>
constexpr MetaType kTypeOf<double> = MetaType::F64;
template <>
constexpr MetaType kTypeOf<std::string_view> = MetaType::String;

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
T load(const std::byte* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

// Calls f with the scalar at `data` in its stored type.
template <class F>
auto visit_scalar(MetaType type, const std::byte* data, F&& f) {
  switch (type) {
    case MetaType::U8: return f(load<std::uint8_t>(data));
    case MetaType::I8: return f(load<std::int8_t>(data));
    case MetaType::U16: return f(load<std::uint16_t>(data));
    case MetaType::I16: return f(load<std::int16_t>(data));
    case MetaType::U32: return f(load<std::uint32_t>(data));
    case MetaType::I32: return f(load<std::int32_t>(data));
    case MetaType::F32: return f(load<float>(data));
    case MetaType::U64: return f(load<std::uint64_t>(data));
    case MetaType::I64: return f(load<std::int64_t>(data));
    case MetaType::F64: return f(load<double>(data));
    default: return f(load<std::uint8_t>(data) != 0);
  }
}

// A stored scalar as T; false where the kinds differ or the value does not fit.
template <class T>
bool convert(MetaType type, const std::byte* data, T* out) {
  return visit_scalar(type, data, [&](auto stored) {
    using S = decltype(stored);
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<S, bool>) {
      if (!std::is_same_v<T, S>) return false;
    } else if constexpr (std::is_integral_v<T>) {
      if constexpr (!std::is_integral_v<S>)
        return false;
      else if (!std::in_range<T>(stored))
        return false;
    } else if constexpr (std::is_same_v<T, float> && std::is_same_v<S, double>) {
      if (std::isfinite(stored) && std::abs(stored) > std::numeric_limits<float>::max()) return false;
    }
    *out = static_cast<T>(stored);
    return true;
  });
}

std::string describe(const MetaValue& v) {
  const std::string_view name = name_of(v.type);
  if (v.array) return fmt::format("array of {} {}", v.count, name);
  if (v.type == MetaType::String) return fmt::format("string \"{}\"", printable(v.strings[0], 40));
  return visit_scalar(v.type, v.data, [&](auto stored) { return fmt::format("{} {}", name, stored); });
}

// The value as T. False where it does not convert; `bad` is then the first such element of an array.
template <class T>
bool extract(const MetaValue& v, T* out, std::optional<std::uint64_t>* bad) {
  if constexpr (IsVector<T>::value) {
    using E = typename T::value_type;
    if (!v.array) return false;
    if constexpr (std::is_same_v<E, std::string_view>) {
      if (v.type != MetaType::String) return false;
      *out = v.strings;
    } else {
      if (v.type == MetaType::String) return false;
      out->reserve(v.count);
      for (std::uint64_t i = 0; i < v.count; ++i) {
        E element;
        if (!convert(v.type, v.data + i * size_of(v.type), &element)) {
          *bad = i;
          return false;
        }
        out->push_back(element);
      }
    }
    return true;
  } else {
    if (v.array) return false;
    if constexpr (std::is_same_v<T, std::string_view>) {
      if (v.type != MetaType::String) return false;
      *out = v.strings[0];
      return true;
    } else {
      return v.type != MetaType::String && convert(v.type, v.data, out);
    }
  }
}

template <class T>
std::string expected() {
  if constexpr (IsVector<T>::value) {
    return fmt::format("array of {}", name_of(kTypeOf<typename T::value_type>));
  } else {
    return std::string(name_of(kTypeOf<T>));
  }
}

}  // namespace

std::string_view name_of(MetaType type) { return kMetaTypes[static_cast<std::size_t>(type)].name; }
std::size_t size_of(MetaType type) { return kMetaTypes[static_cast<std::size_t>(type)].size; }

const MetaValue* Metadata::find_raw(std::string_view key) const {
  const auto it = index_.find(key);
  if (it == index_.end()) return nullptr;
  read_[it->second].store(true, std::memory_order_relaxed);
  return &entries_[it->second].value;
}

std::vector<std::string_view> Metadata::unread() const {
  std::vector<std::string_view> keys;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!read_[i].load(std::memory_order_relaxed)) keys.push_back(entries_[i].key);
  }
  return keys;
}

template <class T>
std::optional<T> Metadata::find(std::string_view key) const {
  const MetaValue* v = find_raw(key);
  if (!v) return std::nullopt;
  T out{};
  std::optional<std::uint64_t> bad;
  if (extract(*v, &out, &bad)) return out;
  std::string found = describe(*v);
  if (bad) {
    const MetaValue element{v->type, false, 1, v->data + *bad * size_of(v->type)};
    found += fmt::format(", of which element {} is {}", *bad, describe(element));
  }
  fail("{}: metadata key '{}': expected {}, found {}", source_, printable(key), expected<T>(), found);
}

template <class T>
T Metadata::get(std::string_view key) const {
  std::optional<T> value = find<T>(key);
  if (!value) fail("{}: metadata key '{}' is missing (expected {})", source_, printable(key), expected<T>());
  return *std::move(value);
}

template <class T>
std::optional<std::vector<T>> Metadata::find_per_layer(std::string_view key, std::size_t layers) const {
  const MetaValue* v = find_raw(key);
  if (!v) return std::nullopt;
  if (!v->array) return std::vector<T>(layers, get<T>(key));
  auto values = get<std::vector<T>>(key);
  if (values.size() != layers) {
    fail("{}: metadata key '{}': expected {} elements, one a layer, found {}", source_, printable(key),
         layers, values.size());
  }
  return values;
}

std::string_view Metadata::keep(std::string_view text) { return owned_.emplace_back(text); }

MetaValue& Metadata::slot(std::string_view key) {
  if (const auto it = index_.find(key); it != index_.end()) return entries_[it->second].value;
  const std::string_view kept = keep(key);
  index_.emplace(kept, entries_.size());
  read_.emplace_back(false);
  return entries_.emplace_back(Entry{kept, MetaValue{MetaType::Bool}}).value;
}

template <class T>
void Metadata::set(std::string_view key, const T& value) {
  MetaValue v{MetaType::Bool};
  const auto store = [&](const void* data, std::size_t bytes) {
    v.data = reinterpret_cast<const std::byte*>(keep({static_cast<const char*>(data), bytes}).data());
  };
  if constexpr (IsVector<T>::value) {
    using E = typename T::value_type;
    v.type = kTypeOf<E>;
    v.array = true;
    v.count = value.size();
    if constexpr (std::is_same_v<E, std::string_view>) {
      for (std::string_view s : value) v.strings.push_back(keep(s));
    } else if constexpr (std::is_same_v<E, bool>) {
      const std::string bytes(value.begin(), value.end());
      store(bytes.data(), bytes.size());
    } else {
      store(value.data(), value.size() * sizeof(E));
    }
  } else {
    v.type = kTypeOf<T>;
    if constexpr (std::is_same_v<T, std::string_view>) {
      v.strings.push_back(keep(value));
    } else {
      store(&value, sizeof value);
    }
  }
  slot(key) = std::move(v);
}

void Metadata::add_raw(std::string_view key, MetaValue value) {
  if (has(key)) fail("{}: metadata key '{}' occurs twice", source_, printable(key));
  slot(key) = std::move(value);
}

#define PITH_SCALAR(T)                                                                                     \
  template std::optional<T> Metadata::find<T>(std::string_view) const;                                     \
  template std::optional<std::vector<T>> Metadata::find<std::vector<T>>(std::string_view) const;           \
  template T Metadata::get<T>(std::string_view) const;                                                     \
  template std::vector<T> Metadata::get<std::vector<T>>(std::string_view) const;                           \
  template std::optional<std::vector<T>> Metadata::find_per_layer<T>(std::string_view, std::size_t) const; \
  template void Metadata::set<T>(std::string_view, const T&);                                              \
  template void Metadata::set<std::vector<T>>(std::string_view, const std::vector<T>&);
PITH_SCALAR(bool)
PITH_SCALAR(std::int32_t)
PITH_SCALAR(std::uint32_t)
PITH_SCALAR(std::int64_t)
PITH_SCALAR(std::uint64_t)
PITH_SCALAR(float)
PITH_SCALAR(double)
PITH_SCALAR(std::string_view)
#undef PITH_SCALAR

}  // namespace pith
