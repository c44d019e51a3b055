#include "analyse/kernel_bench.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <vector>

#include "analyse/bench.h"
#include "analyse/statistics.h"
#include "base/half.h"
#include "kernels/probe.h"

namespace pith {
namespace {

constexpr int kRepetitions = 7;
constexpr std::size_t kWeights = std::size_t{160} << 20;  // read in turn, so that no cache holds them

struct Line {
  alignas(64) std::byte bytes[64];
};
using Buffer = std::vector<Line>;
Buffer make_buffer(std::size_t bytes) { return Buffer((bytes + 63) / 64); }

struct Shape {
  std::int64_t rows, k;
};
constexpr Shape kShapes[] = {{8192, 2048}, {4096, 4096}, {2048, 8192}};
constexpr std::int64_t kTokens[] = {1, 2, 4, 8, 32, 512};

/// Bytes that are plausible weights of any type: halves (and the scales of blocks) stay finite and normal.
std::vector<std::byte> random_weights(const TypeInfo& type) {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(kWeights);
  if (type.block == 1) {
    std::normal_distribution<float> normal(0.0f, 0.05f);
    for (std::size_t i = 0; i + 4 <= bytes.size(); i += static_cast<std::size_t>(type.bytes)) {
      const float value = normal(random);
      const std::uint16_t half = type.type == DType::F16 ? float_to_half(value) : float_to_bf16(value);
      if (type.bytes == 4)
        std::memcpy(&bytes[i], &value, 4);
      else
        std::memcpy(&bytes[i], &half, 2);
    }
  } else {
    for (std::byte& b : bytes) b = static_cast<std::byte>(random() & 0x3fu);
  }
  return bytes;
}

double median(std::vector<double> values) { return percentile(std::move(values), 0.5); }

/// Seconds for one product, from enough products to last a few milliseconds.
double time_product(Team& team, const Matmul& matmul, const std::vector<std::byte>& weights,
                    const TypeInfo& type, Shape shape, const Buffer& input, std::vector<float>& y,
                    std::int64_t tokens, std::vector<Buffer>& scratch) {
  using Clock = std::chrono::steady_clock;
  const std::size_t row = static_cast<std::size_t>(shape.k / type.block * type.bytes);
  const std::size_t matrix = row * static_cast<std::size_t>(shape.rows);
  const std::size_t matrices = std::max<std::size_t>(1, weights.size() / matrix);
  // Decoding claims long runs of rows, which memory streams; prefill claims what balances the threads.
  const std::int64_t chunk =
      tokens <= 4 ? std::max<std::int64_t>(kRowChunk,
                                           (1 << 20) / static_cast<std::int64_t>(row) / kRowChunk * kRowChunk)
                  : 4 * kRowChunk;
  int count = 0;
  const auto start = Clock::now();
  double seconds = 0.0;
  do {
    const std::byte* w = weights.data() + static_cast<std::size_t>(count) % matrices * matrix;
    team.run(team.size(), [&](Worker& worker) {
      worker.parallel_for(shape.rows, chunk, [&](std::int64_t begin, std::int64_t end) {
        matmul.multiply(y.data(), shape.rows, w, input.data(), begin, end, shape.k, tokens,
                        scratch[static_cast<std::size_t>(worker.index())].data());
      });
    });
    ++count;
    seconds = std::chrono::duration<double>(Clock::now() - start).count();
  } while (seconds < 0.03);
  return seconds / count;
}

void bench_type(Team& team, MachineProbe& probe, const Kernels& kernels, const TypeInfo& type,
                const std::function<void(const KernelTiming&)>& report) {
  const Matmul& matmul = kernels.matmul[static_cast<std::size_t>(type.type)];
  const Input& kind = kernels.input[static_cast<std::size_t>(matmul.input)];
  const std::vector<std::byte> weights = random_weights(type);
  for (const Shape shape : kShapes) {
    const std::size_t input_bytes = kind.bytes(shape.k);
    std::vector<float> x(static_cast<std::size_t>(shape.k)), y(static_cast<std::size_t>(shape.rows * 512));
    Buffer input = make_buffer(512 * input_bytes);
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    for (std::size_t t = 0; t < 512; ++t) {
      for (float& v : x) v = normal(random);
      kind.prepare(input[0].bytes + t * input_bytes, x.data(), shape.k);
    }
    std::vector<Buffer> scratch(static_cast<std::size_t>(team.size()),
                                make_buffer(matmul.scratch_bytes(shape.k)));
    for (const std::int64_t tokens : kTokens) {
      std::vector<double> bytes, ops, read_share, peak_share;
      for (int r = 0; r < kRepetitions; ++r) {
        const MachineLimits limits = probe.measure(0.015).best;
        const double peak = matmul.input == InputKind::Q8     ? limits.int8_ops
                            : matmul.input == InputKind::BF16 ? limits.bf16_ops
                                                              : limits.f32_ops;
        const double seconds = time_product(team, matmul, weights, type, shape, input, y, tokens, scratch);
        const auto elements = static_cast<double>(shape.rows * shape.k);
        bytes.push_back(elements / type.block * type.bytes / seconds);
        ops.push_back(2.0 * elements * static_cast<double>(tokens) / seconds);
        read_share.push_back(bytes.back() / limits.read_bytes);
        peak_share.push_back(ops.back() / peak);
      }
      report({type.type, shape.rows, shape.k, tokens, median(bytes), median(read_share), median(ops),
              median(peak_share)});
    }
  }
}

}  // namespace

void bench_kernels(Team& team, const Kernels& kernels, std::span<const DType> types,
                   const std::function<void(const KernelTiming&)>& report) {
  MachineProbe probe(team, kernels.isa);
  for (const DType type : types) bench_type(team, probe, kernels, type_info(type), report);
}

}  // namespace pith
