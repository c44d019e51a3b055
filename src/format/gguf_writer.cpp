#include "format/gguf_writer.h"

#include <string_view>
#include <unordered_set>

#include "base/error.h"
#include "base/file.h"
#include "format/gguf.h"

namespace pith {
namespace {

constexpr std::uint32_t kVersion = 3;

std::uint64_t aligned(std::uint64_t size, std::uint64_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

// Everything before the data, in memory: it is small beside the tensors.
class Header {
 public:
  std::string take() { return std::move(out_); }

  template <class T>
  void number(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view text) {
    number<std::uint64_t>(text.size());
    out_ += text;
  }
  void type(MetaType type) { number(static_cast<std::uint32_t>(type)); }

  void value(const MetaValue& value) {
    if (value.array) {
      type(MetaType::Array);
      type(value.type);
      number(value.count);
    } else {
      type(value.type);
    }
    for (std::string_view s : value.strings) text(s);
    if (value.type != MetaType::String) {
      out_.append(reinterpret_cast<const char*>(value.data), value.count * size_of(value.type));
    }
  }

  void tensor(const TensorPlan& plan, std::uint64_t offset) {
    text(plan.name);
    const auto& ne = plan.tensor.ne;
    std::uint32_t dims = 4;  // without trailing ones, as llama.cpp counts them
    while (dims > 1 && ne[dims - 1] == 1) --dims;
    number(dims);
    for (std::uint32_t d = 0; d < dims; ++d) number(ne[d]);
    number(static_cast<std::uint32_t>(plan.tensor.type));
    number(offset);
  }

 private:
  std::string out_;
};

std::string make_header(const Metadata& metadata, std::span<const TensorPlan> tensors,
                        std::uint64_t alignment) {
  Header header;
  for (char c : std::string_view("GGUF")) header.number(c);
  header.number(kVersion);
  header.number<std::uint64_t>(tensors.size());
  header.number<std::uint64_t>(metadata.entries().size());
  for (const auto& [key, value] : metadata.entries()) {
    header.text(key);
    header.value(value);
  }
  std::uint64_t offset = 0;
  for (const TensorPlan& plan : tensors) {
    header.tensor(plan, offset);
    offset += aligned(static_cast<std::uint64_t>(plan.tensor.bytes()), alignment);
  }
  std::string out = header.take();
  out.resize(aligned(out.size(), alignment));
  return out;
}

// What the reader would refuse must not be written.
void check_names(const std::filesystem::path& path, std::span<const TensorPlan> tensors) {
  std::unordered_set<std::string_view> seen;
  for (const TensorPlan& plan : tensors) {
    if (plan.name.empty() || !seen.insert(plan.name).second) {
      fail("{}: tensor name '{}' is empty or occurs twice", printable(path.string(), std::string::npos),
           printable(plan.name));
    }
  }
}

}  // namespace

void write_gguf(const std::filesystem::path& path, const Metadata& metadata,
                std::span<const TensorPlan> tensors,
                const std::function<void(std::size_t, const ByteSink&)>& produce) {
  check_names(path, tensors);
  const std::uint64_t alignment = gguf_alignment(metadata);
  AtomicFile file(path);
  const std::string header = make_header(metadata, tensors, alignment);
  file.write(std::as_bytes(std::span(header)));
  const std::vector<std::byte> zeros(alignment);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto expected = static_cast<std::uint64_t>(tensors[i].tensor.bytes());
    std::uint64_t written = 0;
    produce(i, [&](std::span<const std::byte> piece) {
      file.write(piece);
      written += piece.size();
    });
    if (written != expected) {
      fail("{}: tensor '{}': expected {} bytes, found {}", printable(path.string(), std::string::npos),
           printable(tensors[i].name), expected, written);
    }
    file.write(std::span(zeros).first(aligned(expected, alignment) - expected));
  }
  file.commit();
}

}  // namespace pith
