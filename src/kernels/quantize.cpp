// Quantisation by least squares.
//
// A group's integers follow from its scale (and minimum) by rounding, and the best scale follows from the
// integers in closed form; so a search tries a row of scales around the obvious one, takes the integers of
// each, and keeps the scale whose closed form leaves the least squared error. In a super-block the groups'
// scales are then integers times one half: each group takes the best of the integers next to its scale, and
// the half is fitted to all 256 elements in turn.
#include "kernels/quantize.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/half.h"
#include "kernels/pack.h"
#include "kernels/scalar.h"

namespace pith {
namespace {

using scalar::kNonLinear;
using scalar::kTwiceE2M1;

/// A magnitude below this is zero in every type: the smallest half is 2^-24.
constexpr float kNothing = 0x1p-60f;

/// To nearest, ties to even, for |v| < 2^22: the sum has no bits left for a fraction.
inline float round_small(float v) {
  constexpr float kShift = 0x1.8p23f;
  return (v + kShift) - kShift;
}

/// NaN (an overflowed product) becomes lo.
inline float clamp(float v, float lo, float hi) {
  v = v > lo ? v : lo;
  return v < hi ? v : hi;
}

/// Of a scale; none (zero) of a subnormal one, whose reciprocal is infinite: such a group is zero.
inline float reciprocal(float scale) { return std::fabs(scale) >= 0x1p-126f ? 1.0f / scale : 0.0f; }

Half to_half(float d) { return float_to_half(clamp(d, -65504.0f, 65504.0f)); }

// --- what one element can be ----------------------------------------------------------------------

/// Integers kLo..kHi. The search lets the largest magnitude fall on kReach +- 12 kStep, of either sign.
template <int kLo, int kHi>
struct Integers {
  static constexpr float kReach = -kLo;
  static constexpr float kStep = 0.2f;
  static float nearest(float v) { return round_small(clamp(v, kLo, kHi)); }
};

/// The values of a table. Half-way points between them are multiples of 1/2, so a table over cells of that
/// width finds the nearest.
template <const std::int8_t (&kValues)[16], int kLo, int kHi>
struct Codebook {
  static constexpr float kReach = -kLo;
  static constexpr float kStep = kReach * 0.025f;
  static constexpr auto kCells = [] {
    std::array<std::int8_t, 2 * (kHi - kLo) + 1> cells{};
    for (int c = 0; c < static_cast<int>(cells.size()); ++c) {
      const auto distance = [&](int value) {  // in quarters, from the middle of the cell
        const int d = 4 * value - (4 * kLo + 2 * c + 1);
        return d < 0 ? -d : d;
      };
      int best = kValues[0];
      for (const int value : kValues) best = distance(value) < distance(best) ? value : best;
      cells[static_cast<std::size_t>(c)] = static_cast<std::int8_t>(best);
    }
    return cells;
  }();
  static float nearest(float v) {
    return kCells[static_cast<std::size_t>((clamp(v, kLo, kHi) - kLo) * 2.0f)];
  }
};
using NonLinear = Codebook<kNonLinear, -127, 113>;
using TwiceE2M1 = Codebook<kTwiceE2M1, -12, 12>;

// --- one group with a scale: x = scale q ------------------------------------------------------------

inline float total(const float (&lanes)[8]) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

struct Products {
  float xq, qq;
};

/// Sums over the integers that 1 / scale gives. n is a multiple of 8 here and below.
template <class Grid>
Products products(const float* x, int n, float inverse) {
  float xq[8] = {}, qq[8] = {};
  for (int i = 0; i < n; i += 8) {
    for (int j = 0; j < 8; ++j) {
      const float q = Grid::nearest(x[i + j] * inverse);
      xq[j] += x[i + j] * q;
      qq[j] += q * q;
    }
  }
  return {total(xq), total(qq)};
}

/// sum (x - scale q)^2 with the best q.
template <class Grid>
float squared_error(const float* x, int n, float scale) {
  const float inverse = reciprocal(scale);
  float sum[8] = {};
  for (int i = 0; i < n; i += 8) {
    for (int j = 0; j < 8; ++j) {
      const float e = x[i + j] - scale * Grid::nearest(x[i + j] * inverse);
      sum[j] += e * e;
    }
  }
  return total(sum);
}

template <class Grid>
void round_to(std::int8_t* q, const float* x, int n, float scale) {
  const float inverse = reciprocal(scale);
  for (int i = 0; i < n; ++i) q[i] = static_cast<std::int8_t>(Grid::nearest(x[i] * inverse));
}

/// The element of the largest magnitude, with its sign.
float extreme(const float* x, int n) {
  return *std::max_element(x, x + n, [](float a, float b) { return std::fabs(a) < std::fabs(b); });
}

template <class Grid>
float fit_scale(const float* x, int n) {
  const float top = extreme(x, n);
  if (std::fabs(top) < kNothing) return 0.0f;
  float scale = -top / Grid::kReach, gain = 0.0f;
  const auto consider = [&](float inverse) {
    const Products p = products<Grid>(x, n, inverse);
    // The squared error is sum x^2 - xq^2 / qq.
    if (!(p.qq > 0.0f) || !(p.xq * p.xq > gain * p.qq)) return false;
    gain = p.xq * p.xq / p.qq;
    scale = p.xq / p.qq;
    return true;
  };
  for (int i = -12; i <= 12; ++i) {
    const float reach = Grid::kReach + Grid::kStep * static_cast<float>(i);
    consider(-reach / top);
    consider(reach / top);
  }
  for (int i = 0; i < 4 && consider(1.0f / scale); ++i) {
  }
  return scale;
}

// --- one group with a scale and a minimum: x = scale q - min ----------------------------------------

struct Line {
  float scale, min;
};

template <int kTop>
inline float nearest_on(Line line, float inverse, float x) {
  return round_small(clamp((x + line.min) * inverse, 0.0f, kTop));
}

template <int kTop>
float squared_error(const float* x, int n, Line line) {
  const float inverse = reciprocal(line.scale);
  float sum[8] = {};
  for (int i = 0; i < n; i += 8) {
    for (int j = 0; j < 8; ++j) {
      const float e = x[i + j] + line.min - line.scale * nearest_on<kTop>(line, inverse, x[i + j]);
      sum[j] += e * e;
    }
  }
  return total(sum);
}

template <int kTop>
void round_to(std::int8_t* q, const float* x, int n, Line line) {
  const float inverse = reciprocal(line.scale);
  for (int i = 0; i < n; ++i) q[i] = static_cast<std::int8_t>(nearest_on<kTop>(line, inverse, x[i]));
}

/// Fits integers 0..kTop. kMinOnly: the minimum may not be negative (the line cannot begin above zero).
template <int kTop, bool kMinOnly>
class LineFit {
 public:
  LineFit(const float* x, int n) : x_(x), n_(n) {
    for (int i = 0; i < n; ++i) {
      sum_x_ += x[i];
      sum_xx_ += static_cast<double>(x[i]) * x[i];
    }
  }

  Line best() {
    const auto [low, high] = std::minmax_element(x_, x_ + n_);
    const float begin = kMinOnly ? std::min(*low, 0.0f) : *low;
    const float range = *high - begin;
    if (!(range >= kNothing)) {  // one value, or none above zero
      line_ = {0.0f, -begin};
      return line_;
    }
    const float unit = range / kTop;
    line_ = {unit, -begin};
    error_ = squared_error<kTop>(x_, n_, line_);
    // Ends moved inwards clip what sticks out, outwards make room for the rounding of the rest.
    for (int a = -1; a <= 2; ++a) {
      for (int b = -1; b <= 2; ++b) {
        const float from = begin + 0.5f * static_cast<float>(a) * unit;
        const float to = *high - 0.5f * static_cast<float>(b) * unit;
        if (to > from) consider({(to - from) / kTop, -from});
      }
    }
    for (int i = 0; i < 4 && consider(line_); ++i) {
    }
    return line_;
  }

 private:
  /// Takes the integers of `guess`, and their best line if it is the best so far.
  bool consider(Line guess) {
    const float inverse = 1.0f / guess.scale;
    float q1[8] = {}, q2[8] = {}, xq[8] = {};
    for (int i = 0; i < n_; i += 8) {
      for (int j = 0; j < 8; ++j) {
        const float q = nearest_on<kTop>(guess, inverse, x_[i + j]);
        q1[j] += q;
        q2[j] += q * q;
        xq[j] += x_[i + j] * q;
      }
    }
    const double sum_q = total(q1), sum_qq = total(q2), sum_xq = total(xq), n = n_;
    const double determinant = n * sum_qq - sum_q * sum_q;
    if (!(determinant > 0.0)) return false;
    double scale = (n * sum_xq - sum_x_ * sum_q) / determinant;
    double offset = (sum_qq * sum_x_ - sum_q * sum_xq) / determinant;
    if (kMinOnly && offset > 0.0) {
      offset = 0.0;
      scale = sum_xq / sum_qq;
    }
    const double error = sum_xx_ + scale * (scale * sum_qq - 2.0 * sum_xq) +
                         offset * (n * offset - 2.0 * sum_x_ + 2.0 * scale * sum_q);
    if (!(scale > 0.0) || !(error < error_)) return false;
    error_ = error;
    line_ = {static_cast<float>(scale), static_cast<float>(-offset)};
    return true;
  }

  const float* x_;
  int n_;
  double sum_x_ = 0.0, sum_xx_ = 0.0;
  Line line_{};
  double error_ = 0.0;
};

// --- super-blocks -----------------------------------------------------------------------------------

/// Rounds of fitting the halves to the integers and the integers to the halves.
constexpr int kRounds = 3;

/// 256 elements, x = d scale[group] q, scale in kScaleLo..kScaleHi.
template <class Grid, int kGroup, int kScaleLo, int kScaleHi>
struct ScaledSuper {
  static constexpr int kGroups = kSuper / kGroup;
  Half d = 0;
  std::int8_t scale[kGroups] = {};
  std::int8_t q[kSuper] = {};

  explicit ScaledSuper(const float* x) {
    float ideal[kGroups];
    for (int g = 0; g < kGroups; ++g) ideal[g] = fit_scale<Grid>(x + g * kGroup, kGroup);
    Half next = to_half(extreme(ideal, kGroups) / kScaleLo);
    float least = std::numeric_limits<float>::infinity();
    for (int round = 0; round < kRounds; ++round) {
      ScaledSuper candidate(next);
      const float error = candidate.choose(x, ideal);
      if (round > 0 && !(error < least)) break;
      least = error;
      *this = candidate;
      next = to_half(fitted_d(x));
    }
    for (int g = 0; g < kGroups; ++g)
      round_to<Grid>(q + g * kGroup, x + g * kGroup, kGroup, effective(scale[g]));
  }

 private:
  explicit ScaledSuper(Half half) : d(half) {}
  float effective(int s) const { return half_to_float(d) * static_cast<float>(s); }

  /// Each group's scale: the best of the three integers around the ideal. Returns the squared error.
  float choose(const float* x, const float* ideal) {
    const float unit = half_to_float(d);
    const float inverse = reciprocal(unit);
    float sum = 0.0f;
    for (int g = 0; g < kGroups; ++g) {
      const int middle = static_cast<int>(round_small(clamp(ideal[g] * inverse, kScaleLo, kScaleHi)));
      float least = std::numeric_limits<float>::infinity();
      scale[g] = static_cast<std::int8_t>(middle);
      for (int s = std::max(middle - 1, kScaleLo); s <= std::min(middle + 1, kScaleHi); ++s) {
        const float error = squared_error<Grid>(x + g * kGroup, kGroup, effective(s));
        if (error < least) {
          least = error;
          scale[g] = static_cast<std::int8_t>(s);
        }
      }
      sum += least;
    }
    return sum;
  }

  /// The d that suits the integers best.
  float fitted_d(const float* x) const {
    double xa = 0.0, aa = 0.0;  // a = scale q
    for (int g = 0; g < kGroups; ++g) {
      const float unit = effective(scale[g]);
      if (unit == 0.0f) continue;
      const Products p = products<Grid>(x + g * kGroup, kGroup, 1.0f / unit);
      xa += static_cast<double>(scale[g]) * p.xq;
      aa += static_cast<double>(scale[g]) * scale[g] * p.qq;
    }
    return aa > 0.0 ? static_cast<float>(xa / aa) : 0.0f;
  }
};

/// 256 elements, x = d scale[group] q - dmin min[group], q in 0..kTop, scale and min in 0..kScaleTop.
template <int kTop, int kGroup, int kScaleTop>
struct LineSuper {
  static constexpr int kGroups = kSuper / kGroup;
  Half d = 0, dmin = 0;
  std::int8_t scale[kGroups] = {}, min[kGroups] = {};
  std::int8_t q[kSuper] = {};

  explicit LineSuper(const float* x) {
    Line ideal[kGroups];
    Line top{0.0f, 0.0f};
    for (int g = 0; g < kGroups; ++g) {
      ideal[g] = LineFit<kTop, true>(x + g * kGroup, kGroup).best();
      top = {std::max(top.scale, ideal[g].scale), std::max(top.min, ideal[g].min)};
    }
    Line next{top.scale / kScaleTop, top.min / kScaleTop};
    float least = std::numeric_limits<float>::infinity();
    for (int round = 0; round < kRounds; ++round) {
      LineSuper candidate(to_half(next.scale), to_half(next.min));
      const float error = candidate.choose(x, ideal);
      if (round > 0 && !(error < least)) break;
      least = error;
      *this = candidate;
      next = fitted(x);
    }
    for (int g = 0; g < kGroups; ++g)
      round_to<kTop>(q + g * kGroup, x + g * kGroup, kGroup, effective(scale[g], min[g]));
  }

 private:
  LineSuper(Half unit, Half min_unit) : d(unit), dmin(min_unit) {}
  Line effective(int s, int m) const {
    return {half_to_float(d) * static_cast<float>(s), half_to_float(dmin) * static_cast<float>(m)};
  }
  static int nearest_step(float value, float unit) {
    return unit != 0.0f ? static_cast<int>(round_small(clamp(value / unit, 0.0f, kScaleTop))) : 0;
  }

  float choose(const float* x, const Line* ideal) {
    const float unit = half_to_float(d), min_unit = half_to_float(dmin);
    float sum = 0.0f;
    for (int g = 0; g < kGroups; ++g) {
      const int s0 = nearest_step(ideal[g].scale, unit), m0 = nearest_step(ideal[g].min, min_unit);
      float least = std::numeric_limits<float>::infinity();
      scale[g] = static_cast<std::int8_t>(s0);
      min[g] = static_cast<std::int8_t>(m0);
      for (int s = std::max(s0 - 1, 0); s <= std::min(s0 + 1, kScaleTop); ++s) {
        for (int m = std::max(m0 - 1, 0); m <= std::min(m0 + 1, kScaleTop); ++m) {
          const float error = squared_error<kTop>(x + g * kGroup, kGroup, effective(s, m));
          if (error < least) {
            least = error;
            scale[g] = static_cast<std::int8_t>(s);
            min[g] = static_cast<std::int8_t>(m);
          }
        }
      }
      sum += least;
    }
    return sum;
  }

  /// The d and dmin that suit the integers best: with a = scale q and b = min, the normal equations of
  /// x = d a - dmin b.
  Line fitted(const float* x) const {
    double aa = 0.0, ab = 0.0, bb = 0.0, xa = 0.0, xb = 0.0;
    for (int g = 0; g < kGroups; ++g) {
      const Line line = effective(scale[g], min[g]);
      const float inverse = reciprocal(line.scale);
      for (int i = g * kGroup; i < (g + 1) * kGroup; ++i) {
        const double a = static_cast<double>(scale[g]) * nearest_on<kTop>(line, inverse, x[i]);
        const double b = min[g];
        aa += a * a;
        ab += a * b;
        bb += b * b;
        xa += x[i] * a;
        xb += x[i] * b;
      }
    }
    const double determinant = aa * bb - ab * ab;
    if (!(determinant > 1e-9 * aa * bb))
      return {aa > 0.0 ? static_cast<float>(xa / aa) : 0.0f, half_to_float(dmin)};
    const double unit = (xa * bb - xb * ab) / determinant, min_unit = (xa * ab - xb * aa) / determinant;
    return {static_cast<float>(std::max(unit, 0.0)), static_cast<float>(std::max(min_unit, 0.0))};
  }
};

// --- types --------------------------------------------------------------------------------------

template <class Block, class Grid>
void quantize_scaled(Block& block, const float* x) {
  const Half d = to_half(fit_scale<Grid>(x, 32));
  std::int8_t q[32];
  round_to<Grid>(q, x, 32, half_to_float(d));
  scalar::pack(block, d, q);
}

/// Eight bits leave nothing to search for: the largest magnitude becomes 127.
void quantize_q8_0(BlockQ8_0& block, const float* x) {
  block.d = to_half(std::fabs(extreme(x, 32)) / 127.0f);
  round_to<Integers<-127, 127>>(block.qs, x, 32, half_to_float(block.d));
}

template <class Block, int kTop>
void quantize_line(Block& block, const float* x) {
  const Line line = LineFit<kTop, false>(x, 32).best();
  const Half d = to_half(line.scale), m = to_half(-line.min);
  std::int8_t q[32];
  round_to<kTop>(q, x, 32, Line{half_to_float(d), -half_to_float(m)});
  scalar::pack(block, d, m, q);
}

/// The scale is a power of two: the best of the three around the one that puts the largest magnitude
/// between 4 and 8 (6 is the largest value).
void quantize_mxfp4(BlockMXFP4& block, const float* x) {
  const float top = std::fabs(extreme(x, 32));
  const int exponent = top > 0.0f ? std::ilogb(top) - 2 + 127 : 0;
  int best = std::clamp(exponent, 0, 254);
  const auto scale = [](int e) { return 0.5f * e8m0_to_float(static_cast<std::uint8_t>(e)); };
  float least = std::numeric_limits<float>::infinity();
  for (int e = std::max(exponent - 1, 0); e <= std::min(exponent + 1, 254); ++e) {
    const float error = squared_error<TwiceE2M1>(x, 32, scale(e));
    if (error < least) {
      least = error;
      best = e;
    }
  }
  std::int8_t q[32];
  round_to<TwiceE2M1>(q, x, 32, scale(best));
  scalar::pack(block, static_cast<std::uint8_t>(best), q);
}

template <class Block, class Super>
void quantize_scaled_super(Block& block, const float* x) {
  const Super s(x);
  scalar::pack(block, s.d, s.scale, s.q);
}
template <class Block, class Super>
void quantize_line_super(Block& block, const float* x) {
  const Super s(x);
  scalar::pack(block, s.d, s.dmin, s.scale, s.min, s.q);
}

template <class Block, void (*kQuantize)(Block&, const float*)>
void quantize_blocks(void* out, const float* x, std::int64_t n) {
  constexpr int kSize = sizeof(Block) > sizeof(BlockQ8_0) ? kSuper : 32;
  auto* p = static_cast<std::byte*>(out);
  for (std::int64_t i = 0; i < n; i += kSize, p += sizeof(Block)) {
    Block block;
    kQuantize(block, x + i);
    std::memcpy(p, &block, sizeof block);
  }
}

using Quantize = void (*)(void* out, const float* x, std::int64_t n);
Quantize quantizer(DType type) {
  switch (type) {
    case DType::Q8_0: return quantize_blocks<BlockQ8_0, quantize_q8_0>;
    case DType::Q4_0: return quantize_blocks<BlockQ4_0, quantize_scaled<BlockQ4_0, Integers<-8, 7>>>;
    case DType::Q5_0: return quantize_blocks<BlockQ5_0, quantize_scaled<BlockQ5_0, Integers<-16, 15>>>;
    case DType::Q4_1: return quantize_blocks<BlockQ4_1, quantize_line<BlockQ4_1, 15>>;
    case DType::Q5_1: return quantize_blocks<BlockQ5_1, quantize_line<BlockQ5_1, 31>>;
    case DType::IQ4_NL: return quantize_blocks<BlockIQ4_NL, quantize_scaled<BlockIQ4_NL, NonLinear>>;
    case DType::MXFP4: return quantize_blocks<BlockMXFP4, quantize_mxfp4>;
    case DType::Q2_K: return quantize_blocks<BlockQ2_K, quantize_line_super<BlockQ2_K, LineSuper<3, 16, 15>>>;
    case DType::Q4_K:
      return quantize_blocks<BlockQ4_K, quantize_line_super<BlockQ4_K, LineSuper<15, 32, 63>>>;
    case DType::Q5_K:
      return quantize_blocks<BlockQ5_K, quantize_line_super<BlockQ5_K, LineSuper<31, 32, 63>>>;
    case DType::Q3_K:
      return quantize_blocks<BlockQ3_K,
                             quantize_scaled_super<BlockQ3_K, ScaledSuper<Integers<-4, 3>, 16, -32, 31>>>;
    case DType::Q6_K:
      return quantize_blocks<BlockQ6_K,
                             quantize_scaled_super<BlockQ6_K, ScaledSuper<Integers<-32, 31>, 16, -128, 127>>>;
    case DType::IQ4_XS:
      return quantize_blocks<BlockIQ4_XS,
                             quantize_scaled_super<BlockIQ4_XS, ScaledSuper<NonLinear, 32, -32, 31>>>;
    default: return nullptr;
  }
}

}  // namespace

bool all_finite(const float* x, std::int64_t n) { return !std::isnan(scalar::finite_max(x, n)); }

void quantize_row(DType type, const float* x, void* out, std::int64_t n) {
  if (const Quantize quantize = quantizer(type)) {
    quantize(out, x, n);
  } else {
    kernels_at("scalar")->encode[static_cast<std::size_t>(type)](out, x, n);
  }
}

}  // namespace pith
