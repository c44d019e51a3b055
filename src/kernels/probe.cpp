#include "kernels/probe.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <vector>

#include "kernels/levels.h"

namespace pith {
namespace {

std::uint64_t read_scalar(const std::byte* data, std::size_t bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes; i += 64) {
    std::uint64_t line[8];
    std::memcpy(line, data + i, sizeof line);
    for (std::uint64_t word : line) sum += word;
  }
  return sum;
}

// Eight independent chains hide the latency of an operation on common processors.
template <class T>
std::uint64_t chains(std::int64_t rounds) {
  T sum[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  const volatile T seed = 3;
  const T factor = seed;
  for (std::int64_t r = 0; r < rounds; ++r) {
    for (T& s : sum) s = static_cast<T>(s * factor + factor);
  }
  T all = 0;
  for (T s : sum) all += s;
  return all == T{0} ? 0 : 1;
}

ProbeLoops loops_of(std::string_view isa) {
  ProbeLoops loops{read_scalar, chains<std::uint32_t>, chains<float>, nullptr, 16, 16, 0};
#if PITH_X86_64
  const Processor has = processor();
  if (isa != "scalar" && has.avx2) fill_avx2_probe(loops);
  if (isa == "avx512" && has.avx512) fill_avx512_probe(loops);
  if (isa == "avx512" && has.avx512_bf16) fill_avx512_bf16_probe(loops);
#else
  static_cast<void>(isa);
#endif
  return loops;
}

constexpr std::size_t kBuffer = std::size_t{256} << 20;
constexpr std::size_t kPart = std::size_t{1} << 20;  // what a thread claims at a time

/// Rates of `round` (work per call, all threads together) within about `seconds`, lowest first.
template <class Round>
std::vector<double> rates_of(double seconds, double work, Round round) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  std::vector<double> rates;
  for (auto now = start; rates.empty() || now - start < std::chrono::duration<double>(seconds);) {
    round();
    const auto then = now;
    now = Clock::now();
    rates.push_back(work / std::chrono::duration<double>(now - then).count());
  }
  std::ranges::sort(rates);
  return rates;
}

}  // namespace

MachineProbe::MachineProbe(Team& team, std::string_view isa)
    : team_(team), loops_(loops_of(isa)), buffer_(std::make_unique<std::byte[]>(kBuffer)) {
  std::memset(buffer_.get(), 1, kBuffer);  // untouched pages would all be one page of zeros
}

MachineSpeed MachineProbe::measure(double seconds) {
  std::atomic<std::uint64_t> sink{0};
  MachineSpeed speed{};
  const auto take = [&](double MachineLimits::*limit, const std::vector<double>& rates) {
    speed.best.*limit = rates.back();
    speed.usual.*limit = rates[rates.size() / 2];
  };
  take(&MachineLimits::read_bytes, rates_of(seconds, static_cast<double>(kBuffer), [&] {
    team_.run(team_.size(), [&](Worker& w) {
      w.parallel_for(kBuffer, kPart, [&](std::int64_t begin, std::int64_t end) {
        sink += loops_.read(buffer_.get() + begin, static_cast<std::size_t>(end - begin));
      });
    });
  }));
  const auto arithmetic = [&](double MachineLimits::*limit, std::uint64_t (*loop)(std::int64_t),
                              std::int64_t ops) {
    if (!loop) return;
    constexpr std::int64_t kRounds = 1 << 15;  // a fraction of a millisecond
    const double work = static_cast<double>(ops * kRounds) * team_.size();
    take(limit,
         rates_of(seconds, work, [&] { team_.run(team_.size(), [&](Worker&) { sink += loop(kRounds); }); }));
  };
  arithmetic(&MachineLimits::int8_ops, loops_.int8, loops_.int8_ops);
  arithmetic(&MachineLimits::f32_ops, loops_.f32, loops_.f32_ops);
  arithmetic(&MachineLimits::bf16_ops, loops_.bf16, loops_.bf16_ops);
  return speed;
}

}  // namespace pith
