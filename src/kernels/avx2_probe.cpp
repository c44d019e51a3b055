// The probe's loops for the AVX2 level.
#include <immintrin.h>

#include "kernels/probe.h"

namespace pith {
namespace {

constexpr int kChains = 12;

std::uint64_t fold(__m256i v) {
  const __m128i half = _mm_xor_si128(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_xor_si128(half, _mm_unpackhi_epi64(half, half))));
}

std::uint64_t read(const std::byte* data, std::size_t bytes) {
  __m256i sum[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                    _mm256_setzero_si256()};
  for (std::size_t i = 0; i < bytes; i += 128) {
    for (int j = 0; j < 4; ++j) {
      sum[j] =
          _mm256_xor_si256(sum[j], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + i + 32 * j)));
    }
  }
  return fold(_mm256_xor_si256(_mm256_xor_si256(sum[0], sum[1]), _mm256_xor_si256(sum[2], sum[3])));
}

// 8-bit products without VNNI: pairs to 16 bits, pairs of those to 32, added.
std::uint64_t int8(std::int64_t rounds) {
  __m256i sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = _mm256_set1_epi32(i);
  __m256i a = _mm256_set1_epi8(3);
  const __m256i b = _mm256_set1_epi8(5), ones = _mm256_set1_epi16(1);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) {
      asm volatile("" : "+x"(a));  // as if it were another operand each time
      sum[i] = _mm256_add_epi32(sum[i], _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), ones));
    }
  }
  __m256i all = sum[0];
  for (int i = 1; i < kChains; ++i) all = _mm256_add_epi32(all, sum[i]);
  return fold(all);
}

std::uint64_t f32(std::int64_t rounds) {
  __m256 sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) {
      sum[i] = _mm256_fmadd_ps(a, b, sum[i]);
    }
  }
  __m256 all = sum[0];
  for (int i = 1; i < kChains; ++i) all = _mm256_add_ps(all, sum[i]);
  return fold(_mm256_castps_si256(all));
}

}  // namespace

void fill_avx2_probe(ProbeLoops& loops) {
  loops.read = read;
  loops.int8 = int8;
  loops.f32 = f32;
  loops.int8_ops = kChains * 32 * 2;
  loops.f32_ops = kChains * 8 * 2;
}

}  // namespace pith
