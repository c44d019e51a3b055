// The KV cache's book-keeping: who holds which page, and what is copied when.
#include "infer/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "pith/error.h"

namespace pith {
namespace {

// Two layers that see everything and, if asked for, one with a window.
Spec spec_of(int window = 0, int head_dim = 32) {
  Spec spec;
  for (const int w : {0, window, 0}) {
    LayerSpec layer;
    layer.attention.heads = layer.attention.kv_heads = 2;
    layer.attention.head_dim = layer.attention.value_dim = head_dim;
    layer.attention.window = w;
    spec.layers.push_back(layer);
  }
  return spec;
}

constexpr std::int64_t kPositions = 10 * kTile;

struct KvCacheTest : testing::Test {
  KvCache cache{spec_of(), {}, kPositions, 2, 64};  // 12 pages
  const std::int64_t all = cache.free_pages();

  void extend(Sequence& s, std::int64_t n) {
    ASSERT_TRUE(s.reserve(n));
    s.advance(n);
  }
  std::byte& byte(const Sequence& s, std::size_t page) { return *cache.page(0, s.pages(0)[page]); }
};

TEST_F(KvCacheTest, ALayerKnowsItsPlaceInAPage) {
  // Three layers of keys and values, 2 heads each, 32 rows of 32 values of 2 bytes.
  constexpr std::size_t kPart = 2 * 32 * 32 * 2;
  EXPECT_EQ(cache.groups(), 1);
  EXPECT_EQ(cache.page_bytes(0), 6 * kPart);
  EXPECT_EQ(cache.layer(1).k_offset, 2 * kPart);
  EXPECT_EQ(cache.layer(1).v_offset, 3 * kPart);
  EXPECT_EQ(cache.layer(1).k_row, 64u);
  EXPECT_EQ(KvCache::bytes(spec_of(), {}, kPositions, 2, 64), 12 * 6 * kPart);
}

TEST_F(KvCacheTest, PagesComeAndGoWithPositions) {
  Sequence s(cache);
  extend(s, 1);
  EXPECT_EQ(cache.free_pages(), all - 1);
  extend(s, kTile - 1);
  EXPECT_EQ(cache.free_pages(), all - 1);
  extend(s, 1);
  EXPECT_EQ(cache.free_pages(), all - 2);
  ASSERT_TRUE(s.reserve(kTile));  // twice is as once
  ASSERT_TRUE(s.reserve(kTile));
  EXPECT_EQ(cache.free_pages(), all - 3);
  s.clear();
  EXPECT_EQ(s.length(), 0);
  EXPECT_EQ(cache.free_pages(), all);
}

TEST_F(KvCacheTest, AForkSharesPagesUntilOneWrites) {
  Sequence a(cache);
  extend(a, kTile + 5);
  byte(a, 0) = std::byte{1}, byte(a, 1) = std::byte{2};
  Sequence b = a.fork();
  EXPECT_EQ(b.length(), kTile + 5);
  EXPECT_EQ(cache.free_pages(), all - 2);

  extend(b, 1);  // into the second page, which is copied
  EXPECT_EQ(cache.free_pages(), all - 3);
  EXPECT_EQ(a.pages(0)[0], b.pages(0)[0]);
  EXPECT_NE(a.pages(0)[1], b.pages(0)[1]);
  EXPECT_EQ(byte(b, 1), std::byte{2});
  byte(b, 1) = std::byte{3};
  EXPECT_EQ(byte(a, 1), std::byte{2});
  extend(a, 1);  // its own by now
  EXPECT_EQ(cache.free_pages(), all - 3);

  a.clear();
  EXPECT_EQ(byte(b, 0), std::byte{1});
  EXPECT_EQ(cache.free_pages(), all - 2);
}

TEST_F(KvCacheTest, AForkOfWholePagesCopiesNothing) {
  Sequence a(cache);
  extend(a, 2 * kTile);
  Sequence b = a.fork_prefix(kTile);
  extend(b, 1);
  EXPECT_EQ(cache.free_pages(), all - 3);
  EXPECT_EQ(a.pages(0)[0], b.pages(0)[0]);
  EXPECT_EQ(a.length(), 2 * kTile);
}

TEST_F(KvCacheTest, ReservedPagesStayWithTheOriginal) {
  Sequence a(cache);
  extend(a, kTile);
  ASSERT_TRUE(a.reserve(kTile));
  const Sequence b = a.fork();
  EXPECT_EQ(b.pages(0).size(), 1u);
  EXPECT_EQ(cache.free_pages(), all - 2);
}

TEST_F(KvCacheTest, TruncationLetsPagesGo) {
  Sequence a(cache);
  extend(a, 4 * kTile);
  const Sequence b = a.fork();
  ASSERT_TRUE(a.truncate(kTile + 1));
  EXPECT_EQ(a.length(), kTile + 1);
  EXPECT_EQ(cache.free_pages(), all - 4);  // the fork holds them
  extend(a, 1);                            // and what it holds is copied
  EXPECT_NE(a.pages(0)[1], b.pages(0)[1]);
  ASSERT_TRUE(a.truncate(0));
  EXPECT_EQ(cache.free_pages(), all - 4);
}

TEST_F(KvCacheTest, WithoutFreePagesNothingChanges) {
  Sequence a(cache), b(cache);
  extend(a, 9 * kTile + 5);  // 10 pages of 12
  extend(b, kTile);
  EXPECT_FALSE(b.reserve(kTile + 1));
  EXPECT_EQ(b.length(), kTile);
  EXPECT_EQ(b.pages(0).size(), 1u);
  EXPECT_EQ(cache.free_pages(), 1);
  extend(b, kTile);
  Sequence c = a.fork();  // a fork costs nothing, a copy has no room
  EXPECT_FALSE(c.reserve(1));
  EXPECT_EQ(c.pages(0)[9], a.pages(0)[9]);
  b.clear();
  EXPECT_TRUE(c.reserve(1));
}

TEST_F(KvCacheTest, RoomIsKnownBeforehand) {
  Sequence a(cache);
  extend(a, 3 * kTile);
  EXPECT_TRUE(cache.has_room(0, 9 * kTile, 0));
  EXPECT_FALSE(cache.has_room(0, 9 * kTile + 1, 0));
  EXPECT_FALSE(cache.has_room(0, 9 * kTile, 1));
  EXPECT_TRUE(cache.has_room(3 * kTile, 12 * kTile, 0));
}

TEST_F(KvCacheTest, MovingLeavesNothingBehind) {
  Sequence a(cache);
  extend(a, kTile + 1);
  Sequence b = std::move(a);
  EXPECT_EQ(b.length(), kTile + 1);
  b = Sequence(cache);
  EXPECT_EQ(cache.free_pages(), all);
}

// A window of 40 positions beside layers that see everything.
struct WindowTest : testing::Test {
  static constexpr int kWindow = 40;
  KvCache cache{spec_of(kWindow), {}, 40 * kTile, 2, kTile};
  const int group = cache.layer(1).group;

  // Token by token, as an answer does; every position in the window must have its page.
  void extend(Sequence& s, std::int64_t n) {
    for (; n > 0; --n) {
      ASSERT_TRUE(s.reserve(1));
      for (std::int64_t p = std::max<std::int64_t>(0, s.length() - kWindow + 1); p <= s.length(); ++p)
        ASSERT_GE(s.pages(group)[static_cast<std::size_t>(p / kTile)], 0) << p << " of " << s.length();
      s.advance(1);
    }
  }
  std::int64_t held(const Sequence& s) const {
    return std::ranges::count_if(s.pages(group), [](std::int32_t page) { return page >= 0; });
  }
};

TEST_F(WindowTest, LayersWithAWindowHavePagesOfTheirOwn) {
  EXPECT_EQ(cache.groups(), 2);
  EXPECT_NE(cache.layer(0).group, group);
  EXPECT_EQ(cache.layer(2).group, cache.layer(0).group);
}

TEST_F(WindowTest, PagesBehindTheWindowAreLetGo) {
  Sequence s(cache);
  extend(s, 15 * kTile);
  EXPECT_LE(held(s), 4);  // the window, and the page that truncation may need
  EXPECT_EQ(s.pages(cache.layer(0).group)[0] >= 0, true);
  EXPECT_EQ(s.pages(group)[0], -1);
  // A step as long as the cache was planned for, in two sequences at once.
  Sequence t(cache);
  extend(t, 15 * kTile);
  EXPECT_TRUE(s.reserve(kTile));
  EXPECT_TRUE(t.reserve(kTile));
}

TEST_F(WindowTest, TruncationStopsWhereTheWindowHasLetGo) {
  Sequence s(cache);
  for (int length = 1; length < 10 * kTile; length += 3) {
    s.clear();
    extend(s, length);
    for (int back = 0; back < kTile; ++back) EXPECT_TRUE(s.can_truncate(std::max(0, length - back)));
  }
  const std::int64_t length = s.length();
  EXPECT_FALSE(s.can_truncate(5 * kTile));
  EXPECT_FALSE(s.truncate(5 * kTile));
  EXPECT_EQ(s.length(), length);
  ASSERT_TRUE(s.truncate(length - kTile));
  extend(s, 2 * kTile);
}

TEST_F(WindowTest, PagesFromElsewhereAreAppendedWhereTheyAreNeeded) {
  Sequence s(cache);
  std::vector<std::int64_t> first(2);
  first[static_cast<std::size_t>(group)] = 2;
  const std::int64_t free = cache.free_pages();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(s.append_page(first));
  EXPECT_EQ(s.length(), 4 * kTile);
  EXPECT_EQ(held(s), 2);
  EXPECT_TRUE(s.can_truncate(4 * kTile));
  EXPECT_FALSE(s.can_truncate(3 * kTile));
  s.clear();
  EXPECT_EQ(cache.free_pages(), free);
}

TEST(KvCache, Q8NeedsHeadsOfWholeBlocks) {
  const KvTypes q8{DType::Q8_0, DType::Q8_0};
  EXPECT_EQ(KvCache(spec_of(0, 64), q8, 32, 1, 32).layer(0).k_row, 68u);
  try {
    KvCache cache(spec_of(0, 48), q8, 32, 1, 32);
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "a key cache of type Q8_0 needs a head size that is a multiple of 32, this model has 48");
  }
}

}  // namespace
}  // namespace pith
