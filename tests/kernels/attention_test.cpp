// Attention over tiles at every level, against a whole softmax in double.
//
// A score is off by e = scale (k_dim / 8 + 5) u sum |q k|, three roundings of its own magnitude, and those of
// the soft cap (12 u of the score) and of ALiBi. A weight p is off relatively by the errors of its score and
// of the maximum, by |s - max| u and by 8 u of exp, and once per later tile by as much again (the factor
// exp(old max - new max) and a product); call the sum E. Numerator and denominator are sums over n keys, so
//   |o - exact| <= (2 E + (n + 4) u) sum p |v|,   with p normalised.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/reference.h"

namespace pith::test {
namespace {

struct Shape {
  int k_dim, v_dim;
};
constexpr Shape kShapes[] = {{8, 8},     {16, 16},   {32, 32},   {64, 64},   {80, 80},  {96, 96},
                             {128, 128}, {192, 192}, {256, 256}, {192, 128}, {576, 512}};
struct Types {
  DType k, v;
};
constexpr Types kCaches[] = {{DType::F32, DType::F32},   {DType::F16, DType::F16},
                             {DType::BF16, DType::BF16}, {DType::Q8_0, DType::Q8_0},
                             {DType::F16, DType::Q8_0},  {DType::Q8_0, DType::F32}};
struct Range {
  int begin, end;
};

std::int64_t stored_bytes(DType type, int n) { return n / type_info(type).block * type_info(type).bytes; }

/// `tiles` tiles of one KV head as a cache stores them; rows are 6 bytes further apart than they are long.
struct Cache {
  Shape shape;
  Types types;
  std::int64_t k_stride, v_stride;
  std::vector<std::string> k, v;                               // per tile
  std::vector<std::vector<std::vector<double>>> keys, values;  // [tile][position][element]

  Cache(Shape s, Types t, int tiles, Random& random) : shape(s), types(t) {
    k_stride = stored_bytes(t.k, s.k_dim) + 6;
    v_stride = stored_bytes(t.v, s.v_dim) + 6;
    for (int i = 0; i < tiles; ++i) {
      k.push_back(rows(t.k, s.k_dim, k_stride, random));
      v.push_back(rows(t.v, s.v_dim, v_stride, random));
      keys.push_back(decoded(t.k, k.back(), k_stride, s.k_dim));
      values.push_back(decoded(t.v, v.back(), v_stride, s.v_dim));
    }
  }
  static std::string rows(DType type, int n, std::int64_t stride, Random& random) {
    std::string all(static_cast<std::size_t>(stride * kTile), '\xff');
    for (int j = 0; j < kTile; ++j) {
      const std::vector<float> x = activation_row(n, 0, random);
      kernels_at("scalar")->encode[static_cast<std::size_t>(type)](all.data() + j * stride, x.data(), n);
    }
    return all;
  }
  static std::vector<std::vector<double>> decoded(DType type, const std::string& tile, std::int64_t stride,
                                                  int n) {
    const TypeInfo& info = type_info(type);
    std::vector<std::vector<double>> all(kTile);
    for (int j = 0; j < kTile; ++j) {
      for (int i = 0; i < n; ++i) {
        const auto* block =
            reinterpret_cast<const std::uint8_t*>(tile.data()) + j * stride + i / info.block * info.bytes;
        all[static_cast<std::size_t>(j)].push_back(reference_element(type, block, i % info.block).value());
      }
    }
    return all;
  }
  /// Poison: every byte of a position's rows 0xff, which is NaN in all four types.
  static void hide(std::string& tile, std::int64_t stride, Range seen) {
    for (int j = 0; j < kTile; ++j) {
      if (j < seen.begin || j >= seen.end)
        std::memset(tile.data() + j * stride, 0xff, static_cast<std::size_t>(stride));
    }
  }
};

struct Options {
  float softcap = 0.0f;
  float alibi = 0.0f;
};

struct State {
  std::vector<float> q, acc;
  float max = -std::numeric_limits<float>::infinity();
  float sum = 0.0f;
};

AttentionTile make_tile(const Cache& c, float scale, Options o, std::byte* k, std::byte* v) {
  return {c.types.k, c.types.v, k, v, c.k_stride, c.v_stride, c.shape.k_dim, c.shape.v_dim, scale, o.softcap};
}

/// Runs all queries over all tiles, `together` at a time. Ranges: [tile][query].
std::vector<State> run(const Kernels& kernels, const Cache& cache, const std::vector<std::vector<float>>& q,
                       const std::vector<std::vector<Range>>& ranges, float scale, Options o, int together) {
  std::vector<State> states;
  for (const std::vector<float>& row : q) {
    states.push_back({row, std::vector<float>(static_cast<std::size_t>(cache.shape.v_dim)), -INFINITY, 0.0f});
  }
  Aligned scratch(kernels.attend_scratch(cache.shape.k_dim, cache.shape.v_dim));
  for (std::size_t t = 0; t < ranges.size(); ++t) {
    Guarded k(cache.k[t]), v(cache.v[t]);
    const AttentionTile tile = make_tile(cache, scale, o, k.data(), v.data());
    std::vector<AttentionQuery> queries;
    for (std::size_t i = 0; i < states.size(); ++i) {
      State& s = states[i];
      const float offset = static_cast<float>(t) * kTile - static_cast<float>(ranges.size()) * kTile;
      queries.push_back(
          {s.q.data(), s.acc.data(), &s.max, &s.sum, ranges[t][i].begin, ranges[t][i].end, o.alibi, offset});
    }
    for (std::size_t i = 0; i < queries.size(); i += static_cast<std::size_t>(together)) {
      const auto n = std::min<std::size_t>(static_cast<std::size_t>(together), queries.size() - i);
      kernels.attend(queries.data() + i, static_cast<int>(n), tile, scratch.data());
    }
  }
  return states;
}

void expect_exact(const Cache& cache, const State& s, const std::vector<Range>& ranges, float scale,
                  Options o) {
  struct Key {
    double score, error, weight;
    const std::vector<double>* v;
  };
  std::vector<Key> keys;
  for (std::size_t t = 0; t < ranges.size(); ++t) {
    for (int j = ranges[t].begin; j < ranges[t].end; ++j) {
      const std::vector<double>& k = cache.keys[t][static_cast<std::size_t>(j)];
      double dot = 0.0, magnitude = 0.0;
      for (std::size_t d = 0; d < k.size(); ++d) dot += s.q[d] * k[d], magnitude += std::fabs(s.q[d] * k[d]);
      double score = scale * dot;
      double error =
          scale * (static_cast<double>(k.size()) / 8 + 5) * kU * magnitude + 3 * kU * std::fabs(score);
      if (o.softcap != 0.0f) {
        score = o.softcap * std::tanh(score / o.softcap);
        error += 12 * kU * std::fabs(score);
      }
      const double bias =
          o.alibi * (j + static_cast<double>(t) * kTile - static_cast<double>(ranges.size()) * kTile);
      score += bias;
      error += 2 * kU * (std::fabs(bias) + std::fabs(score));
      keys.push_back({score, error, 0.0, &cache.values[t][static_cast<std::size_t>(j)]});
    }
  }
  if (keys.empty()) {
    EXPECT_EQ(s.sum, 0.0f);
    EXPECT_EQ(s.max, -INFINITY);
    return;
  }
  double max = -INFINITY, worst = 0.0, lowest = INFINITY;
  for (const Key& key : keys) {
    max = std::max(max, key.score);
    worst = std::max(worst, key.error);
    lowest = std::min(lowest, key.score);
  }
  ASSERT_LE(std::fabs(s.max - max), worst);
  double sum = 0.0;
  for (Key& key : keys) sum += key.weight = std::exp(key.score - max);
  const auto n = static_cast<double>(keys.size());
  const double weight_error = 2 * worst + static_cast<double>(ranges.size()) * ((max - lowest) + 10) * kU;
  ASSERT_LE(std::fabs(s.sum - sum), sum * (weight_error + (n + 4) * kU));
  for (int d = 0; d < cache.shape.v_dim; ++d) {
    double exact = 0.0, magnitude = 0.0;
    for (const Key& key : keys) {
      const double p = key.weight / sum;
      exact += p * (*key.v)[static_cast<std::size_t>(d)];
      magnitude += p * std::fabs((*key.v)[static_cast<std::size_t>(d)]);
    }
    const double actual = static_cast<double>(s.acc[static_cast<std::size_t>(d)]) / s.sum;
    ASSERT_LE(std::fabs(actual - exact), (2 * weight_error + (2 * n + 8) * kU) * magnitude)
        << "element " << d << ": expected " << exact << ", found " << actual;
  }
}

template <class F>
void walk(F f) {
  const Kernels* below = nullptr;
  for (const Kernels* kernels : levels()) {
    if (below && below->attend == kernels->attend) continue;  // inherited
    below = kernels;
    for (Shape shape : kShapes) {
      for (Types types : kCaches) {
        if (shape.k_dim % type_info(types.k).block != 0 || shape.v_dim % type_info(types.v).block != 0)
          continue;
        SCOPED_TRACE(::testing::Message() << kernels->isa << " " << shape.k_dim << "/" << shape.v_dim << " "
                                          << type_info(types.k).name << "/" << type_info(types.v).name);
        f(*kernels, shape, types);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

std::vector<std::vector<float>> make_queries(int n, int dim, float size, Random& random) {
  std::vector<std::vector<float>> q;
  for (int i = 0; i < n; ++i) {
    q.push_back(activation_row(dim, 0, random));
    for (float& v : q.back()) v *= size;
  }
  return q;
}

// Per tile and query: causal edges, windows, single positions, nothing at all.
const std::vector<std::vector<Range>> kRanges = {
    {{0, 32}, {5, 32}, {0, 0}, {31, 32}, {0, 1}, {0, 32}, {32, 32}, {0, 0}, {3, 20}},
    {{0, 32}, {0, 32}, {9, 10}, {0, 32}, {0, 0}, {0, 17}, {0, 0}, {0, 0}, {8, 16}},
    {{0, 7}, {0, 1}, {0, 16}, {0, 15}, {0, 32}, {0, 0}, {2, 29}, {0, 0}, {15, 17}},
};

TEST(Attend, IsWithinTheArithmeticsBoundOfTheExactSoftmax) {
  walk([](const Kernels& kernels, Shape shape, Types types) {
    Random random(static_cast<std::uint64_t>(shape.k_dim));
    const Cache cache(shape, types, static_cast<int>(kRanges.size()), random);
    for (float size : {1.0f, 8.0f}) {
      for (Options o : {Options{}, Options{20.0f, 0.0f}, Options{0.0f, 0.25f}}) {
        const float scale = 1.0f / std::sqrt(static_cast<float>(shape.k_dim));
        const auto q = make_queries(static_cast<int>(kRanges[0].size()), shape.k_dim, size, random);
        const std::vector<State> states = run(kernels, cache, q, kRanges, scale, o, 4);
        for (std::size_t i = 0; i < states.size(); ++i) {
          SCOPED_TRACE(::testing::Message()
                       << "query " << i << " softcap " << o.softcap << " alibi " << o.alibi);
          std::vector<Range> seen;
          for (const std::vector<Range>& tile : kRanges) seen.push_back(tile[i]);
          expect_exact(cache, states[i], seen, scale, o);
        }
      }
    }
  });
}

void expect_same(const State& a, const State& b) {
  ASSERT_TRUE(same_bits(a.acc.data(), b.acc.data(), static_cast<std::int64_t>(a.acc.size())));
  ASSERT_TRUE(same_bits(&a.max, &b.max, 1));
  ASSERT_TRUE(same_bits(&a.sum, &b.sum, 1));
}

TEST(Attend, BitsDoNotDependOnTheOtherQueries) {
  walk([](const Kernels& kernels, Shape shape, Types types) {
    Random random(2);
    const Cache cache(shape, types, static_cast<int>(kRanges.size()), random);
    const auto q = make_queries(static_cast<int>(kRanges[0].size()), shape.k_dim, 1.0f, random);
    const std::vector<State> alone = run(kernels, cache, q, kRanges, 0.1f, {}, 1);
    for (int together : {2, 3, 4, 5, 8, 9}) {
      const std::vector<State> states = run(kernels, cache, q, kRanges, 0.1f, {}, together);
      for (std::size_t i = 0; i < states.size(); ++i) expect_same(states[i], alone[i]);
    }
  });
}

TEST(Attend, HiddenPositionsAreNotMultiplied) {
  walk([](const Kernels& kernels, Shape shape, Types types) {
    for (Range range : {Range{0, 1}, Range{0, 13}, Range{16, 32}, Range{7, 8}, Range{5, 30}, Range{31, 32}}) {
      Random random(4);
      Cache cache(shape, types, 1, random);
      const auto q = make_queries(3, shape.k_dim, 1.0f, random);
      const std::vector<std::vector<Range>> ranges = {{range, range, range}};
      const std::vector<State> clean = run(kernels, cache, q, ranges, 0.1f, {}, 3);
      Cache::hide(cache.k[0], cache.k_stride, range);
      Cache::hide(cache.v[0], cache.v_stride, range);
      const std::vector<State> hidden = run(kernels, cache, q, ranges, 0.1f, {}, 3);
      for (std::size_t i = 0; i < q.size(); ++i) {
        ASSERT_TRUE(std::isfinite(hidden[i].sum));
        expect_same(hidden[i], clean[i]);
      }
    }
  });
}

}  // namespace
}  // namespace pith::test
