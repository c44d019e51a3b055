#include "infer/read_ahead.h"

#include <algorithm>
#include <functional>

namespace pith {

std::span<const std::byte> stored_bytes(const Linear& w) {
  if (!w) return {};
  if (w.transposed) return {w.weight.data, static_cast<std::size_t>(w.weight.bytes())};
  const std::int64_t one = w.stored(0), other = w.stored(w.outputs() - 1);
  const std::int64_t first = std::min(one, other), rows = std::max(one, other) + 1 - first;
  return {w.weight.data + first * w.weight.row_bytes(),
          static_cast<std::size_t>(rows * w.weight.row_bytes())};
}

std::size_t ReadAhead::want(const FfnWeights& expert) const {
  std::size_t asked = 0;
  for (const Linear* w : {&expert.gate, &expert.up, &expert.down}) {
    const auto bytes = stored_bytes(*w);
    if (bytes.empty()) continue;
    for (const auto& file : file_.files) {
      const auto all = file->bytes();
      const std::less_equal<const std::byte*> before;  // the files are different objects
      if (!before(all.data(), bytes.data()) || before(all.data() + all.size(), bytes.data())) continue;
      file->will_need(static_cast<std::size_t>(bytes.data() - all.data()), bytes.size());
      asked += bytes.size();
    }
  }
  return asked;
}

}  // namespace pith
