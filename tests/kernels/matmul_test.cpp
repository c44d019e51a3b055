// The walk over the kernel table: every weight type, at every level that this machine has, over awkward sizes
// and worst-case values.
//
// How far a result may be from the exact one. A block type's output is a sum of n terms (one per scale group
// of 16 or 32, and one more per group where there are minimums). Each term is an exact integer below 2^24
// times a scale that was rounded once, and enters the sum with one more rounding, so with M the sum of the
// magnitudes |scale q x| + |min x| over all k:   |error| <= (n + 2) kU M   to first order, whatever the order
// of the sum. Where the product of two scales is subnormal it is off by 2^-150 absolutely, times the integer
// (below 2^20): n 2^-130 in all. F32, F16 and BF16: k products and sums, (k + 1) kU M + k 2^-149; where the
// level multiplies bfloat16 pairs (VDPBF16PS takes subnormals as zero), 2^-126 (k + sum |w| + sum |x|) more.
#include <cmath>
#include <limits>

#include "kernels/reference.h"

namespace pith::test {
namespace {

constexpr int kRows = 33;
constexpr int kTokens = 64;

struct Problem {
  DType type;
  std::int64_t k;
  std::string weights;                // kRows rows, each of another kind
  std::vector<std::vector<float>> x;  // kTokens rows
};

std::vector<DType> weight_types() {
  std::vector<DType> all;
  for (const TypeInfo& t : kTypes) {
    if (t.weight) all.push_back(t.type);
  }
  return all;
}

std::vector<std::int64_t> inner_sizes(DType type) {
  switch (type_info(type).block) {
    case 1: return {1, 2, 7, 15, 16, 17, 31, 33, 64, 100, 255, 512, 769};
    case 32: return {32, 64, 96, 256, 288, 512, 544, 768, 4384};  // the last one is multiplied in pieces
    default: return {256, 512, 768, 1280, 4352};
  }
}

Problem make_problem(DType type, std::int64_t k) {
  Random random(static_cast<std::uint64_t>(type) * 1000 + static_cast<std::uint64_t>(k));
  Problem p{type, k, {}, {}};
  for (int r = 0; r < kRows; ++r) p.weights += weight_row(type, k, r % kWeightKinds, random);
  for (int t = 0; t < kTokens; ++t) p.x.push_back(activation_row(k, t % kActivationKinds, random));
  return p;
}

std::size_t row_bytes(const Problem& p) {
  const TypeInfo& info = type_info(p.type);
  return static_cast<std::size_t>(p.k / info.block * info.bytes);
}

/// The exact products of a problem and the bounds on their errors.
struct Exact {
  std::vector<double> y, bound;  // [kTokens][kRows]
};

Exact exact_products(const Problem& p, InputKind input) {
  const TypeInfo& info = type_info(p.type);
  const auto k = static_cast<std::size_t>(p.k);
  const bool mins = p.type == DType::Q4_1 || p.type == DType::Q5_1 || p.type == DType::Q2_K ||
                    p.type == DType::Q4_K || p.type == DType::Q5_K;
  const bool by_16 = p.type == DType::Q2_K || p.type == DType::Q3_K || p.type == DType::Q6_K;
  const auto groups = static_cast<double>(p.k / (by_16 ? 16 : 32) * (mins ? 2 : 1));

  std::vector<std::vector<double>> inputs;
  for (const std::vector<float>& x : p.x) inputs.push_back(reference_input(input, x));
  Exact exact;
  exact.y.resize(kTokens * kRows);
  exact.bound.resize(kTokens * kRows);
  std::vector<double> value(k), magnitude(k);
  for (int r = 0; r < kRows; ++r) {
    const auto* row =
        reinterpret_cast<const std::uint8_t*>(p.weights.data()) + row_bytes(p) * static_cast<std::size_t>(r);
    double weight_sum = 0.0;
    for (std::size_t i = 0; i < k; ++i) {
      const auto block = static_cast<std::size_t>(info.block);
      const Element e = reference_element(p.type, row + i / block * static_cast<std::size_t>(info.bytes),
                                          static_cast<int>(i % block));
      value[i] = e.value();
      magnitude[i] = std::fabs(e.scale * e.q) + std::fabs(e.min);
      weight_sum += magnitude[i];
    }
    for (int t = 0; t < kTokens; ++t) {
      const std::vector<double>& x = inputs[static_cast<std::size_t>(t)];
      double sum = 0.0, m = 0.0, input_sum = 0.0;
      for (std::size_t i = 0; i < k; ++i) {
        sum += value[i] * x[i];
        m += magnitude[i] * std::fabs(x[i]);
        input_sum += std::fabs(x[i]);
      }
      const auto at = static_cast<std::size_t>(t * kRows + r);
      exact.y[at] = sum;
      if (input == InputKind::Q8) {
        exact.bound[at] = (groups + 2) * kU * m + groups * 0x1p-130;
      } else {
        const auto n = static_cast<double>(k);
        exact.bound[at] = (n + 1) * kU * m + n * 0x1p-149;
        if (input == InputKind::BF16) exact.bound[at] += 0x1p-126 * (n + weight_sum + input_sum);
      }
    }
  }
  return exact;
}

/// Prepared inputs of all tokens of a problem, and scratch.
class Bench {
 public:
  Bench(const Kernels& kernels, const Problem& p)
      : matmul_(kernels.matmul[static_cast<std::size_t>(p.type)]),
        stride_(input(kernels).bytes(p.k)),
        inputs_(stride_ * kTokens),
        scratch_(matmul_.scratch_bytes(p.k)),
        k_(p.k) {
    for (int t = 0; t < kTokens; ++t) {
      input(kernels).prepare(inputs_.data() + stride_ * static_cast<std::size_t>(t),
                             p.x[static_cast<std::size_t>(t)].data(), k_);
    }
  }
  InputKind input_kind() const { return matmul_.input; }
  std::size_t stride() const { return stride_; }

  /// y[tokens][ldy] of the tokens from `first` on; what is not written is NaN.
  std::vector<float> multiply(std::byte* w, std::int64_t begin, std::int64_t end, int first, int tokens,
                              std::int64_t ldy) {
    std::vector<float> y(static_cast<std::size_t>(ldy * tokens), std::numeric_limits<float>::quiet_NaN());
    multiply_into(y, w, begin, end, first, tokens, ldy);
    return y;
  }
  void multiply_into(std::vector<float>& y, std::byte* w, std::int64_t begin, std::int64_t end, int first,
                     int tokens, std::int64_t ldy) {
    const std::byte* x = inputs_.data() + stride_ * static_cast<std::size_t>(first);
    matmul_.multiply(y.data(), ldy, w, x, begin, end, k_, tokens, scratch_.data());
  }

 private:
  const Input& input(const Kernels& kernels) const {
    return kernels.input[static_cast<std::size_t>(matmul_.input)];
  }
  const Matmul& matmul_;
  std::size_t stride_;
  Aligned inputs_;
  Aligned scratch_;
  std::int64_t k_;
};

/// Calls f(kernels, problem) for every type, level and inner size. A level that inherits a type's kernel is
/// not walked again.
template <class F>
void walk(F f) {
  for (DType type : weight_types()) {
    for (std::int64_t k : inner_sizes(type)) {
      const Problem problem = make_problem(type, k);
      const Kernels* below = nullptr;
      for (const Kernels* kernels : levels()) {
        const auto i = static_cast<std::size_t>(type);
        const Matmul& m = kernels->matmul[i];
        ASSERT_NE(m.multiply, nullptr) << type_info(type).name;
        const auto prepare = [&](const Kernels& t) {
          return t.input[static_cast<std::size_t>(m.input)].prepare;
        };
        const bool inherited =
            below && below->matmul[i].multiply == m.multiply && prepare(*below) == prepare(*kernels);
        below = kernels;
        if (inherited) continue;
        SCOPED_TRACE(::testing::Message() << kernels->isa << " " << type_info(type).name << " k = " << k);
        f(*kernels, problem);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(Matmul, IsWithinTheArithmeticsBoundOfTheExactProduct) {
  walk([](const Kernels& kernels, const Problem& p) {
    Bench bench(kernels, p);
    Guarded w(p.weights);
    const std::vector<float> y = bench.multiply(w.data(), 0, kRows, 0, kTokens, kRows);
    const Exact exact = exact_products(p, bench.input_kind());
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_LE(std::fabs(y[i] - exact.y[i]), exact.bound[i])
          << "row " << i % kRows << " token " << i / kRows << ": expected " << exact.y[i] << ", found "
          << y[i];
    }
  });
}

TEST(Matmul, BitsDoNotDependOnTheBatch) {
  walk([](const Kernels& kernels, const Problem& p) {
    Bench bench(kernels, p);
    Guarded w(p.weights);
    const std::vector<float> all = bench.multiply(w.data(), 0, kRows, 0, kTokens, kRows);
    for (int tokens : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 33, 49}) {
      for (int first : {0, kTokens - tokens}) {
        const std::vector<float> y = bench.multiply(w.data(), 0, kRows, first, tokens, kRows);
        ASSERT_TRUE(same_bits(y.data(), all.data() + first * kRows, tokens * kRows)) << tokens << " tokens";
      }
    }
  });
}

TEST(Matmul, BitsDoNotDependOnTheRows) {
  walk([](const Kernels& kernels, const Problem& p) {
    Bench bench(kernels, p);
    Guarded w(p.weights);
    const std::vector<float> all = bench.multiply(w.data(), 0, kRows, 0, kTokens, kRows);
    const auto expect_token = [&](const std::vector<float>& y, int t, std::int64_t begin, std::int64_t rows,
                                  std::int64_t ldy) {
      ASSERT_TRUE(same_bits(y.data() + t * ldy + begin, all.data() + t * kRows + begin, rows))
          << "rows " << begin << " + " << rows << ", token " << t;
    };
    // Matrices of fewer rows: nothing behind the last one may be read or written.
    for (int rows : {1, 3, 15, 16, 17, 32}) {
      Guarded part(p.weights.substr(0, row_bytes(p) * static_cast<std::size_t>(rows)));
      for (int tokens : {1, 4, 17}) {
        const std::int64_t ldy = rows + 3;
        const std::vector<float> y = bench.multiply(part.data(), 0, rows, 0, tokens, ldy);
        for (int t = 0; t < tokens; ++t) {
          expect_token(y, t, 0, rows, ldy);
          for (std::int64_t r = rows; r < ldy; ++r)
            ASSERT_TRUE(std::isnan(y[static_cast<std::size_t>(t * ldy + r)]));
        }
      }
    }
    // One matrix in pieces.
    for (std::int64_t chunk : {1, 7, 16}) {
      for (int tokens : {1, 9, kTokens}) {
        std::vector<float> y(static_cast<std::size_t>(kRows * tokens));
        for (std::int64_t begin = 0; begin < kRows; begin += chunk) {
          bench.multiply_into(y, w.data(), begin, std::min<std::int64_t>(begin + chunk, kRows), 0, tokens,
                              kRows);
        }
        for (int t = 0; t < tokens; ++t) expect_token(y, t, 0, kRows, kRows);
      }
    }
  });
}

TEST(Matmul, NaNAndInfinityStayInTheirToken) {
  for (DType type : weight_types()) {
    Problem p = make_problem(type, 256);
    p.weights.clear();
    Random random(1);
    for (int r = 0; r < kRows; ++r) p.weights += weight_row(type, 256, 0, random);
    const Problem clean = p;
    p.x[3][77] = std::numeric_limits<float>::quiet_NaN();
    p.x[10][255] = std::numeric_limits<float>::infinity();
    for (const Kernels* kernels : levels()) {
      SCOPED_TRACE(::testing::Message() << kernels->isa << " " << type_info(type).name);
      Guarded w(p.weights);
      Bench dirty(*kernels, p), reference(*kernels, clean);
      const std::vector<float> y = dirty.multiply(w.data(), 0, kRows, 0, kTokens, kRows);
      const std::vector<float> expected = reference.multiply(w.data(), 0, kRows, 0, kTokens, kRows);
      for (int t = 0; t < kTokens; ++t) {
        const float* row = y.data() + t * kRows;
        if (t != 3 && t != 10) {
          ASSERT_TRUE(same_bits(row, expected.data() + t * kRows, kRows)) << "token " << t;
          continue;
        }
        for (int r = 0; r < kRows; ++r) ASSERT_FALSE(std::isfinite(row[r])) << "token " << t << " row " << r;
      }
    }
  }
}

/// The identity as weights gives back the activations as they were rounded.
TEST(Input, EveryLevelQuantisesAlike) {
  constexpr std::int64_t kSize = 64;
  Problem p = make_problem(DType::Q8_0, kSize);
  const auto block = [](int one_at) {
    BlockQ8_0 b{};
    b.d = 0x3c00;  // 1.0
    if (one_at >= 0 && one_at < 32) b.qs[one_at] = 1;
    return std::string(reinterpret_cast<const char*>(&b), sizeof b);
  };
  std::string identity;
  for (int r = 0; r < kSize; ++r) identity += block(r) + block(r - 32);
  Random random(7);
  for (std::vector<float>& x : p.x) {
    // Half-way cases: multiples of half the scale.
    for (std::size_t i = 1; i < x.size(); ++i) {
      if (x[0] != 0.0f && random.below(2) == 0) x[i] = x[0] / 254.0f * static_cast<float>(random.below(255));
    }
  }
  for (const Kernels* kernels : levels()) {
    SCOPED_TRACE(kernels->isa);
    Bench bench(*kernels, p);
    Guarded w(identity);
    const std::vector<float> y = bench.multiply(w.data(), 0, kSize, 0, kTokens, kSize);
    for (int t = 0; t < kTokens; ++t) {
      const std::vector<double> expected = reference_input(InputKind::Q8, p.x[static_cast<std::size_t>(t)]);
      for (std::size_t i = 0; i < kSize; ++i) {
        ASSERT_EQ(y[static_cast<std::size_t>(t) * kSize + i], static_cast<float>(expected[i]))
            << "token " << t << " element " << i;
      }
    }
  }
}

TEST(Input, SizesAreMultiplesOf64) {
  for (const Kernels* kernels : levels()) {
    for (const Input& input : kernels->input) {
      for (std::int64_t k : {32, 64, 96, 256, 288, 4096}) EXPECT_EQ(input.bytes(k) % 64, 0u) << kernels->isa;
    }
  }
}

}  // namespace
}  // namespace pith::test
