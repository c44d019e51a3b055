// The probe's loops for the AVX-512 level: twelve independent sums keep both vector pipes busy.
#include "kernels/avx512_common.h"
#include "kernels/probe.h"

namespace pith {
namespace {

constexpr int kChains = 12;

std::uint64_t read(const std::byte* data, std::size_t bytes) {
  __m512i sum[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                    _mm512_setzero_si512()};
  for (std::size_t i = 0; i < bytes; i += 256) {
    for (int j = 0; j < 4; ++j) sum[j] = _mm512_xor_si512(sum[j], _mm512_loadu_si512(data + i + 64 * j));
  }
  const __m512i all = _mm512_xor_si512(_mm512_xor_si512(sum[0], sum[1]), _mm512_xor_si512(sum[2], sum[3]));
  return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(all));
}

std::uint64_t int8(std::int64_t rounds) {
  __m512i sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = _mm512_set1_epi32(i);
  const __m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) {
      sum[i] = _mm512_dpbusd_epi32(sum[i], a, b);
    }
  }
  __m512i all = sum[0];
  for (int i = 1; i < kChains; ++i) all = _mm512_add_epi32(all, sum[i]);
  return static_cast<std::uint32_t>(_mm512_reduce_add_epi32(all));
}

std::uint64_t f32(std::int64_t rounds) {
  __m512 sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) {
      sum[i] = _mm512_fmadd_ps(a, b, sum[i]);
    }
  }
  __m512 all = sum[0];
  for (int i = 1; i < kChains; ++i) all = _mm512_add_ps(all, sum[i]);
  return _mm512_reduce_add_ps(all) > 0.0f;
}

}  // namespace

void fill_avx512_probe(ProbeLoops& loops) {
  loops.read = read;
  loops.int8 = int8;
  loops.f32 = f32;
  loops.int8_ops = kChains * 64 * 2;
  loops.f32_ops = kChains * 16 * 2;
}

}  // namespace pith
