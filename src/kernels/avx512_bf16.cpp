// BF16 weights where the processor multiplies bfloat16 pairs (AVX512_BF16).
//
// Activations are rounded to bfloat16, the precision the weights are stored in; products are exact and summed
// in float. VDPBF16PS takes subnormal inputs as zero, flushes subnormal results, and adds the two products of
// a pair one after the other (Intel's manual, volume 2).
#include "kernels/avx512.h"
#include "kernels/avx512_simd.h"
#include "kernels/vector_float.h"

namespace pith {
namespace {

struct Pairs {
  static constexpr int kStep = 32, kInputBytes = 2, kWeightBytes = 2;
  using Weight = __m512i;
  PITH_INLINE __m512i load(Bytes p) { return _mm512_loadu_si512(p); }
  PITH_INLINE __m512i load(Bytes p, std::int64_t count) {
    return _mm512_maskz_loadu_epi16((1u << count) - 1u, p);  // count < 32
  }
  PITH_INLINE __m512i input(Bytes p) { return _mm512_loadu_si512(p); }
  PITH_INLINE __m512 add(__m512 acc, __m512i weight, __m512i input) {
    return _mm512_dpbf16_ps(acc, (__m512bh)weight, (__m512bh)input);
  }
};

std::size_t bf16_bytes(std::int64_t k) { return static_cast<std::size_t>((2 * k + 63) / 64 * 64); }

// To nearest, ties to even, in integers: VCVTNE2PS2BF16 would take subnormals as zero and is not needed here.
void prepare_bf16(void* out, const float* x, std::int64_t k) {
  auto* y = static_cast<char*>(out);
  for (std::int64_t i = 0; i < (k + 31) / 32 * 32; i += 16) {
    const __mmask16 some = i < k ? first(k - i) : 0;
    const __m256i half = round_to_bf16(_mm512_maskz_loadu_ps(some, some ? x + i : x));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + 2 * i), half);
  }
}

}  // namespace

void fill_avx512_bf16(Kernels& kernels) {
  entry<Input>(kernels.input, InputKind::BF16) = {bf16_bytes, prepare_bf16};
  entry<Matmul>(kernels.matmul, DType::BF16) = {InputKind::BF16, multiply_float<Pairs>, no_scratch};
}

}  // namespace pith
