// tokenizer.json: any bytes give an Error, or a tokenizer that encodes and decodes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "text/loaders.h"
#include "text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const pith::LoadedParts parts = pith::parse_tokenizer_json(text, "fuzz");
    pith::finish_parts(*parts);
    const pith::Tokenizer tokenizer(parts);
    for (const std::string_view sample :
         {std::string_view("Hello  wörld 123\n<s>\xff"), text.substr(0, 200), text.substr(size / 2, 200)}) {
      tokenizer.decode(tokenizer.encode(sample, {.add_special = true, .parse_special = true}), true);
    }
    tokenizer.find(text.substr(0, 10));
  } catch (const pith::Error&) {
  }
  return 0;
}
