// The kernel tests' reference (reference.h), and the test that it agrees with the gguf package's decoders.
#include "kernels/reference.h"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <new>
#include <numbers>

#include "base/half.h"

namespace pith::test {

std::vector<const Kernels*> levels() {
  std::vector<const Kernels*> all;
  for (const char* isa : {"scalar", "avx2", "avx512"}) {
    if (const Kernels* found = kernels_at(isa)) all.push_back(found);
  }
  return all;
}

Guarded::Guarded(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  mapped_ = (bytes + page - 1) / page * page + page;
  base_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base_ == MAP_FAILED) throw std::bad_alloc();
  std::byte* guard = static_cast<std::byte*>(base_) + mapped_ - page;
  mprotect(guard, page, PROT_NONE);
  data_ = guard - bytes;
}
Guarded::Guarded(const std::string& content) : Guarded(content.size()) {
  std::memcpy(data_, content.data(), content.size());
}
Guarded::~Guarded() { munmap(base_, mapped_); }

Aligned::Aligned(std::size_t bytes)
    : data_(static_cast<std::byte*>(::operator new(bytes, std::align_val_t(64)))) {}
Aligned::~Aligned() { ::operator delete(data_, std::align_val_t(64)); }

std::uint32_t Random::bits() {  // splitmix64
  state_ += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<std::uint32_t>((z ^ (z >> 31)) >> 32);
}
double Random::uniform() { return bits() * 0x1p-32; }
float Random::normal() {  // Box and Muller
  const double r = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return static_cast<float>(r * std::cos(2.0 * std::numbers::pi * uniform()));
}

namespace {

double half_at(const std::uint8_t* p) { return half_to_float(static_cast<std::uint16_t>(p[0] | p[1] << 8)); }
int low_or_high(int byte, bool high) { return high ? byte >> 4 : byte & 15; }

/// Bits [first, first + count) of a little-endian bit string.
int bits_at(const std::uint8_t* p, int first, int count) {
  int value = 0;
  for (int i = 0; i < count; ++i) value |= (p[(first + i) / 8] >> ((first + i) % 8) & 1) << i;
  return value;
}

/// Nibble of element i of 32: element i and i + 16 share a byte.
int nibble_of_32(const std::uint8_t* qs, int i) { return low_or_high(qs[i % 16], i >= 16); }

constexpr int kCodebook[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
constexpr double kE2M1[8] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};

/// Scale and minimum of 32-element group g as Q4_K and Q5_K pack them.
void packed_scale_min(const std::uint8_t* p, int g, int* scale, int* min) {
  *scale = g < 4 ? bits_at(p, 8 * g, 6) : bits_at(p, 8 * (g + 4), 4) + 16 * bits_at(p, 8 * (g - 4) + 6, 2);
  *min = g < 4 ? bits_at(p, 8 * (g + 4), 6) : bits_at(p, 8 * (g + 4) + 4, 4) + 16 * bits_at(p, 8 * g + 6, 2);
}

/// Offsets of the half-precision fields.
std::vector<int> half_offsets(DType type) {
  switch (type) {
    case DType::Q4_1:
    case DType::Q5_1:
    case DType::Q4_K:
    case DType::Q5_K: return {0, 2};
    case DType::Q2_K: return {80, 82};
    case DType::Q3_K: return {108};
    case DType::Q6_K: return {208};
    default: return {0};
  }
}

}  // namespace

Element reference_element(DType type, const std::uint8_t* b, int i) {
  const int g = i / 32;         // group of 32 in a super-block
  const int s = i / 16;         // group of 16
  const int in_half = i % 128;  // Q2_K, Q3_K and Q6_K are two halves of 128
  switch (type) {
    case DType::F32: {
      float f;
      std::memcpy(&f, b, 4);
      return {1.0, f, 0.0};
    }
    case DType::F16: return {1.0, half_at(b), 0.0};
    case DType::BF16: return {1.0, bf16_to_float(static_cast<std::uint16_t>(b[0] | b[1] << 8)), 0.0};
    case DType::Q8_0: return {half_at(b), static_cast<double>(static_cast<std::int8_t>(b[2 + i])), 0.0};
    case DType::Q4_0: return {half_at(b), nibble_of_32(b + 2, i) - 8.0, 0.0};
    case DType::Q4_1: return {half_at(b), nibble_of_32(b + 4, i) + 0.0, -half_at(b + 2)};
    case DType::Q5_0: return {half_at(b), nibble_of_32(b + 6, i) + 16.0 * bits_at(b + 2, i, 1) - 16.0, 0.0};
    case DType::Q5_1:
      return {half_at(b), nibble_of_32(b + 8, i) + 16.0 * bits_at(b + 4, i, 1), -half_at(b + 2)};
    case DType::IQ4_NL: return {half_at(b), kCodebook[nibble_of_32(b + 2, i)] + 0.0, 0.0};
    case DType::MXFP4: {
      const int q = nibble_of_32(b + 1, i);
      return {std::ldexp(1.0, b[0] - 127), q < 8 ? kE2M1[q] : -kE2M1[q - 8], 0.0};
    }
    case DType::Q2_K: {
      const int q = bits_at(b + 16 + i / 128 * 32 + in_half % 32, in_half / 32 * 2, 2);
      return {half_at(b + 80) * (b[s] & 15), q + 0.0, half_at(b + 82) * (b[s] >> 4)};
    }
    case DType::Q3_K: {
      const int low = bits_at(b + 32 + i / 128 * 32 + in_half % 32, in_half / 32 * 2, 2);
      const int high = bits_at(b + i % 32, g, 1);
      const std::uint8_t* packed = b + 96;
      const int scale = low_or_high(packed[s % 8], s >= 8) + 16 * bits_at(packed + 8 + s % 4, s / 4 * 2, 2);
      return {half_at(b + 108) * (scale - 32), low + 4.0 * high - 4.0, 0.0};
    }
    case DType::Q4_K: {
      int scale, min;
      packed_scale_min(b + 4, g, &scale, &min);
      const int q = low_or_high(b[16 + g / 2 * 32 + i % 32], g % 2 == 1);
      return {half_at(b) * scale, q + 0.0, half_at(b + 2) * min};
    }
    case DType::Q5_K: {
      int scale, min;
      packed_scale_min(b + 4, g, &scale, &min);
      const int low = low_or_high(b[48 + g / 2 * 32 + i % 32], g % 2 == 1);
      return {half_at(b) * scale, low + 16.0 * bits_at(b + 16 + i % 32, g, 1), half_at(b + 2) * min};
    }
    case DType::Q6_K: {
      const int low = low_or_high(b[i / 128 * 64 + in_half % 64], in_half >= 64);
      const int high = bits_at(b + 128 + i / 128 * 32 + in_half % 32, in_half / 32 * 2, 2);
      return {half_at(b + 208) * static_cast<std::int8_t>(b[192 + s]), low + 16.0 * high - 32.0, 0.0};
    }
    case DType::IQ4_XS: {
      const int scale = bits_at(b + 4, 4 * g, 4) + 16 * bits_at(b + 2, 2 * g, 2);
      return {half_at(b) * (scale - 32), kCodebook[nibble_of_32(b + 8 + 16 * g, i % 32)] + 0.0, 0.0};
    }
    default: ADD_FAILURE() << "no reference for " << type_info(type).name; return {};
  }
}

std::string weight_row(DType type, std::int64_t elements, int kind, Random& random) {
  const TypeInfo& info = type_info(type);
  std::string row;
  const auto put = [&](const void* p, std::size_t n) { row.append(static_cast<const char*>(p), n); };
  if (info.block == 1) {
    for (std::int64_t i = 0; i < elements; ++i) {
      float w = random.normal();
      if (kind == 1) w = 1.0f;
      if (kind == 2 || kind == 4) w = 0.0f;
      if (kind == 3) w = i % 2 == 0 ? 1.0f : -1.0f;
      if (kind == 5) w *= type == DType::F16 ? 0x1p-20f : 0x1p-133f;
      if (kind == 6) w = w > 0 ? 65504.0f : -65504.0f;
      const std::uint16_t h = type == DType::F16 ? float_to_half(w) : float_to_bf16(w);
      type == DType::F32 ? put(&w, 4) : put(&h, 2);
    }
    return row;
  }
  for (std::int64_t i = 0; i < elements; i += info.block) {
    std::string block(static_cast<std::size_t>(info.bytes), '\0');
    for (char& c : block) {
      const auto noise = static_cast<char>(random.bits() & 255);
      c = kind == 1 ? '\xff' : kind == 2 ? '\0' : kind == 3 ? '\x5a' : noise;
    }
    const int ordinary = 0x2000 + random.below(0x1000);  // 2^-7 to 2^-3
    if (type == DType::MXFP4) {
      block[0] = static_cast<char>(kind == 5 ? random.below(3) : kind == 6 ? 150 : 118 + random.below(8));
    } else {
      for (int at : half_offsets(type)) {
        int bits = ordinary ^ random.below(256);
        if (kind == 4) bits = 0;
        if (kind == 5) bits = 1 + random.below(0x3ff);
        if (kind == 6) bits = 0x7bff;
        if (kind == 7) bits |= 0x8000;
        block[static_cast<std::size_t>(at)] = static_cast<char>(bits & 255);
        block[static_cast<std::size_t>(at + 1)] = static_cast<char>(bits >> 8);
      }
    }
    row += block;
  }
  return row;
}

std::vector<float> activation_row(std::int64_t k, int kind, Random& random) {
  std::vector<float> x(static_cast<std::size_t>(k));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float sign = i % 2 == 0 ? 1.0f : -1.0f;
    switch (kind) {
      case 0: x[i] = random.normal(); break;
      case 1: x[i] = 0.0f; break;
      case 2: x[i] = sign; break;
      case 3: x[i] = -3.5f; break;
      case 4: x[i] = sign * 1e-40f; break;
      case 5: x[i] = random.normal() > 0 ? 1e25f : -1e25f; break;
      case 6: x[i] = i % 37 == 5 ? 1000.0f : 1e-3f * random.normal(); break;
      default: x[i] = 1e-30f * random.normal(); break;
    }
  }
  return x;
}

std::vector<double> reference_input(InputKind kind, const std::vector<float>& x) {
  std::vector<double> out(x.begin(), x.end());
  if (kind == InputKind::BF16) {
    for (double& v : out) v = bf16_to_float(float_to_bf16(static_cast<float>(v)));
  }
  if (kind != InputKind::Q8) return out;
  for (std::size_t b = 0; b < x.size(); b += 32) {
    float max = 0.0f;
    for (std::size_t i = b; i < b + 32; ++i) max = std::fmax(max, std::fabs(x[i]));
    const float scale = max / 127.0f;
    const bool zero = scale < 0x1p-126f;
    for (std::size_t i = b; i < b + 32; ++i) {
      out[i] = zero ? 0.0 : static_cast<double>(std::nearbyint(x[i] / scale)) * scale;
    }
  }
  return out;
}

::testing::AssertionResult same_bits(const float* actual, const float* expected, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    if (std::bit_cast<std::uint32_t>(actual[i]) != std::bit_cast<std::uint32_t>(expected[i])) {
      return ::testing::AssertionFailure()
             << "element " << i << " of " << n << ": expected " << expected[i] << ", found " << actual[i];
    }
  }
  return ::testing::AssertionSuccess();
}

namespace {

struct Fixture {
  const TypeInfo* type;
  std::string bytes;
  std::vector<float> values;
};

/// tools/make_quant_fixtures.py describes the file.
std::vector<Fixture> read_fixtures() {
  std::ifstream in(PITH_SOURCE_DIR "/tests/data/kernels/blocks.bin", std::ios::binary);
  std::vector<Fixture> all;
  std::uint32_t header[2];
  while (in.read(reinterpret_cast<char*>(header), sizeof header)) {
    Fixture f;
    f.type = find_type(header[0]);
    const std::size_t blocks = header[1] / static_cast<std::size_t>(f.type->block);
    f.bytes.resize(blocks * static_cast<std::size_t>(f.type->bytes));
    f.values.resize(header[1]);
    in.read(f.bytes.data(), static_cast<std::streamsize>(f.bytes.size()));
    in.read(reinterpret_cast<char*>(f.values.data()), static_cast<std::streamsize>(4 * f.values.size()));
    EXPECT_TRUE(in.good());
    all.push_back(std::move(f));
  }
  return all;
}

TEST(Codecs, DecodeAsTheGgufPackageDoes) {
  const std::vector<Fixture> fixtures = read_fixtures();
  EXPECT_EQ(fixtures.size(), 15u);
  const Kernels& scalar = *kernels_at("scalar");
  for (const Fixture& f : fixtures) {
    const auto n = static_cast<std::int64_t>(f.values.size());
    std::vector<float> y(f.values.size());
    Guarded bytes(f.bytes);
    scalar.decode[static_cast<std::size_t>(f.type->type)](y.data(), bytes.data(), n);
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_EQ(y[i], f.values[i]) << f.type->name << " element " << i;
    }
  }
}

TEST(Codecs, TheReferenceOfTheseTestsDoesToo) {
  for (const Fixture& f : read_fixtures()) {
    for (std::size_t i = 0; i < f.values.size(); ++i) {
      const auto size = static_cast<std::size_t>(f.type->block);
      const auto* block = reinterpret_cast<const std::uint8_t*>(f.bytes.data()) +
                          i / size * static_cast<std::size_t>(f.type->bytes);
      const Element e = reference_element(f.type->type, block, static_cast<int>(i % size));
      // The fixture's value is a product and a difference in float.
      const double bound = kU * (std::fabs(e.scale * e.q) + std::fabs(e.value()));
      ASSERT_NEAR(e.value(), f.values[i], bound) << f.type->name << " element " << i;
    }
  }
}

}  // namespace
}  // namespace pith::test
