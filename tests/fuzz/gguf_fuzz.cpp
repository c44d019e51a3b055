// Any bytes as a GGUF file: an Error, or a model whose every view can be read.
#include <cstdint>
#include <numeric>
#include <string>

#include "base/error.h"
#include "format/gguf.h"

namespace pith {
namespace {

// Reading is enough: the address sanitizer judges. The sum keeps it from being optimised away.
unsigned read_all(const ModelFile& model) {
  unsigned sum = 0;
  const auto read = [&](std::span<const std::byte> bytes) {
    for (std::byte b : bytes) sum += std::to_integer<unsigned>(b);
  };
  for (const auto& [key, value] : model.metadata.entries()) {
    read(std::as_bytes(std::span(key)));
    read({value.data, value.data ? value.count * size_of(value.type) : 0});
    for (std::string_view s : value.strings) read(std::as_bytes(std::span(s)));
  }
  for (const NamedTensor& t : model.tensors.all()) {
    read({t.tensor.data, static_cast<std::size_t>(t.tensor.bytes())});
  }
  return sum;
}

// Every conversion of every value: it succeeds or throws Error.
template <class... T>
void convert_all(const Metadata& metadata) {
  const auto convert = [&]<class U>(std::string_view key, U*) {
    try {
      (void)metadata.get<U>(key);
    } catch (const Error&) {
    }
  };
  for (const auto& entry : metadata.entries()) {
    (convert(entry.key, static_cast<T*>(nullptr)), ...);
    (convert(entry.key, static_cast<std::vector<T>*>(nullptr)), ...);
  }
}

}  // namespace
}  // namespace pith

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pith;
  try {
    const ModelFile model = parse_gguf(std::as_bytes(std::span(data, size)), "fuzz");
    [[maybe_unused]] volatile unsigned sum = read_all(model);
    convert_all<bool, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t, float, double,
                std::string_view>(model.metadata);
  } catch (const Error&) {
  }
  return 0;
}
