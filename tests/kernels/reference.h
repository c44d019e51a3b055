// What the kernel tests share: a reference that shares nothing with the kernels (one element at a time, in
// double), awkward data, and buffers that end where the memory ends.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/kernels.h"

namespace pith::test {

/// Unit roundoff of float: one operation rounds its result by at most kU times its magnitude.
inline constexpr double kU = 0x1p-24;

/// The levels that this machine has.
std::vector<const Kernels*> levels();

/// Memory that ends at a page that must not be touched, so that a read past the end is a crash.
class Guarded {
 public:
  explicit Guarded(std::size_t bytes);
  explicit Guarded(const std::string& content);
  ~Guarded();
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  std::byte* data() { return data_; }

 private:
  void* base_;
  std::size_t mapped_;
  std::byte* data_;
};

/// Memory at a multiple of 64, as inputs and scratch are.
class Aligned {
 public:
  explicit Aligned(std::size_t bytes);
  ~Aligned();
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  std::byte* data() { return data_; }

 private:
  std::byte* data_;
};

/// Numbers that are the same with every library (std::normal_distribution is not).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint32_t bits();
  double uniform();  ///< [0, 1)
  float normal();    ///< mean 0, variance 1
  int below(int n) { return static_cast<int>(uniform() * n); }

 private:
  std::uint64_t state_;
};

/// One weight: w = scale * q - min, all three exact in double.
struct Element {
  double scale, q, min;
  double value() const { return scale * q - min; }
};
/// Element `i` of a block, from the bytes as the format's description has them.
Element reference_element(DType type, const std::uint8_t* block, int i);

/// `elements` weights' bytes, a kind of awkwardness by number: random bits, all bits set, none set,
/// alternating, a zero scale, subnormal scales, the largest scales, negative scales.
inline constexpr int kWeightKinds = 8;
std::string weight_row(DType type, std::int64_t elements, int kind, Random& random);

/// k activations, a kind by number: normal, zeros, alternating +-1 (all quants +-127), all equal, subnormal,
/// 1e25 and its negative, one spike among small ones, 1e-30.
inline constexpr int kActivationKinds = 8;
std::vector<float> activation_row(std::int64_t k, int kind, Random& random);

/// What a matmul really multiplies by: activations after the rounding of the input kind.
std::vector<double> reference_input(InputKind kind, const std::vector<float>& x);

/// ASSERT_EQ on bits, so that NaN equals itself and 0 differs from -0; names the first difference.
::testing::AssertionResult same_bits(const float* actual, const float* expected, std::int64_t n);

}  // namespace pith::test
