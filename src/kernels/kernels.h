// The kernel table: numbers in, numbers out. One row of function pointers per instruction-set level, filled
// from the scalar reference upwards; a level overwrites what it does better.
//
// Rules every kernel keeps:
// - The result for one token (one query, one row) never depends on its neighbours, on their number, or on the
//   thread that computes it: every output element has one fixed order of operations per level.
// - No allocation, no lock, no exception, no global state.
// - Weights and cache rows (pointers to void or bytes) may have any alignment; float pointers have a float's;
//   prepared inputs and scratch lie at multiples of 64 bytes.
// - Outputs first, then inputs, then sizes. n: elements; k: inner dimension; t: token; r: weight row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tensor/types.h"

namespace pith {

/// How a matmul wants its activations. Matrices that share an input and a kind share the prepared rows.
enum class InputKind : std::uint8_t {
  F32,   ///< as they are
  BF16,  ///< rounded to bfloat16, where the level multiplies bfloat16 pairs
  Q8,    ///< int8 with one scale per block of 32 (the largest magnitude maps to 127), of one token alone
};
inline constexpr int kInputKinds = 3;
// Q8 at every level: per block scale = max|x| / 127, q = x / scale to nearest, ties to even; scale = 0 where
// it would be subnormal, NaN where an x is not finite. Prepared rows are laid out as the scalar level does
// (scalar_matmul.cpp), unless a level replaces both the input and every matmul that reads it.

/// y = W x for one storage type.
struct Matmul {
  InputKind input;
  /// Multiplies rows [row_begin, row_end) of W ({k, rows}, as it lies in the file) by `tokens` prepared
  /// inputs that follow each other at input_bytes(k):  y[t * ldy + r] = sum_k W[r][k] x[t][k]. `scratch`
  /// holds scratch_bytes(k) and belongs to the calling thread. Best called with row ranges that are multiples
  /// of kRowChunk; any range works and gives the same bits.
  void (*multiply)(float* y, std::int64_t ldy, const void* w, const void* x, std::int64_t row_begin,
                   std::int64_t row_end, std::int64_t k, std::int64_t tokens, void* scratch);
  std::size_t (*scratch_bytes)(std::int64_t k);
};
inline constexpr std::int64_t kRowChunk = 16;

struct Input {
  std::size_t (*bytes)(std::int64_t k);  ///< of one prepared token row, a multiple of 64
  void (*prepare)(void* out, const float* x, std::int64_t k);  ///< one token row
};

/// Attention reads the KV cache tile by tile; a tile is (part of) one page, for one KV head.
inline constexpr int kTile = 32;

struct AttentionTile {
  DType k_type, v_type;  ///< F32, F16, BF16 or Q8_0
  const std::byte* k;    ///< [kTile][k_dim], rows k_stride bytes apart
  const std::byte* v;    ///< [kTile][v_dim], rows v_stride bytes apart
  std::int64_t k_stride, v_stride;
  int k_dim, v_dim;
  float scale;    ///< scores are scale * q.k
  float softcap;  ///< 0: none; else softcap * tanh(score / softcap)
};

/// One query against one tile, and its running softmax: after any number of tiles
/// sum = sum_j exp(s_j - max) and acc = sum_j exp(s_j - max) v_j. Start: max = -inf, sum = 0, acc = 0.
/// Online softmax: Milakov and Gimelshein 2018, arXiv:1805.02867.
struct AttentionQuery {
  const float* q;  ///< [k_dim]
  float* acc;      ///< [v_dim]
  float* max;
  float* sum;
  int begin, end;     ///< visible positions of the tile; others are neither read nor multiplied; may be empty
  float alibi_slope;  ///< score += alibi_slope * (position in the tile + alibi_offset)
  float alibi_offset;  ///< first position of the tile minus the query's position
};

enum class Activation : std::uint8_t {
  Silu,       ///< x / (1 + exp(-x))
  GeluTanh,   ///< 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  GeluErf,    ///< 0.5 x (1 + erf(x / sqrt 2))
  GeluQuick,  ///< x / (1 + exp(-1.702 x))
  Relu,
  ReluSquared,
};
inline constexpr int kActivations = 6;

struct Kernels {
  std::string_view isa;  ///< "scalar", "avx2" or "avx512"

  std::array<Matmul, 40> matmul;         ///< by DType; `multiply` is null for types that are not weights
  std::array<Input, kInputKinds> input;  ///< by InputKind

  /// One row of a stored type to float (embedding look-up, transposed products) and, for the types a KV cache
  /// can hold (F32, F16, BF16, Q8_0; null for others), from float. n is a multiple of the type's block.
  std::array<void (*)(float* y, const void* x, std::int64_t n), 40> decode;
  std::array<void (*)(void* y, const float* x, std::int64_t n), 40> encode;

  /// y = x / sqrt(mean(x^2) + eps) * weight (null: 1). Zhang and Sennrich 2019, arXiv:1910.07467. y may be x.
  void (*rms_norm)(float* y, const float* x, const float* weight, std::int64_t n, float eps);
  /// y = (x - mean) / sqrt(var + eps) * weight + bias (each may be null). Ba et al. 2016, arXiv:1607.06450. y
  /// may be x.
  void (*layer_norm)(float* y, const float* x, const float* weight, const float* bias, std::int64_t n,
                     float eps);
  /// Rotates pairs by angles given as cos[pairs], sin[pairs]. Su et al. 2021, arXiv:2104.09864.
  /// halves: pair i is (x[i], x[i + pairs]), else (x[2i], x[2i + 1]).
  void (*rope)(float* x, const float* cos, const float* sin, std::int64_t pairs, bool halves);

  void (*add)(float* y, const float* x, std::int64_t n);            ///< y += x
  void (*mul)(float* y, const float* x, std::int64_t n);            ///< y *= x
  void (*axpy)(float* y, float a, const float* x, std::int64_t n);  ///< y += a x
  void (*scale)(float* y, float a, std::int64_t n);                 ///< y *= a
  void (*softcap)(float* y, float cap, std::int64_t n);             ///< y = cap tanh(y / cap)
  void (*softmax)(float* y, std::int64_t n);                        ///< in place, n >= 1
  float (*dot)(const float* x, const float* y, std::int64_t n);
  float (*max)(const float* x, std::int64_t n);  ///< n >= 1
  /// y[i] = f(y[i]) * up[i]; up null: y[i] = f(y[i]).
  std::array<void (*)(float* y, const float* up, std::int64_t n), kActivations> activate;

  /// One tile for `n` queries of one KV head; `scratch` holds attend_scratch(k_dim, v_dim) bytes of this
  /// thread.
  void (*attend)(const AttentionQuery* queries, int n, const AttentionTile& tile, void* scratch);
  std::size_t (*attend_scratch)(int k_dim, int v_dim);
};

/// The table of the best level this processor has (CPUID and XGETBV), or of the level that the environment
/// variable PITH_ISA names (scalar, avx2, avx512). Chosen once. Throws UsageError for a level that is unknown
/// or not available here.
const Kernels& kernels();

/// A named level's table; nullptr where this processor or this build lacks it. For tests and benchmarks.
const Kernels* kernels_at(std::string_view isa);

}  // namespace pith
