#include "format/gguf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numeric>

#include "base/bytes.h"
#include "base/error.h"
#include "format/sniff.h"

namespace pith {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMaxAlignment = std::uint64_t{1} << 20;

// Types of GGUF files that pith has no kernels for, so that the message can name them.
struct UnsupportedType {
  std::uint32_t id;
  std::string_view name;
};
constexpr std::array kUnsupportedTypes = {
    UnsupportedType{4, "Q4_2"},      UnsupportedType{5, "Q4_3"},      UnsupportedType{9, "Q8_1"},
    UnsupportedType{15, "Q8_K"},     UnsupportedType{16, "IQ2_XXS"},  UnsupportedType{17, "IQ2_XS"},
    UnsupportedType{18, "IQ3_XXS"},  UnsupportedType{19, "IQ1_S"},    UnsupportedType{21, "IQ3_S"},
    UnsupportedType{22, "IQ2_S"},    UnsupportedType{29, "IQ1_M"},    UnsupportedType{31, "Q4_0_4_4"},
    UnsupportedType{32, "Q4_0_4_8"}, UnsupportedType{33, "Q4_0_8_8"}, UnsupportedType{34, "TQ1_0"},
    UnsupportedType{35, "TQ2_0"},    UnsupportedType{40, "NVFP4"},    UnsupportedType{41, "Q1_0"},
};

// Reads one file from its first byte on. Counts are believed only when what they announce, at its smallest,
// fits into the rest of the file: that bounds every allocation.
class GgufParser {
 public:
  GgufParser(std::span<const std::byte> bytes, std::string path)
      : bytes_(bytes), path_(std::move(path)), shown_(printable(path_, path_.npos)), in_(bytes, shown_) {}

  ModelFile parse();

 private:
  void read_magic_and_version();
  void read_metadata(std::uint64_t count, Metadata& metadata);
  MetaType read_meta_type(std::string_view field);
  MetaValue read_value(std::string_view key);
  void read_array(MetaValue& value, std::string_view field);
  void check_bools(const MetaValue& value, std::size_t at, std::string_view field);
  void read_tensors(std::uint64_t count, TensorTable& tensors);
  Tensor read_shape_and_type(std::string_view name, std::uint64_t* bytes);
  void place_tensors(std::uint64_t alignment, TensorTable& tensors);
  void check_overlaps(const TensorTable& tensors);

  // Counts, lengths and dimensions are 32 bits wide in version 1.
  std::uint64_t read_length(std::string_view field) {
    return version_ == 1 ? in_.read<std::uint32_t>(field) : in_.read<std::uint64_t>(field);
  }
  std::size_t length_bytes() const { return version_ == 1 ? 4 : 8; }
  std::string_view read_string(std::string_view field) {
    return as_text(in_.take(read_length(field), field));
  }
  std::uint64_t read_count(std::string_view field, std::size_t smallest);

  std::span<const std::byte> bytes_;
  std::string path_, shown_;
  ByteReader in_;
  std::uint32_t version_ = 0;

  // What a tensor's entry says, until the data section's beginning is known.
  struct Placement {
    std::uint64_t offset, bytes;
    std::size_t at;  // where the offset stands in the file
  };
  std::vector<Placement> placements_;
};

ModelFile GgufParser::parse() {
  read_magic_and_version();
  // The smallest entries: a name of one byte, no more than one dimension, a value of one byte.
  const std::size_t tensor = length_bytes() + 1 + 4 + length_bytes() + 4 + 8;
  const std::size_t key = length_bytes() + 1 + 4 + 1;
  const std::uint64_t tensor_count = read_count("number of tensors", tensor);
  const std::uint64_t key_count = read_count("number of metadata keys", key);

  ModelFile model;
  model.path = path_;
  model.metadata = Metadata(shown_);
  read_metadata(key_count, model.metadata);
  const std::uint64_t alignment = gguf_alignment(model.metadata);
  read_tensors(tensor_count, model.tensors);
  place_tensors(alignment, model.tensors);
  return model;
}

void GgufParser::read_magic_and_version() {
  if (!as_text(bytes_).starts_with(kMagic)) {
    const std::string_view kind = looks_like(bytes_);
    fail("{}: not a GGUF file: expected 'GGUF' at byte 0, found '{}'{}{}", shown_,
         printable(as_text(bytes_.first(std::min<std::size_t>(bytes_.size(), 4)))),
         kind.empty() ? "" : "; it looks like ", kind);
  }
  in_.take(kMagic.size(), "magic");
  const std::size_t at = in_.position();
  version_ = in_.read<std::uint32_t>("version");
  if (version_ != 0 && (version_ & 0xffffu) == 0) {
    fail("{}: version at byte {}: a big-endian GGUF file; pith reads little-endian ones", shown_, at);
  }
  if (version_ < 1 || version_ > 3) {
    fail("{}: version at byte {}: expected 1 to 3, found {}", shown_, at, version_);
  }
}

std::uint64_t GgufParser::read_count(std::string_view field, std::size_t smallest) {
  const std::size_t at = in_.position();
  const std::uint64_t count = read_length(field);
  if (count > in_.remaining() / smallest) {
    fail("{}: {} at byte {}: {} need at least {} bytes each, found {} bytes before the end of the file",
         shown_, field, at, count, smallest, in_.remaining());
  }
  return count;
}

void GgufParser::read_metadata(std::uint64_t count, Metadata& metadata) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t at = in_.position();
    const std::string_view key = read_string("metadata key");
    if (key.empty()) fail("{}: metadata key at byte {}: expected a name, found an empty one", shown_, at);
    if (metadata.has(key)) {
      fail("{}: metadata key '{}' at byte {} occurs twice", shown_, printable(key), at);
    }
    metadata.add_raw(key, read_value(key));
  }
}

MetaType GgufParser::read_meta_type(std::string_view field) {
  const std::size_t at = in_.position();
  const auto id = in_.read<std::uint32_t>(field);
  if (id > static_cast<std::uint32_t>(MetaType::F64)) {
    fail("{}: {}: type at byte {}: expected 0 to 12, found {}", shown_, field, at, id);
  }
  return static_cast<MetaType>(id);
}

MetaValue GgufParser::read_value(std::string_view key) {
  const std::string field = fmt::format("metadata key '{}'", printable(key));
  MetaValue value{read_meta_type(field)};
  if (value.type == MetaType::Array) {
    read_array(value, field);
  } else if (value.type == MetaType::String) {
    value.strings.push_back(read_string(field));
  } else {
    const std::size_t at = in_.position();
    value.data = in_.take(size_of(value.type), field).data();
    check_bools(value, at, field);
  }
  return value;
}

void GgufParser::read_array(MetaValue& value, std::string_view field) {
  const std::size_t type_at = in_.position();
  value.type = read_meta_type(field);
  value.array = true;
  if (value.type == MetaType::Array) {
    fail("{}: {}: element type at byte {}: arrays of arrays are not supported", shown_, field, type_at);
  }
  const bool strings = value.type == MetaType::String;
  value.count = read_count(field, strings ? length_bytes() : size_of(value.type));
  const std::size_t at = in_.position();
  if (strings) {
    value.strings.reserve(value.count);
    for (std::uint64_t i = 0; i < value.count; ++i) value.strings.push_back(read_string(field));
  } else {
    value.data = in_.take(value.count * size_of(value.type), field).data();
    check_bools(value, at, field);
  }
}

void GgufParser::check_bools(const MetaValue& value, std::size_t at, std::string_view field) {
  if (value.type != MetaType::Bool) return;
  for (std::uint64_t i = 0; i < value.count; ++i) {
    const auto byte = std::to_integer<unsigned>(value.data[i]);
    if (byte > 1) fail("{}: {}: bool at byte {}: expected 0 or 1, found {}", shown_, field, at + i, byte);
  }
}

void GgufParser::read_tensors(std::uint64_t count, TensorTable& tensors) {
  placements_.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t at = in_.position();
    const std::string_view name = read_string("tensor name");
    if (name.empty()) fail("{}: tensor name at byte {}: expected a name, found an empty one", shown_, at);
    if (tensors.find(name)) fail("{}: tensor '{}' at byte {} occurs twice", shown_, printable(name), at);
    Placement placement{};
    const Tensor tensor = read_shape_and_type(name, &placement.bytes);
    placement.at = in_.position();
    placement.offset = in_.read<std::uint64_t>("tensor offset");
    placements_.push_back(placement);
    tensors.add(std::string(name), tensor);
  }
}

Tensor GgufParser::read_shape_and_type(std::string_view name, std::uint64_t* bytes) {
  const std::size_t at = in_.position();
  const auto where = [&] { return fmt::format("{}: tensor '{}' at byte {}", shown_, printable(name), at); };
  Tensor tensor;
  tensor.ne[0] = 1;
  const auto dims = in_.read<std::uint32_t>("number of dimensions");
  if (dims < 1 || dims > tensor.ne.size()) {
    fail("{}: expected 1 to {} dimensions, found {}", where(), tensor.ne.size(), dims);
  }
  std::uint64_t elements = 1;
  for (std::uint32_t d = 0; d < dims; ++d) {
    const std::uint64_t size = read_length("dimension");
    if (size == 0) fail("{}: dimension {} is zero", where(), d);
    if (!checked_mul(elements, size, &elements) || elements > std::numeric_limits<std::int64_t>::max()) {
      fail("{}: the product of the dimensions exceeds 2^63 at dimension {}, which is {}", where(), d, size);
    }
    tensor.ne[d] = static_cast<std::int64_t>(size);
  }
  const auto id = in_.read<std::uint32_t>("tensor type");
  const TypeInfo* type = find_type(id);
  if (!type) {
    const auto known = std::ranges::find(kUnsupportedTypes, id, &UnsupportedType::id);
    if (known != kUnsupportedTypes.end()) fail("{}: type {} is not supported", where(), known->name);
    fail("{}: unknown type {}", where(), id);
  }
  tensor.type = type->type;
  if (tensor.cols() % type->block != 0) {
    fail("{}: {} needs rows of a multiple of {} elements, found {}", where(), type->name, type->block,
         tensor.cols());
  }
  if (!checked_mul(elements / static_cast<unsigned>(type->block), static_cast<unsigned>(type->bytes),
                   bytes)) {
    fail("{}: the size of {} elements of {} exceeds 2^64 bytes", where(), elements, type->name);
  }
  return tensor;
}

void GgufParser::place_tensors(std::uint64_t alignment, TensorTable& tensors) {
  const std::uint64_t header = in_.position();
  const std::uint64_t data = (header + alignment - 1) / alignment * alignment;
  const std::uint64_t available = bytes_.size() > data ? bytes_.size() - data : 0;
  for (std::size_t i = 0; i < placements_.size(); ++i) {
    NamedTensor& named = tensors.all()[i];
    const Placement& place = placements_[i];
    const auto where = [&] {
      return fmt::format("{}: tensor '{}' at byte {}", shown_, printable(named.name), place.at);
    };
    if (place.offset % alignment != 0) {
      fail("{}: expected an offset that is a multiple of {}, found {}", where(), alignment, place.offset);
    }
    std::uint64_t end = 0;
    if (!checked_add(place.offset, place.bytes, &end) || end > available) {
      fail(
          "{}: expected {} bytes at offset {} of the data, found {} bytes of data: the file is truncated or "
          "wrong",
          where(), place.bytes, place.offset, available);
    }
    named.tensor.data = bytes_.data() + data + place.offset;
  }
  check_overlaps(tensors);
}

void GgufParser::check_overlaps(const TensorTable& tensors) {
  std::vector<std::size_t> order(placements_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return placements_[i].offset; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const Placement& before = placements_[order[i - 1]];
    const Placement& after = placements_[order[i]];
    if (before.offset + before.bytes <= after.offset) continue;
    fail("{}: tensor '{}' at byte {}: its data overlaps that of tensor '{}': offset {}, the other ends at {}",
         shown_, printable(tensors.all()[order[i]].name), after.at,
         printable(tensors.all()[order[i - 1]].name), after.offset, before.offset + before.bytes);
  }
}

}  // namespace

bool is_gguf(const std::filesystem::path& path) {
  return as_text(MappedFile::open(path)->bytes()).starts_with(kMagic);
}

std::uint64_t gguf_alignment(const Metadata& metadata) {
  constexpr std::string_view kKey = "general.alignment";
  const MetaValue* value = metadata.find_raw(kKey);
  if (!value) return kDefaultAlignment;
  if (value->array || value->type != MetaType::U32) {
    fail("{}: metadata key '{}': expected u32, found {}{}", metadata.source(), kKey,
         value->array ? "array of " : "", name_of(value->type));
  }
  const auto alignment = metadata.get<std::uint32_t>(kKey);
  if (!std::has_single_bit(alignment) || alignment > kMaxAlignment) {
    fail("{}: metadata key '{}': expected a power of two up to {}, found {}", metadata.source(), kKey,
         kMaxAlignment, alignment);
  }
  return alignment;
}

ModelFile parse_gguf(std::span<const std::byte> bytes, std::string path) {
  return GgufParser(bytes, std::move(path)).parse();
}

}  // namespace pith
