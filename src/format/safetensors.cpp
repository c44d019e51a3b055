#include "format/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "format/sniff.h"

namespace pith {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxHeader = 100'000'000;  // the reference implementation's bound

struct StoredType {
  std::string_view name;
  DType type;
};
constexpr std::array kStoredTypes = {
    StoredType{"F64", DType::F64},   StoredType{"F32", DType::F32}, StoredType{"F16", DType::F16},
    StoredType{"BF16", DType::BF16}, StoredType{"I64", DType::I64}, StoredType{"I32", DType::I32},
    StoredType{"I16", DType::I16},   StoredType{"I8", DType::I8},   StoredType{"U64", DType::I64},
    StoredType{"U32", DType::I32},   StoredType{"U16", DType::I16}, StoredType{"U8", DType::I8},
    StoredType{"BOOL", DType::I8},
};

struct Entry {
  std::string name;
  Tensor tensor;
  std::uint64_t begin, end;  // in the data section
};

// One entry of the header: {"dtype": "BF16", "shape": [256, 64], "data_offsets": [0, 32768]}.
class EntryReader {
 public:
  EntryReader(std::string_view path, const std::string& name, const json& value)
      : path_(path), name_(name), value_(value) {}

  Entry read() const {
    if (!value_.is_object()) fail_here("expected an object, found {}", value_.type_name());
    Entry entry{name_, {}, 0, 0};
    entry.tensor.type = read_type();
    const std::uint64_t elements = read_shape(entry.tensor);
    const std::vector<std::uint64_t> offsets = read_numbers("data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1]) {
      fail_here("'data_offsets': expected begin and end, found {}", printable(value_["data_offsets"].dump()));
    }
    entry.begin = offsets[0];
    entry.end = offsets[1];
    std::uint64_t bytes = 0;
    const auto size = static_cast<unsigned>(type_info(entry.tensor.type).bytes);
    if (!checked_mul(elements, size, &bytes) || bytes != entry.end - entry.begin) {
      fail_here("expected {} elements of {} bytes, found {} bytes in 'data_offsets'", elements, size,
                entry.end - entry.begin);
    }
    return entry;
  }

 private:
  template <class... Args>
  [[noreturn]] void fail_here(fmt::format_string<Args...> format, Args&&... args) const {
    fail("{}: tensor '{}': {}", path_, printable(name_), fmt::format(format, std::forward<Args>(args)...));
  }

  const json& member(const char* key) const {
    const auto it = value_.find(key);
    if (it == value_.end()) fail_here("'{}' is missing", key);
    return *it;
  }

  DType read_type() const {
    const json& name = member("dtype");
    if (!name.is_string()) fail_here("'dtype': expected a string, found {}", name.type_name());
    const auto it = std::ranges::find(kStoredTypes, name.get_ref<const std::string&>(), &StoredType::name);
    if (it == kStoredTypes.end()) {
      fail_here("type {} is not supported (BF16, F16, F32, F64 and integers are)",
                printable(name.get_ref<const std::string&>()));
    }
    return it->type;
  }

  std::vector<std::uint64_t> read_numbers(const char* key) const {
    const json& list = member(key);
    if (!list.is_array()) fail_here("'{}': expected an array, found {}", key, list.type_name());
    std::vector<std::uint64_t> numbers;
    for (const json& n : list) {
      if (!n.is_number_unsigned()) {
        fail_here("'{}': expected numbers of 0 or more, found {}", key, printable(n.dump()));
      }
      numbers.push_back(n.get<std::uint64_t>());
    }
    return numbers;
  }

  // Fills in the dimensions; their product is returned.
  std::uint64_t read_shape(Tensor& tensor) const {
    const std::vector<std::uint64_t> shape = read_numbers("shape");
    if (shape.size() > tensor.ne.size()) {
      fail_here("'shape': expected up to {} dimensions, found {}", tensor.ne.size(), shape.size());
    }
    tensor.ne = {1, 1, 1, 1};
    std::uint64_t elements = 1;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] == 0) fail_here("'shape': dimension {} is zero", i);
      if (!checked_mul(elements, shape[i], &elements) ||
          elements > std::numeric_limits<std::int64_t>::max()) {
        fail_here("'shape': the product of the dimensions exceeds 2^63");
      }
      tensor.ne[shape.size() - 1 - i] = static_cast<std::int64_t>(shape[i]);
    }
    return elements;
  }

  std::string_view path_;
  const std::string& name_;
  const json& value_;
};

std::string_view read_header(ByteReader& in, std::span<const std::byte> bytes, std::string_view path) {
  const std::string_view kind = looks_like(bytes);
  const auto length = in.read<std::uint64_t>("header length");
  if (length > in.remaining() || length > kMaxHeader) {
    fail(
        "{}: header length at byte 0: expected at most {}, found {}: truncated, or not a safetensors "
        "file{}{}",
        path, std::min<std::uint64_t>(in.remaining(), kMaxHeader), length,
        kind.empty() ? "" : "; it looks like ", kind);
  }
  return as_text(in.take(length, "header"));
}

// The specification: the data section is covered from its beginning to its end, each byte by one tensor.
void check_coverage(std::vector<Entry>& entries, std::uint64_t available, std::string_view path) {
  std::ranges::sort(entries, {}, &Entry::begin);
  std::uint64_t at = 0;
  for (const Entry& e : entries) {
    if (e.end > available) {
      fail("{}: tensor '{}': expected data up to offset {}, found {} bytes of data: the file is truncated",
           path, printable(e.name), e.end, available);
    }
    if (e.begin != at) {
      fail("{}: tensor '{}': expected its data at offset {}, where the one before ends, found {}", path,
           printable(e.name), at, e.begin);
    }
    at = e.end;
  }
  if (at != available) fail("{}: expected {} bytes of data, found {}", path, at, available);
}

}  // namespace

void parse_safetensors(std::span<const std::byte> bytes, std::string_view path, TensorTable& table) {
  const std::string shown = printable(path, path.npos);
  ByteReader in(bytes, shown);
  const json header = parse_json(read_header(in, bytes, shown), shown, DuplicateKeys::Reject);
  if (!header.is_object()) fail("{}: header: expected a JSON object, found {}", shown, header.type_name());
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") entries.push_back(EntryReader(shown, name, value).read());
  }
  check_coverage(entries, in.remaining(), shown);
  const std::span<const std::byte> data = bytes.subspan(in.position());
  for (Entry& e : entries) {
    if (table.find(e.name)) fail("{}: tensor '{}' is in another file too", shown, printable(e.name));
    e.tensor.data = data.data() + e.begin;
    table.add(std::move(e.name), e.tensor);
  }
}

}  // namespace pith
