// The probe's loop for processors with AVX512_BF16.
#include "kernels/avx512_common.h"
#include "kernels/probe.h"

namespace pith {
namespace {

constexpr int kChains = 12;

std::uint64_t bf16(std::int64_t rounds) {
  __m512 sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512bh a = (__m512bh)_mm512_set1_epi16(0x3f00), b = (__m512bh)_mm512_set1_epi16(0x3e80);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) {
      sum[i] = _mm512_dpbf16_ps(sum[i], a, b);
    }
  }
  __m512 all = sum[0];
  for (int i = 1; i < kChains; ++i) all = _mm512_add_ps(all, sum[i]);
  return _mm512_reduce_add_ps(all) > 0.0f;
}

}  // namespace

void fill_avx512_bf16_probe(ProbeLoops& loops) {
  loops.bf16 = bf16;
  loops.bf16_ops = kChains * 32 * 2;
}

}  // namespace pith
