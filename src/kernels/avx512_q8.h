// Activations of the quantised products: int8 with one scale per block of 32, prepared for VPDPBUSD.
#pragma once

#include "kernels/avx512_common.h"

namespace pith {
namespace {

/// 16 blocks of one token, at any alignment. x is ordered like Unpacked::u, so that both kinds of product
/// load it as it lies: block 4j + i, half h at 128 i + 64 h + 16 j. Missing blocks at a row's end are zero.
struct Q8Blocks {
  std::int8_t x[4][2][64];
  std::int8_t scale[64];            ///< float[16]
  std::int8_t minus_sum[64];        ///< int32[16], of a block's x
  std::int8_t minus_sum_first[64];  ///< int32[16], of its first half
};
static_assert(sizeof(Q8Blocks) == 704 && alignof(Q8Blocks) == 1);

PITH_INLINE std::int64_t block_groups(std::int64_t k) { return (k + 511) / 512; }

}  // namespace
}  // namespace pith
