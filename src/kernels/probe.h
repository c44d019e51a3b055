// What this machine can do at most: the limits that measured speeds are compared with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/team.h"

namespace pith {

/// Of `threads` threads together. An operation is a multiplication or an addition: a fused one is two.
struct MachineLimits {
  double read_bytes;  ///< bytes per second read from memory in order
  double int8_ops;    ///< per second, 8-bit products summed in 32 bits
  double f32_ops;     ///< per second, fused multiply-add
  double bf16_ops;    ///< per second, bfloat16 pair products; 0 where the level has none
};

/// What short rounds of each loop showed.
struct MachineSpeed {
  MachineLimits best;   ///< the fastest: other processes only ever lower what is seen, so nothing is faster
  MachineLimits usual;  ///< the median: what work that lasts can count on, on a machine that others use too
};

/// The loops that are timed, of one level. Each returns something computed, so that it is not removed.
struct ProbeLoops {
  std::uint64_t (*read)(const std::byte* data, std::size_t bytes);  ///< bytes: a multiple of 4096
  std::uint64_t (*int8)(std::int64_t rounds);
  std::uint64_t (*f32)(std::int64_t rounds);
  std::uint64_t (*bf16)(std::int64_t rounds);  ///< null where the level has none
  std::int64_t int8_ops, f32_ops, bf16_ops;    ///< operations of one round
};

/// Measures with all threads of a team at once and the instructions of a level ("scalar", "avx2", "avx512").
/// Holds 256 MiB, far more than caches do.
class MachineProbe {
 public:
  MachineProbe(Team& team, std::string_view isa);

  /// Spends about `seconds` on each limit, in rounds of some milliseconds.
  MachineSpeed measure(double seconds);

 private:
  Team& team_;
  ProbeLoops loops_;
  std::unique_ptr<std::byte[]> buffer_;
};

#if PITH_X86_64
void fill_avx2_probe(ProbeLoops& loops);
void fill_avx512_probe(ProbeLoops& loops);
void fill_avx512_bf16_probe(ProbeLoops& loops);
#endif

}  // namespace pith
