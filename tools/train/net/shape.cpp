#include "train/net/shape.h"

#include "base/error.h"

namespace pith::lab {

void Shape::check() const {
  struct Range {
    const char* name;
    std::int64_t value, min, max;
  };
  const Range ranges[] = {
      {"vocab", vocab, 2, 65536},     {"width", width, 32, 4096},     {"layers", layers, 1, 128},
      {"heads", heads, 1, 256},       {"kv_heads", kv_heads, 1, 256}, {"head_dim", head_dim, 2, 256},
      {"ffn", ffn, 32, 65536},        {"experts", experts, 0, 256},   {"active", active, 0, 256},
      {"context", context, 2, 65536},
  };
  for (const Range& r : ranges) {
    if (r.value < r.min || r.value > r.max)
      fail("model.{}: expected {} to {}, found {}", r.name, r.min, r.max, r.value);
  }
  if (heads % kv_heads != 0) fail("model: {} query heads cannot share {} KV heads evenly", heads, kv_heads);
  if (head_dim % 2 != 0) fail("model.head_dim: rotary positions turn pairs; {} is odd", head_dim);
  if (width % 32 != 0 || ffn % 32 != 0 || q_width() % 32 != 0)
    fail(
        "model: width, ffn and heads x head_dim are rows of matrices and must be multiples of 32 (Q8_0); "
        "found {}, {}, {}",
        width, ffn, q_width());
  if (active > experts || (mixture() && active == 0))
    fail("model: {} of {} experts cannot be active", active, experts);
}

double training_flops(const Shape& s, std::int64_t tokens) {
  const double experts = s.mixture() ? static_cast<double>(s.active) : 1;
  const double layer = static_cast<double>(s.width) * static_cast<double>(s.qkv_width() + s.q_width()) +
                       experts * 3 * static_cast<double>(s.width * s.ffn) +
                       static_cast<double>(s.width * s.experts);
  const double weights =
      static_cast<double>(s.layers) * layer + static_cast<double>(s.vocab) * static_cast<double>(s.width);
  const double pairs = static_cast<double>(tokens) * static_cast<double>(tokens + 1) / 2;
  // q.k and p v: 2 products forward, 4 backward, of 2 operations for each element of a head.
  const double attention = 12 * pairs * static_cast<double>(s.layers * s.q_width());
  return 6 * weights * static_cast<double>(tokens) + attention;
}

}  // namespace pith::lab
