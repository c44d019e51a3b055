// The inner loops of unpacked panels. For a block of 32, two panels and six tokens: 96 VPDPBUSD, and 24
// products and fused additions or more, which share the units that multiply. The sums of the 16 parts live in
// the first-level cache and are loaded and stored for every block: a store takes nearly two cycles from
// VPDPBUSD on Zen 4, but the registers are full of integer sums, and parts taken one after the other would
// read the panels in leaps.
#include "kernels/avx512_tiles.h"

namespace pith {
namespace {

template <class P, int V, int T>
void multiply_tile(const Tile& tile) {
  using Block = typename P::Block;
  constexpr int kDwords = 8 / P::kHalves;
  const auto* w = static_cast<const Block*>(tile.panel);
  const char* x[T];
  PITH_UNROLL for (int t = 0; t < T; ++t) x[t] = reinterpret_cast<const char*>(tile.x + t * tile.x_groups);
  const char* next = static_cast<const char*>(tile.next);
  __mmask16 added = tile.begins ? 0 : 0xffff;
  for (std::int64_t left = tile.blocks; left > 0; left -= 16) {
    float(*part)[16] = tile.parts;
    const int n = left < 16 ? static_cast<int>(left) : 16;
    for (int c = 0; c < n; ++c, ++w, part += V * T) {
      const char* end = next + tile.next_bytes;
      for (; next < end; next += 64) _mm_prefetch(next, _MM_HINT_T1);
      const std::int64_t bytes = c % 4 * 128 + c / 4 * 16, fields = 4 * c;
      __m512 term[V][T] = {};
      PITH_UNROLL for (int h = 0; h < P::kHalves; ++h) {
        const std::int64_t sums =
            fields + static_cast<std::int64_t>(offsetof(Q8Blocks, sum)) + 64 * (P::kHalves == 1 ? 0 : 1 + h);
        __m512i dot[V][T];
        PITH_UNROLL for (int t = 0; t < T; ++t) {
          PITH_UNROLL for (int v = 0; v < V; ++v) {
            dot[v][t] =
                P::kMins ? _mm512_setzero_si512() : _mm512_set1_epi32(load_as<std::int32_t>(x[t] + sums));
          }
        }
        PITH_UNROLL for (int d = h * kDwords; d < (h + 1) * kDwords; ++d) {
          __m512i u[V];
          PITH_UNROLL for (int v = 0; v < V; ++v) u[v] = _mm512_load_si512(w[v * tile.panel_blocks].u[d]);
          PITH_UNROLL for (int t = 0; t < T; ++t) {
            const __m512i four =
                _mm512_set1_epi32(load_as<std::int32_t>(x[t] + bytes + d / 4 * 64 + d % 4 * 4));
            PITH_UNROLL for (int v = 0; v < V; ++v) dot[v][t] = _mm512_dpbusd_epi32(dot[v][t], u[v], four);
          }
        }
        PITH_UNROLL for (int v = 0; v < V; ++v) {
          const Block& block = w[v * tile.panel_blocks];
          PITH_UNROLL for (int t = 0; t < T; ++t) {
            term[v][t] = add_dot(term[v][t], h == 0, dot[v][t], _mm512_load_ps(block.scale[h]));
            if constexpr (P::kMins) {
              const __m512i sum = _mm512_set1_epi32(load_as<std::int32_t>(x[t] + sums));
              term[v][t] = add_min(term[v][t], sum, _mm512_load_ps(block.scale[P::kHalves + h]));
            }
          }
        }
      }
      PITH_UNROLL for (int t = 0; t < T; ++t) {
        const __m512 x_scale = _mm512_set1_ps(load_as<float>(x[t] + offsetof(Q8Blocks, scale) + fields));
        PITH_UNROLL for (int v = 0; v < V; ++v) {
          const __m512 acc = _mm512_maskz_load_ps(added, part[v * T + t]);
          _mm512_store_ps(part[v * T + t], _mm512_fmadd_ps(term[v][t], x_scale, acc));
        }
      }
    }
    PITH_UNROLL for (int t = 0; t < T; ++t) x[t] += sizeof(Q8Blocks);
    added = 0xffff;
  }
}

template <int Halves, bool Mins>
constexpr TileKernels make_tiles() {
  using P = Panel<Halves, Mins>;
  return {{nullptr, nullptr, nullptr, nullptr, nullptr, multiply_tile<P, 1, 5>, multiply_tile<P, 1, 6>,
           multiply_tile<P, 1, 7>, multiply_tile<P, 1, 8>},
          {nullptr, nullptr, nullptr, nullptr, multiply_tile<P, 2, 4>, multiply_tile<P, 2, 5>,
           multiply_tile<P, 2, 6>}};
}

constexpr TileKernels kTiles[2][2] = {{make_tiles<1, false>(), make_tiles<1, true>()},
                                      {make_tiles<2, false>(), make_tiles<2, true>()}};

}  // namespace

const TileKernels& avx512_tiles(bool halves, bool mins) { return kTiles[halves][mins]; }

}  // namespace pith
