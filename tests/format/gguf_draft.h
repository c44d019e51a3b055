// A GGUF file made by hand, field by field, so that a test can make any one of them wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pith::test {

/// Little-endian bytes of numbers and of already encoded pieces.
template <class... T>
std::string raw(T... values) {
  std::string out;
  (out.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
  return out;
}
inline std::string u32(std::uint32_t v) { return raw(v); }
inline std::string u64(std::uint64_t v) { return raw(v); }

/// A small valid file with metadata of each kind and three tensors. length() is the width of counts and
/// lengths.
struct GgufDraft {
  struct TensorEntry {
    std::string name;
    std::vector<std::uint64_t> dims;
    std::uint32_t type;
    std::uint64_t offset;
    std::optional<std::uint32_t> n_dims{};
    std::optional<std::uint64_t> name_length{};
  };

  explicit GgufDraft(std::uint32_t file_version = 3) : version(file_version) {
    keys = {key("general.architecture", u32(8) + text("llama")),
            key("general.alignment", u32(4) + u32(32)),
            key("x.flag", u32(7) + "\1"),
            key("x.scale", u32(6) + raw(0.5f)),
            key("x.words", u32(9) + u32(8) + length(2) + text("a") + text("")),
            key("x.numbers", u32(9) + u32(5) + length(3) + u32(1) + u32(2) + u32(3)),
            key("x.flags", u32(9) + u32(7) + length(2) + std::string("\0\1", 2))};
    tensors = {{"a", {4, 2}, 0, 0}, {"b", {32, 1}, 8, 32}, {"c", {256}, 12, 96}};
  }

  std::string length(std::uint64_t n) const {
    return version == 1 ? u32(static_cast<std::uint32_t>(n)) : u64(n);
  }
  std::string text(std::string_view s) const { return length(s.size()) + std::string(s); }
  /// One metadata entry; `value` is the type id and what follows it.
  std::string key(std::string_view name, const std::string& value) const { return text(name) + value; }

  std::string header() const {
    std::string out = magic + u32(version) + length(tensor_count.value_or(tensors.size())) +
                      length(key_count.value_or(keys.size()));
    for (const std::string& k : keys) out += k;
    for (const TensorEntry& t : tensors) {
      out += length(t.name_length.value_or(t.name.size())) + t.name;
      out += u32(t.n_dims.value_or(static_cast<std::uint32_t>(t.dims.size())));
      for (std::uint64_t d : t.dims) out += length(d);
      out += u32(t.type) + u64(t.offset);
    }
    return out;
  }
  std::string file() const {
    std::string out = header();
    out.resize((out.size() + alignment - 1) / alignment * alignment);
    return out + std::string(data_bytes, '\x2a');
  }

  std::string magic = "GGUF";
  std::uint32_t version;
  std::optional<std::uint64_t> tensor_count{}, key_count{};
  std::vector<std::string> keys;
  std::vector<TensorEntry> tensors;
  std::size_t alignment = 32;
  std::size_t data_bytes = 96 + 144;  // up to the last tensor's end
};

}  // namespace pith::test
