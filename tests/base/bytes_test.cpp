#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"

namespace pith {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(ByteReader, ReadsLittleEndianAtAnyAlignment) {
  constexpr std::string_view kBytes("\x01\x02\0\0\x80\x03\0\0\0\0\0\0\x80rest", 17);
  ByteReader in(std::as_bytes(std::span(kBytes)), "file");
  EXPECT_EQ(in.read<std::uint8_t>("a"), 1u);
  EXPECT_EQ(in.read<std::uint32_t>("b"), 0x80000002u);
  EXPECT_EQ(in.read<std::uint64_t>("c"), 0x8000000000000003u);
  EXPECT_EQ(in.position(), 13u);
  EXPECT_EQ(as_text(in.take(4, "d")), "rest");
  EXPECT_EQ(in.remaining(), 0u);
}

TEST(ByteReader, NamesWhatIsMissingAndWhere) {
  ByteReader in(std::as_bytes(std::span("12345", 5)), "file");
  in.take(2, "beginning");
  try {
    in.read<std::uint32_t>("a field");
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "file: a field at byte 2: expected 4 bytes, found 3 before the end of the file");
  }
  EXPECT_EQ(in.position(), 2u);
  EXPECT_THROW(in.take(4, "x"), Error);
  EXPECT_THROW(in.take(kMax, "x"), Error);
  EXPECT_NO_THROW(in.take(3, "x"));
}

TEST(CheckedArithmetic, KnowsWhatDoesNotFit) {
  std::uint64_t out = 0;
  EXPECT_TRUE(checked_mul(kMax, 1, &out));
  EXPECT_EQ(out, kMax);
  EXPECT_TRUE(checked_mul(0xffffffffu, 0xffffffffu, &out));
  EXPECT_FALSE(checked_mul(std::uint64_t{1} << 32, std::uint64_t{1} << 32, &out));
  EXPECT_TRUE(checked_add(kMax - 1, 1, &out));
  EXPECT_EQ(out, kMax);
  EXPECT_FALSE(checked_add(kMax, 1, &out));
}

}  // namespace
}  // namespace pith
