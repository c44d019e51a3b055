// Pre-tokenizers: an expression and a text, divided by the first null byte. No part of the text gets lost,
// and no expression hangs.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/pre_names.h"
#include "text/pretokenizer.h"

namespace {

void expect_whole(const pith::Pretokenizer& pretokenizer, std::string_view text) {
  pith::Words words;
  pretokenizer.split(text, true, words);
  std::string joined;
  for (const std::string_view word : words.list) joined += word;
  if (joined != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto names = [] {
    std::vector<pith::Pretokenizer> all;
    for (const pith::PreName& pre : pith::all_pre_names()) all.push_back(pith::make_pretokenizer(pre));
    return all;
  }();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t null = std::min(input.find('\0'), input.size());
  const std::string_view expression = input.substr(0, null), text = input.substr(std::min(null + 1, size));
  try {
    if (!names.empty()) expect_whole(names[size % names.size()], text);
    const pith::SplitBehavior behaviors[] = {pith::SplitBehavior::Isolated, pith::SplitBehavior::Contiguous,
                                             pith::SplitBehavior::MergedWithNext,
                                             pith::SplitBehavior::MergedWithPrevious};
    pith::Pretokenizer one;
    one.add(pith::Split{pith::Regex(expression), behaviors[size % 4], size % 8 < 4, size % 16 < 8});
    expect_whole(one, text);
  } catch (const pith::Error&) {
  }
  return 0;
}
