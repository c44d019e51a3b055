#include "base/team.h"

#include <gtest/gtest.h>

#include <vector>

namespace pith {
namespace {

TEST(Team, CoversEveryItemOnceWhateverTheThreads) {
  Team team(4);
  for (int threads : {1, 2, 3, 4, 9}) {
    for (std::int64_t n : {0, 1, 7, 1000}) {
      std::vector<int> hits(static_cast<std::size_t>(n));
      team.run(threads, [&](Worker& w) {
        w.parallel_for(n, 3, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) ++hits[static_cast<std::size_t>(i)];
        });
      });
      for (int h : hits) EXPECT_EQ(h, 1);
    }
  }
}

TEST(Team, ALoopSeesAllOfTheLoopBefore) {
  Team team(3);
  constexpr std::int64_t kN = 500;
  std::vector<std::int64_t> a(kN), b(kN);
  for (int round = 0; round < 200; ++round) {
    team.run(3, [&](Worker& w) {
      w.parallel_for(kN, 7, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) a[i] = round + i;
      });
      w.parallel_for(kN, 11, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) b[i] = a[kN - 1 - i];
      });
    });
    for (std::int64_t i = 0; i < kN; ++i) ASSERT_EQ(b[i], round + kN - 1 - i);
  }
}

TEST(Team, ClampsThreads) {
  Team team(2);
  int seen = 0;
  team.run(64, [&](Worker& w) {
    if (w.index() == 0) seen = w.count();
  });
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace pith
