// Quantisers: errors no larger than llama.cpp's, and blocks that hold what was packed.
#include "kernels/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/pack.h"
#include "kernels/reference.h"

namespace pith::test {
namespace {

std::vector<DType> block_types() {
  std::vector<DType> all;
  for (const TypeInfo& t : kTypes) {
    if (t.block > 1) all.push_back(t.type);
  }
  return all;
}

std::vector<float> round_trip(DType type, const std::vector<float>& x) {
  const TypeInfo& info = type_info(type);
  const auto n = static_cast<std::int64_t>(x.size());
  std::string row(x.size() / static_cast<std::size_t>(info.block) * static_cast<std::size_t>(info.bytes),
                  '\0');
  quantize_row(type, x.data(), row.data(), n);
  std::vector<float> y(x.size());
  kernels_at("scalar")->decode[static_cast<std::size_t>(type)](y.data(), row.data(), n);
  return y;
}

double rmse(const std::vector<float>& x, const std::vector<float>& y) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += std::pow(static_cast<double>(x[i]) - y[i], 2);
  return std::sqrt(sum / static_cast<double>(x.size()));
}

enum Shape { kGauss, kLaplace, kOutliers };

std::vector<float> weights(Shape shape) {
  Random random(42 + static_cast<std::uint64_t>(shape));
  std::vector<float> x(32768);
  for (float& v : x) {
    if (shape == kLaplace) {
      const double u = random.uniform() - 0.5;
      v = static_cast<float>(-0.02 * std::copysign(std::log(1.0 - 2.0 * std::fabs(u)), u));
    } else {
      v = 0.02f * random.normal();
      if (shape == kOutliers && random.uniform() < 0.01) v *= 10.0f;
    }
  }
  return x;
}

/// Round-trip RMSE of llama.cpp's quantisers (ggml_quantize_chunk without an importance matrix, commit
/// 3f545becc, August 2026) on exactly these inputs, rounded down.
struct Peer {
  DType type;
  double gauss, laplace, outliers;
};
constexpr Peer kPeers[] = {
    {DType::Q8_0, 1.0557e-04, 1.9182e-04, 2.6442e-04},   {DType::Q4_0, 1.6957e-03, 3.0336e-03, 4.0657e-03},
    {DType::Q4_1, 1.5481e-03, 2.6070e-03, 2.8098e-03},   {DType::Q5_0, 8.4184e-04, 1.5206e-03, 2.0979e-03},
    {DType::Q5_1, 7.4764e-04, 1.2606e-03, 1.3492e-03},   {DType::Q2_K, 5.8290e-03, 9.7868e-03, 9.1756e-03},
    {DType::Q3_K, 2.9702e-03, 4.9988e-03, 5.2778e-03},   {DType::Q4_K, 1.4063e-03, 2.3956e-03, 2.6347e-03},
    {DType::Q5_K, 7.1147e-04, 1.2124e-03, 1.3157e-03},   {DType::Q6_K, 3.5126e-04, 6.1644e-04, 7.7465e-04},
    {DType::IQ4_NL, 1.5113e-03, 2.5090e-03, 3.1406e-03}, {DType::IQ4_XS, 1.5227e-03, 2.5275e-03, 3.1836e-03},
    {DType::MXFP4, 2.2535e-03, 3.5896e-03, 4.4142e-03},
};

TEST(Quantize, ErrorIsNoLargerThanLlamaCpps) {
  const std::vector<float> gauss = weights(kGauss), laplace = weights(kLaplace),
                           outliers = weights(kOutliers);
  ASSERT_EQ(std::size(kPeers), block_types().size());
  for (const Peer& peer : kPeers) {
    EXPECT_LE(rmse(gauss, round_trip(peer.type, gauss)), peer.gauss) << type_info(peer.type).name;
    EXPECT_LE(rmse(laplace, round_trip(peer.type, laplace)), peer.laplace) << type_info(peer.type).name;
    EXPECT_LE(rmse(outliers, round_trip(peer.type, outliers)), peer.outliers) << type_info(peer.type).name;
  }
}

TEST(Quantize, FloatTypesRoundOnce) {
  const std::vector<float> x = weights(kGauss);
  EXPECT_EQ(round_trip(DType::F32, x), x);
  const std::vector<float> f16 = round_trip(DType::F16, x), bf16 = round_trip(DType::BF16, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(std::fabs(f16[i] - x[i]), std::fabs(x[i]) * 0x1p-11f + 0x1p-25f);
    ASSERT_LE(std::fabs(bf16[i] - x[i]), std::fabs(x[i]) * 0x1p-8f);
  }
}

TEST(Quantize, ABlockDependsOnItselfAlone) {
  const std::vector<float> x = weights(kGauss);
  for (DType type : block_types()) {
    const std::vector<float> whole = round_trip(type, x);
    const std::vector<float> part = round_trip(type, {x.begin() + 1024, x.begin() + 1280});
    EXPECT_TRUE(same_bits(part.data(), whole.data() + 1024, 256)) << type_info(type).name;
  }
}

TEST(Quantize, ZerosStayZeros) {
  for (DType type : block_types()) {
    for (float v : round_trip(type, std::vector<float>(512, 0.0f)))
      ASSERT_EQ(v, 0.0f) << type_info(type).name;
  }
}

/// What a type can hold exactly comes back exactly.
TEST(Quantize, RepresentableBlocksAreExact) {
  std::vector<float> x(256);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.25f * static_cast<float>(static_cast<int>(i % 16) - 8);
  for (DType type : {DType::Q4_0, DType::Q4_1, DType::Q5_0, DType::Q5_1}) {
    EXPECT_EQ(round_trip(type, x), x) << type_info(type).name;
  }
  constexpr float kE2M1[] = {0, .5, 1, 1.5, 2, 3, 4, 6};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = kE2M1[i % 8] * (i % 16 < 8 ? 8.0f : -8.0f);
  EXPECT_EQ(round_trip(DType::MXFP4, x), x);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.125f * scalar::kNonLinear[i % 16];
  EXPECT_EQ(round_trip(DType::IQ4_NL, x), x);
}

/// All of a kind, one value, tiny, huge (beyond what a half times the integers can hold), mixed: finite, and
/// no undefined conversion on the way (the sanitizers watch).
TEST(Quantize, ExtremesStayFinite) {
  std::vector<std::vector<float>> rows;
  for (float v : {1.0f, -1.0f, 1e-44f, 1e-30f, 1e-8f, 6e-8f, 1e4f, 1e10f, 1e30f, 3.4e38f, -3.4e38f}) {
    rows.emplace_back(256, v);
    rows.push_back(std::vector<float>(256, 0.0f));
    rows.back()[100] = v;
    rows.emplace_back(256, v);
    for (std::size_t i = 0; i < 256; i += 2) rows.back()[i] = -v;
    rows.push_back(weights(kGauss));
    rows.back().resize(256);
    rows.back()[7] = v;
  }
  for (DType type : block_types()) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::vector<float> y = round_trip(type, rows[i]);
      for (float v : y) ASSERT_TRUE(std::isfinite(v)) << type_info(type).name << " row " << i;
      const auto magnitude = [](float a, float b) { return std::fabs(a) < std::fabs(b); };
      const float top = std::fabs(*std::max_element(rows[i].begin(), rows[i].end(), magnitude));
      // One element may not end up far from what it was: within a third of the largest, if halves hold it.
      if (top > 1e4f || top < 1e-4f || type == DType::Q2_K) continue;
      for (std::size_t j = 0; j < 256; ++j) {
        ASSERT_LE(std::fabs(y[j] - rows[i][j]), top / 3)
            << type_info(type).name << " row " << i << " element " << j;
      }
    }
  }
}

TEST(Quantize, FiniteIsChecked) {
  std::vector<float> x(100, 1.0f);
  EXPECT_TRUE(all_finite(x.data(), 100));
  EXPECT_TRUE(all_finite(x.data(), 0));
  for (float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                    std::numeric_limits<float>::quiet_NaN()}) {
    x[99] = bad;
    EXPECT_FALSE(all_finite(x.data(), 100));
    EXPECT_TRUE(all_finite(x.data(), 99));
  }
}

/// Random blocks' contents, packed again, are the same bytes: pack is unpack's inverse for every bit pattern.
template <class Type, class Repack>
void expect_packs_back(DType type, Repack repack) {
  Random random(9);
  for (int trial = 0; trial < 50; ++trial) {
    const std::string bytes = weight_row(type, type_info(type).block, 0, random);
    typename Type::Block block, again{};
    std::memcpy(&block, bytes.data(), sizeof block);
    scalar::Group groups[8];
    Type::unpack(block, groups);
    std::int8_t q[kSuper];
    for (int i = 0; i < type_info(type).block; ++i) q[i] = groups[i / 32].q[i % 32];
    repack(again, block, q);
    ASSERT_EQ(std::memcmp(&block, &again, sizeof block), 0) << type_info(type).name;
  }
}

TEST(Pack, IsTheInverseOfUnpack) {
  using scalar::pack;
  const auto plain = [](auto& again, const auto& b, const std::int8_t* q) { pack(again, b.d, q); };
  const auto line = [](auto& again, const auto& b, const std::int8_t* q) { pack(again, b.d, b.m, q); };
  const auto line_super = [](auto& again, const auto& b, const std::int8_t* q) {
    std::int8_t scale[8], min[8];
    for (int n = 0; n < 8; ++n) {
      scale[n] = static_cast<std::int8_t>(scalar::scale_min(b.scales, n).scale);
      min[n] = static_cast<std::int8_t>(scalar::scale_min(b.scales, n).min);
    }
    pack(again, b.d, b.dmin, scale, min, q);
  };
  expect_packs_back<scalar::Q4_0>(DType::Q4_0, plain);
  expect_packs_back<scalar::Q5_0>(DType::Q5_0, plain);
  expect_packs_back<scalar::IQ4_NL>(DType::IQ4_NL, plain);
  expect_packs_back<scalar::Q4_1>(DType::Q4_1, line);
  expect_packs_back<scalar::Q5_1>(DType::Q5_1, line);
  expect_packs_back<scalar::Q4_K>(DType::Q4_K, line_super);
  expect_packs_back<scalar::Q5_K>(DType::Q5_K, line_super);
  expect_packs_back<scalar::Q6_K>(
      DType::Q6_K, [](auto& again, const auto& b, const std::int8_t* q) { pack(again, b.d, b.scales, q); });
  expect_packs_back<scalar::Q2_K>(DType::Q2_K, [](auto& again, const auto& b, const std::int8_t* q) {
    std::int8_t scale[16], min[16];
    for (int s = 0; s < 16; ++s) {
      scale[s] = static_cast<std::int8_t>(b.scales[s] & 15);
      min[s] = static_cast<std::int8_t>(b.scales[s] >> 4);
    }
    pack(again, b.d, b.dmin, scale, min, q);
  });
  expect_packs_back<scalar::Q3_K>(DType::Q3_K, [](auto& again, const auto& b, const std::int8_t* q) {
    std::int8_t scale[16];
    for (int s = 0; s < 16; ++s) scale[s] = static_cast<std::int8_t>(scalar::Q3_K::scale(b.scales, s));
    pack(again, b.d, scale, q);
  });
  expect_packs_back<scalar::IQ4_XS>(DType::IQ4_XS, [](auto& again, const auto& b, const std::int8_t* q) {
    std::int8_t scale[8];
    for (int n = 0; n < 8; ++n) {
      const int low = b.scales_l[n / 2] >> (n % 2 * 4) & 15, high = b.scales_h >> (2 * n) & 3;
      scale[n] = static_cast<std::int8_t>((low | high << 4) - 32);
    }
    pack(again, b.d, scale, q);
  });
}

}  // namespace
}  // namespace pith::test
