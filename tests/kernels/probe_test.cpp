#include "kernels/probe.h"

#include <gtest/gtest.h>

#include "kernels/kernels.h"

namespace pith {
namespace {

TEST(MachineProbe, MeasuresEveryLimitOfALevel) {
  Team team(1);
  for (const char* isa : {"scalar", "avx2", "avx512"}) {
    if (!kernels_at(isa)) continue;
    MachineProbe probe(team, isa);
    const auto [limits, usual] = probe.measure(0.002);
    SCOPED_TRACE(isa);
    // Slower than any machine that runs this, and faster than any there is.
    for (double rate : {limits.read_bytes, limits.int8_ops, limits.f32_ops}) {
      EXPECT_GT(rate, 1e6);
      EXPECT_LT(rate, 1e14);
    }
    EXPECT_LT(limits.bf16_ops, 1e14);
    for (double MachineLimits::*limit : {&MachineLimits::read_bytes, &MachineLimits::int8_ops,
                                         &MachineLimits::f32_ops, &MachineLimits::bf16_ops}) {
      EXPECT_LE(usual.*limit, limits.*limit);
      EXPECT_EQ(usual.*limit > 0.0, limits.*limit > 0.0);
    }
    const bool pairs =
        kernels_at(isa)->matmul[static_cast<std::size_t>(DType::BF16)].input == InputKind::BF16;
    EXPECT_EQ(limits.bf16_ops > 0.0, pairs);
  }
}

}  // namespace
}  // namespace pith
