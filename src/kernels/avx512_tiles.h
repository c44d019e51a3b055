// The products of unpacked weights by a tile of tokens (see avx512_panels.h). Types that look alike once they
// are unpacked share these kernels.
#pragma once

#include "kernels/avx512_q8.h"

namespace pith {

/// What a panel keeps of a type: weights scale * (u - 128), or scale * u + min; with scales for every block
/// of 32 or for every half of one.
template <int Halves, bool Mins>
struct Panel {
  static constexpr int kHalves = Halves, kScales = Mins ? 2 * Halves : Halves;
  static constexpr bool kMins = Mins;

  /// A block of 16 rows: dword d of row r at u[d][4r]; scales, then minima (scaled_min).
  struct Block {
    std::uint8_t u[8][64];
    float scale[kScales][16];
  };
};

/// One or two panels by a tile of tokens.
struct Tile {
  /// The sums of part c, panel v of V, token t of T and 16 rows at [(c * V + v) * T + t].
  float (*parts)[16];
  const void* panel;          ///< blocks of the first panel, along k
  std::int64_t panel_blocks;  ///< from one panel to the next
  const Q8Blocks* x;
  std::int64_t x_groups;    ///< from one token to the next
  std::int64_t blocks;      ///< to multiply
  bool begins;              ///< parts hold nothing yet
  const void* next;         ///< what will be read next: asked for meanwhile,
  std::int64_t next_bytes;  ///< so much with every block
};

constexpr int kFew = 8, kPairTokens = 6;  ///< most tokens by one panel, and by two

struct TileKernels {
  void (*one[kFew + 1])(const Tile&);          ///< one panel, by the number of tokens, from 5
  void (*pair[kPairTokens + 1])(const Tile&);  ///< two panels, from 4
};
const TileKernels& avx512_tiles(bool halves, bool mins);

}  // namespace pith
