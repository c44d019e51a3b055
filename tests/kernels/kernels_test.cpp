// Which levels there are, and the choice between them.
#include "kernels/kernels.h"

#include <cstdlib>

#include "base/error.h"
#include "kernels/reference.h"

namespace pith::test {
namespace {

TEST(Levels, ScalarIsAlwaysThereAndUnknownOnesAreNot) {
  ASSERT_NE(kernels_at("scalar"), nullptr);
  for (const Kernels* kernels : levels()) EXPECT_EQ(kernels_at(kernels->isa), kernels);
  EXPECT_EQ(kernels_at("sse9"), nullptr);
  EXPECT_EQ(kernels_at(""), nullptr);
}

TEST(Levels, EveryTableIsComplete) {
  for (const Kernels* k : levels()) {
    SCOPED_TRACE(k->isa);
    for (const TypeInfo& t : kTypes) {
      const Matmul& m = k->matmul[static_cast<std::size_t>(t.type)];
      EXPECT_EQ(m.multiply != nullptr, t.weight) << t.name;
      EXPECT_EQ(m.scratch_bytes != nullptr, t.weight) << t.name;
      EXPECT_EQ(k->decode[static_cast<std::size_t>(t.type)] != nullptr, t.weight) << t.name;
    }
    for (const Input& i : k->input) EXPECT_TRUE(i.bytes && i.prepare);
    for (auto f : k->activate) EXPECT_TRUE(f);
    EXPECT_TRUE(k->rms_norm && k->layer_norm && k->rope && k->add && k->mul && k->axpy && k->scale);
    EXPECT_TRUE(k->softcap && k->softmax && k->dot && k->max && k->attend && k->attend_scratch);
  }
}

/// In a process of its own, as the choice is made once.
void choose_and_exit(const char* isa) {
  setenv("PITH_ISA", isa, 1);
  try {
    std::_Exit(kernels().isa == isa ? 10 : *isa == '\0' && &kernels() == levels().back() ? 11 : 12);
  } catch (const UsageError& e) {
    std::fputs(e.what(), stderr);
    std::_Exit(2);
  }
}

TEST(LevelsDeathTest, TheEnvironmentChooses) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(choose_and_exit("scalar"), ::testing::ExitedWithCode(10), "");
  EXPECT_EXIT(choose_and_exit(""), ::testing::ExitedWithCode(11), "");
  EXPECT_EXIT(choose_and_exit("sse9"), ::testing::ExitedWithCode(2), "PITH_ISA=sse9: .* have scalar");
}

}  // namespace
}  // namespace pith::test
