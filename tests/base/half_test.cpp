// 16-bit floating point: every value there is, and the roundings between them.
#include "base/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace pith {
namespace {

bool is_nan_half(int h) { return (h & 0x7c00) == 0x7c00 && (h & 0x3ff) != 0; }
bool is_nan_bf16(int h) { return (h & 0x7f80) == 0x7f80 && (h & 0x7f) != 0; }

/// From the definition: (-1)^sign 2^(exponent - 15) (1 + mantissa / 1024), or 2^-14 mantissa / 1024.
double half_by_definition(int h) {
  const int exponent = h >> 10 & 31, mantissa = h & 1023;
  const double sign = h & 0x8000 ? -1.0 : 1.0;
  if (exponent == 31) return sign * INFINITY;
  return sign * (exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24));
}

TEST(Half, EveryValueIsItsDefinition) {
  for (int h = 0; h < 65536; ++h) {
    const float f = half_to_float(static_cast<std::uint16_t>(h));
    if (is_nan_half(h)) {
      ASSERT_TRUE(std::isnan(f)) << h;
    } else {
      ASSERT_EQ(f, half_by_definition(h)) << h;
      ASSERT_EQ(std::signbit(f), h >= 0x8000) << h;
    }
  }
}

TEST(Half, EveryValueComesBack) {
  for (int h = 0; h < 65536; ++h) {
    const int back = float_to_half(half_to_float(static_cast<std::uint16_t>(h)));
    if (is_nan_half(h)) {
      ASSERT_TRUE(is_nan_half(back)) << h;
    } else {
      ASSERT_EQ(back, h);
    }
  }
}

/// Between neighbours a < b: the middle goes to the even one, what is next to the middle to the nearer.
template <class ToFloat, class FromFloat>
void expect_rounds_to_nearest_even(int infinity, ToFloat to_float, FromFloat from_float) {
  for (int h = 0; h < infinity - 1; ++h) {
    const double a = to_float(static_cast<std::uint16_t>(h)), b = to_float(static_cast<std::uint16_t>(h + 1));
    const auto middle = static_cast<float>((a + b) / 2);
    const int even = h % 2 == 0 ? h : h + 1;
    ASSERT_EQ(from_float(middle), even) << h;
    ASSERT_EQ(from_float(-middle), even | 0x8000) << h;
    ASSERT_EQ(from_float(std::nextafter(middle, 0.0f)), h) << h;
    ASSERT_EQ(from_float(std::nextafter(middle, INFINITY)), h + 1) << h;
  }
}

TEST(Half, RoundsToNearestTiesToEven) {
  expect_rounds_to_nearest_even(0x7c00, half_to_float, float_to_half);
  EXPECT_EQ(float_to_half(65519.99f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(1e38f), 0x7c00);
  EXPECT_EQ(float_to_half(-1e38f), 0xfc00);
  EXPECT_EQ(float_to_half(INFINITY), 0x7c00);
  EXPECT_TRUE(is_nan_half(float_to_half(NAN)));
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(Bf16, EveryValueComesBack) {
  for (int h = 0; h < 65536; ++h) {
    const float f = bf16_to_float(static_cast<std::uint16_t>(h));
    const int back = float_to_bf16(f);
    if (is_nan_bf16(h)) {
      ASSERT_TRUE(std::isnan(f) && is_nan_bf16(back)) << h;
    } else {
      ASSERT_EQ(back, h);
    }
  }
}

TEST(Bf16, RoundsToNearestTiesToEven) {
  expect_rounds_to_nearest_even(0x7f80, bf16_to_float, float_to_bf16);
  EXPECT_EQ(float_to_bf16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(float_to_bf16(INFINITY), 0x7f80);
  EXPECT_TRUE(is_nan_bf16(float_to_bf16(NAN)));
  EXPECT_TRUE(
      is_nan_bf16(float_to_bf16(std::bit_cast<float>(0x7f800001u))));  // a payload in the low bits only
}

TEST(E8M0, IsAPowerOfTwo) {
  for (int e = 0; e < 255; ++e)
    EXPECT_EQ(e8m0_to_float(static_cast<std::uint8_t>(e)), std::ldexp(1.0f, e - 127));
  EXPECT_TRUE(std::isnan(e8m0_to_float(255)));
}

}  // namespace
}  // namespace pith
