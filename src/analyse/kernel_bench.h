// How near the products of each weight type come to this machine's limits, kernel by kernel.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/team.h"
#include "kernels/kernels.h"

namespace pith {

struct KernelTiming {
  DType type;
  std::int64_t rows, k, tokens;
  double read_bytes, read_share;  ///< weights read per second; its share of the read bandwidth
  double ops, ops_share;  ///< per second; its share of the arithmetic peak (of what the kernel multiplies)
};

/// Times each weight type in shapes of common models for 1 to 512 tokens, all threads of the team together.
/// The limits are measured before every repetition, because a shared machine's limits move; medians are
/// reported. Preparing the activations is not in the times.
void bench_kernels(Team& team, const Kernels& kernels, std::span<const DType> types,
                   const std::function<void(const KernelTiming&)>& report);

}  // namespace pith
