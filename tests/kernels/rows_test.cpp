// Norms, rotation, sums, softmax, activations and codecs at every level, against double.
//
// u = kU = 2^-24. A sum of n floats over 8 or more lanes rounds each term at most n / 8 + 4 times. exp, tanh
// and erf are taken to be within 4 units in the last place (8 u) of their argument's exact function; an
// argument z that was itself rounded adds |z| u. Results below 2^-120 may be flushed.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "base/half.h"
#include "kernels/reference.h"

namespace pith::test {
namespace {

constexpr double kTiny = 0x1p-120;
constexpr std::int64_t kSizes[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100, 255, 1000, 4097};

/// Vectors of each size and several kinds; called once per level and vector.
void walk(const std::function<void(const Kernels&, const std::vector<float>&, Random&)>& f) {
  for (const Kernels* kernels : levels()) {
    for (std::int64_t n : kSizes) {
      for (int kind : {0, 2, 3, 6}) {
        Random random(static_cast<std::uint64_t>(n * 10 + kind));
        const std::vector<float> x = activation_row(n, kind, random);
        SCOPED_TRACE(::testing::Message() << kernels->isa << " n = " << n << " kind " << kind);
        f(*kernels, x, random);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

std::vector<float> normals(std::size_t n, Random& random) {
  return activation_row(static_cast<std::int64_t>(n), 0, random);
}

void expect_near(float actual, double expected, double bound, std::size_t i) {
  ASSERT_LE(std::fabs(actual - expected), bound + kTiny)
      << "element " << i << ": expected " << expected << ", found " << actual;
}

/// A copy whose end is the end of the memory.
class GuardedFloats {
 public:
  explicit GuardedFloats(const std::vector<float>& x) : bytes_(4 * x.size()) {
    std::memcpy(bytes_.data(), x.data(), 4 * x.size());
  }
  float* data() { return reinterpret_cast<float*>(bytes_.data()); }
  float operator[](std::size_t i) { return data()[i]; }

 private:
  Guarded bytes_;
};

// The mean square is within (n / 8 + 4) u, its root's inverse within half of that and 2 u; two products
// follow.
TEST(Rows, RmsNorm) {
  walk([](const Kernels& kernels, const std::vector<float>& x, Random& random) {
    const std::vector<float> w = normals(x.size(), random);
    const auto n = static_cast<double>(x.size());
    double squares = 0.0;
    for (float v : x) squares += static_cast<double>(v) * v;
    const double inverse = 1.0 / std::sqrt(squares / n + 1e-5f);
    for (const float* weight : {static_cast<const float*>(nullptr), w.data()}) {
      for (bool in_place : {false, true}) {
        GuardedFloats in(x), out(x);
        kernels.rms_norm(in_place ? in.data() : out.data(), in.data(), weight,
                         static_cast<std::int64_t>(x.size()), 1e-5f);
        for (std::size_t i = 0; i < x.size(); ++i) {
          const double expected = x[i] * inverse * (weight ? w[i] : 1.0);
          expect_near(in_place ? in[i] : out[i], expected, (n / 16 + 6) * kU * std::fabs(expected), i);
        }
      }
    }
  });
}

// The mean is off by (n / 8 + 4) u times the mean magnitude; then as above.
TEST(Rows, LayerNorm) {
  walk([](const Kernels& kernels, const std::vector<float>& x, Random& random) {
    const std::vector<float> w = normals(x.size(), random), b = normals(x.size(), random);
    const auto n = static_cast<double>(x.size());
    double mean = 0.0, magnitude = 0.0, variance = 0.0;
    for (float v : x) mean += v / n, magnitude += std::fabs(v) / n;
    for (float v : x) variance += (v - mean) * (v - mean) / n;
    const double inverse = 1.0 / std::sqrt(variance + 1e-5f);
    const double mean_error = (n / 8 + 4) * kU * magnitude;
    // The variance is off relatively by the sum's rounding, and by the mean's error where it is small.
    const double inverse_error =
        (n / 16 + 4) * kU + 0.5 * mean_error * mean_error * inverse * inverse + mean_error * inverse;
    for (bool affine : {false, true}) {
      GuardedFloats y(x);
      kernels.layer_norm(y.data(), y.data(), affine ? w.data() : nullptr, affine ? b.data() : nullptr,
                         static_cast<std::int64_t>(x.size()), 1e-5f);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double weight = affine ? w[i] : 1.0, bias = affine ? b[i] : 0.0;
        const double normal = (x[i] - mean) * inverse;
        const double expected = normal * weight + bias;
        const double bound = std::fabs(weight) * ((mean_error + kU * std::fabs(x[i] - mean)) * inverse +
                                                  std::fabs(normal) * (inverse_error + 2 * kU)) +
                             2 * kU * (std::fabs(expected) + std::fabs(bias));
        expect_near(y[i], expected, bound, i);
      }
    }
  });
}

TEST(Rows, RopeRotatesPairs) {
  for (const Kernels* kernels : levels()) {
    for (std::int64_t pairs : {1, 2, 3, 4, 8, 15, 16, 32, 48, 64, 100}) {
      for (bool halves : {false, true}) {
        Random random(static_cast<std::uint64_t>(pairs));
        const auto n = static_cast<std::size_t>(pairs);
        std::vector<float> x = normals(2 * n, random), c(n), s(n);
        for (std::size_t i = 0; i < n; ++i) {
          const double angle = random.uniform() * 1000.0;
          c[i] = static_cast<float>(std::cos(angle));
          s[i] = static_cast<float>(std::sin(angle));
        }
        GuardedFloats y(x), cos(c), sin(s);
        kernels->rope(y.data(), cos.data(), sin.data(), pairs, halves);
        for (std::size_t i = 0; i < n; ++i) {
          const std::size_t a = halves ? i : 2 * i, b = halves ? i + n : 2 * i + 1;
          const double xa = x[a], xb = x[b];
          expect_near(y[a], xa * c[i] - xb * s[i], 2 * kU * (std::fabs(xa * c[i]) + std::fabs(xb * s[i])), a);
          expect_near(y[b], xa * s[i] + xb * c[i], 2 * kU * (std::fabs(xa * s[i]) + std::fabs(xb * c[i])), b);
        }
      }
    }
  }
}

TEST(Rows, SumsAndProducts) {
  walk([](const Kernels& kernels, const std::vector<float>& x, Random& random) {
    const auto n = static_cast<std::int64_t>(x.size());
    const std::vector<float> other = normals(x.size(), random);
    GuardedFloats in(other), sum(x), product(x), scaled(x), multiple(x);
    const float a = random.normal();
    kernels.add(sum.data(), in.data(), n);
    kernels.mul(product.data(), in.data(), n);
    kernels.scale(scaled.data(), a, n);
    kernels.axpy(multiple.data(), a, in.data(), n);
    double exact_dot = 0.0, magnitude = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(sum[i], x[i] + other[i]);
      ASSERT_EQ(product[i], x[i] * other[i]);
      ASSERT_EQ(scaled[i], x[i] * a);
      const double step = static_cast<double>(a) * other[i];
      expect_near(multiple[i], x[i] + step, kU * (std::fabs(step) + std::fabs(x[i] + step)), i);
      exact_dot += static_cast<double>(x[i]) * other[i];
      magnitude += std::fabs(static_cast<double>(x[i]) * other[i]);
    }
    GuardedFloats left(x);
    expect_near(kernels.dot(left.data(), in.data(), n), exact_dot,
                (static_cast<double>(n) / 8 + 5) * kU * magnitude, 0);
    ASSERT_EQ(kernels.max(left.data(), n), *std::max_element(x.begin(), x.end()));
  });
}

TEST(Rows, MaxFindsEveryPlace) {
  for (const Kernels* kernels : levels()) {
    for (std::size_t n : {1, 15, 16, 33, 100}) {
      for (std::size_t at = 0; at < n; ++at) {
        std::vector<float> x(n, -5.0f);
        x[at] = -1.0f;
        ASSERT_EQ(kernels->max(x.data(), static_cast<std::int64_t>(n)), -1.0f)
            << kernels->isa << n << " " << at;
      }
    }
  }
}

TEST(Rows, Softmax) {
  walk([](const Kernels& kernels, const std::vector<float>& x, Random&) {
    const auto n = static_cast<double>(x.size());
    for (float spread : {0.0f, 1.0f, 20.0f, 1000.0f}) {
      std::vector<float> z(x);
      for (float& v : z) v = std::clamp(v, -4.0f, 4.0f) * spread;
      if (spread == 20.0f && z.size() > 1) z[0] = -INFINITY;
      const double top = *std::max_element(z.begin(), z.end());
      double sum = 0.0;
      for (float v : z) sum += std::exp(v - top);
      GuardedFloats y(z);
      kernels.softmax(y.data(), static_cast<std::int64_t>(x.size()));
      for (std::size_t i = 0; i < z.size(); ++i) {
        const double expected = std::exp(z[i] - top) / sum;
        // Its own exponential, the sum's terms and additions, one inverse and one product.
        const double distance = std::isinf(z[i]) ? 0.0 : top - z[i];
        expect_near(y[i], expected, expected * kU * (8 + distance + 16 + n / 8 + 6), i);
      }
    }
  });
}

TEST(Rows, Softcap) {
  walk([](const Kernels& kernels, const std::vector<float>& x, Random&) {
    for (float cap : {1.0f, 30.0f, 50.0f}) {
      GuardedFloats y(x);
      kernels.softcap(y.data(), cap, static_cast<std::int64_t>(x.size()));
      for (std::size_t i = 0; i < x.size(); ++i) {
        // tanh' |z| <= |tanh z|: the quotient's rounding, tanh's and the product's are all relative.
        const double expected = cap * std::tanh(static_cast<double>(x[i]) / cap);
        expect_near(y[i], expected, 12 * kU * std::fabs(expected), i);
      }
    }
  });
}

double exact_activation(Activation a, double x) {
  switch (a) {
    case Activation::Silu: return x / (1 + std::exp(-x));
    case Activation::GeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Activation::GeluErf: return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    case Activation::GeluQuick: return x / (1 + std::exp(-1.702 * x));
    case Activation::Relu: return std::max(x, 0.0);
    case Activation::ReluSquared: return std::pow(std::max(x, 0.0), 2);
  }
  return 0.0;
}

/// What is left of the relative error: exp(-x) is off by (8 + |x|) u, and 1 + exp(-x) by no more. The two
/// forms of GELU cancel in 1 + tanh(z): z, off by 6 u |z|, moves tanh by less than 3 u, tanh itself is off
/// by 8 u, and the sum by u, of 0.5 |x|.
double activation_bound(Activation a, double x) {
  const double value = std::fabs(exact_activation(a, x));
  switch (a) {
    case Activation::Silu: return (8 + std::fabs(x) + 3) * kU * value;
    case Activation::GeluQuick: return (8 + 2 * 1.702 * std::fabs(x) + 3) * kU * value;
    case Activation::GeluTanh:
    case Activation::GeluErf: return 0.5 * std::fabs(x) * 12 * kU + 2 * kU * value;
    default: return kU * value;
  }
}

TEST(Rows, Activations) {
  std::vector<float> x;
  for (double v = -110.0; v<110.0; v += v> - 8 && v < 8 ? 0.0137 : 0.83) x.push_back(static_cast<float>(v));
  for (float v : {0.0f, -0.0f, 1e-30f, -1e-30f, 1e-4f, -1e-4f, 1000.0f, -1000.0f, 1e15f, -1e15f})
    x.push_back(v);
  Random random(3);
  const std::vector<float> up = normals(x.size(), random);
  for (const Kernels* kernels : levels()) {
    for (int a = 0; a < kActivations; ++a) {
      for (bool gated : {false, true}) {
        GuardedFloats y(x), gate(up);
        kernels->activate[static_cast<std::size_t>(a)](y.data(), gated ? gate.data() : nullptr,
                                                       static_cast<std::int64_t>(x.size()));
        for (std::size_t i = 0; i < x.size(); ++i) {
          SCOPED_TRACE(::testing::Message() << kernels->isa << " activation " << a << " x = " << x[i]);
          const double factor = gated ? up[i] : 1.0;
          const auto kind = static_cast<Activation>(a);
          const double expected = exact_activation(kind, x[i]) * factor;
          const double bound = activation_bound(kind, x[i]) * std::fabs(factor) + kU * std::fabs(expected);
          ASSERT_LE(std::fabs(y[i] - expected), bound + kTiny * (1 + std::fabs(factor)))
              << "expected " << expected << ", found " << y[i];
        }
      }
    }
  }
}

TEST(Rows, AnElementDoesNotDependOnItsNeighbours) {
  for (const Kernels* kernels : levels()) {
    Random random(5);
    const std::vector<float> x = normals(100, random), up = normals(100, random);
    for (int a = 0; a < kActivations; ++a) {
      const auto f = kernels->activate[static_cast<std::size_t>(a)];
      std::vector<float> all = x;
      f(all.data(), up.data(), 100);
      for (std::size_t first : {0, 1, 15, 16, 90}) {
        for (std::size_t n : {1, 7, 10}) {
          std::vector<float> part(x.begin() + static_cast<std::ptrdiff_t>(first),
                                  x.begin() + static_cast<std::ptrdiff_t>(first + n));
          f(part.data(), up.data() + first, static_cast<std::int64_t>(n));
          ASSERT_TRUE(same_bits(part.data(), all.data() + first, static_cast<std::int64_t>(n)))
              << kernels->isa << " activation " << a;
        }
      }
    }
  }
}

// --- codecs ---------------------------------------------------------------------------------------

TEST(Codecs, EveryLevelDecodesAlikeUpToTwoRoundings) {
  for (const Kernels* kernels : levels()) {
    for (const TypeInfo& info : kTypes) {
      const auto decode = kernels->decode[static_cast<std::size_t>(info.type)];
      ASSERT_EQ(decode != nullptr, info.weight) << info.name;
      if (!decode) continue;
      for (std::int64_t blocks : {1, 2, 3, 5, 17}) {
        for (int kind = 0; kind < kWeightKinds; ++kind) {
          Random random(static_cast<std::uint64_t>(blocks * 100 + kind));
          const std::int64_t n = blocks * info.block;
          Guarded row(weight_row(info.type, n, kind, random));
          GuardedFloats y(std::vector<float>(static_cast<std::size_t>(n)));
          decode(y.data(), row.data(), n);
          for (std::int64_t i = 0; i < n; ++i) {
            const auto* block =
                reinterpret_cast<const std::uint8_t*>(row.data()) + i / info.block * info.bytes;
            const Element e = reference_element(info.type, block, static_cast<int>(i % info.block));
            const double bound = kU * (std::fabs(e.scale * e.q) + std::fabs(e.value())) + 0x1p-149;
            ASSERT_LE(std::fabs(y[static_cast<std::size_t>(i)] - e.value()), bound)
                << kernels->isa << " " << info.name << " element " << i;
          }
        }
      }
    }
  }
}

TEST(Codecs, EveryLevelEncodesTheSameBytes) {
  const Kernels& scalar = *kernels_at("scalar");
  for (const Kernels* kernels : levels()) {
    for (const TypeInfo& info : kTypes) {
      const auto encode = kernels->encode[static_cast<std::size_t>(info.type)];
      const bool cache = info.type == DType::F32 || info.type == DType::F16 || info.type == DType::BF16 ||
                         info.type == DType::Q8_0;
      ASSERT_EQ(encode != nullptr, cache) << info.name;
      if (!encode) continue;
      for (std::int64_t blocks : {1, 2, 3, 16, 17, 100}) {
        for (int kind = 0; kind < kActivationKinds; ++kind) {
          Random random(static_cast<std::uint64_t>(kind));
          const std::int64_t n = blocks * info.block;
          GuardedFloats x(activation_row(n, kind, random));
          const auto size = static_cast<std::size_t>(blocks * info.bytes);
          Guarded actual(size), expected(size);
          encode(actual.data(), x.data(), n);
          scalar.encode[static_cast<std::size_t>(info.type)](expected.data(), x.data(), n);
          ASSERT_EQ(std::memcmp(actual.data(), expected.data(), size), 0)
              << kernels->isa << " " << info.name << " kind " << kind;
        }
      }
    }
  }
}

TEST(Codecs, CacheQ8_0IsWithinHalfAStep) {
  Random random(11);
  const std::vector<float> x = normals(3200, random);
  for (const Kernels* kernels : levels()) {
    std::vector<std::byte> row(3400);
    std::vector<float> y(3200);
    const auto i8 = static_cast<std::size_t>(DType::Q8_0);
    kernels->encode[i8](row.data(), x.data(), 3200);
    kernels->decode[i8](y.data(), row.data(), 3200);
    for (std::size_t b = 0; b < x.size(); b += 32) {
      float max = 0.0f;
      for (std::size_t i = b; i < b + 32; ++i) max = std::max(max, std::fabs(x[i]));
      // d = max / 127 rounded to half, 2^-11: where d became smaller, the largest is short of 127 d by as
      // much.
      for (std::size_t i = b; i < b + 32; ++i)
        ASSERT_LE(std::fabs(y[i] - x[i]), max * (0.5 / 127 * (1 + 0x1p-11) + 0x1p-11)) << i;
    }
  }
}

TEST(Codecs, CacheRowsKeepNaNVisible) {
  std::vector<float> x(64, 1.0f);
  x[40] = NAN;
  for (const Kernels* kernels : levels()) {
    for (DType type : {DType::F32, DType::F16, DType::BF16, DType::Q8_0}) {
      std::vector<std::byte> row(256);
      std::vector<float> y(64);
      kernels->encode[static_cast<std::size_t>(type)](row.data(), x.data(), 64);
      kernels->decode[static_cast<std::size_t>(type)](y.data(), row.data(), 64);
      EXPECT_TRUE(std::isnan(y[40])) << kernels->isa << " " << type_info(type).name;
      EXPECT_NEAR(y[0], 1.0f, 0x1p-11) << kernels->isa << " " << type_info(type).name;
    }
  }
}

}  // namespace
}  // namespace pith::test
