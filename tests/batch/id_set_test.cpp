// The set of ids, and what it costs.
#include "batch/id_set.h"

#include <gtest/gtest.h>

#include <string>

#include "allocation_peak.h"

namespace pith {
namespace {

TEST(IdSet, HoldsWhatWasPutIn) {
  IdSet set;
  EXPECT_FALSE(set.contains("a"));
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(set.insert(std::to_string(i))) << i;
  for (int i = 0; i < 100'000; ++i) ASSERT_FALSE(set.insert(std::to_string(i))) << i;
  for (int i = 100'000; i < 200'000; ++i) ASSERT_FALSE(set.contains(std::to_string(i))) << i;
  EXPECT_EQ(set.size(), 100'000u);
  EXPECT_TRUE(set.insert(""));
  EXPECT_TRUE(set.contains(""));
}

TEST(IdSet, CostsLittleMoreThan16BytesAnId) {
  constexpr std::size_t kIds = 100'000;
  const std::size_t peak = test::allocation_peak([&] {
    IdSet set;
    set.reserve(kIds);
    for (std::size_t i = 0; i < kIds; ++i) set.insert("request-" + std::to_string(i));
  });
  EXPECT_LT(peak, 18 * kIds);
}

}  // namespace
}  // namespace pith
