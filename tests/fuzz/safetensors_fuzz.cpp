// Any bytes as a safetensors file: an Error, or tensors whose every byte can be read.
#include <cstdint>

#include "base/error.h"
#include "format/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pith;
  try {
    TensorTable table;
    parse_safetensors(std::as_bytes(std::span(data, size)), "fuzz", table);
    unsigned sum = 0;
    for (const NamedTensor& t : table.all()) {
      for (std::int64_t i = 0; i < t.tensor.bytes(); ++i) sum += std::to_integer<unsigned>(t.tensor.data[i]);
    }
    [[maybe_unused]] volatile unsigned keep = sum;
  } catch (const Error&) {
  }
  return 0;
}
