// How fast a model runs: random tokens through the engine, as llama-bench and llama-batched-bench do it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "analyse/statistics.h"
#include "analyse/work.h"
#include "infer/engine.h"

namespace pith {

struct BenchSetting {
  std::int64_t batch = 2048, ubatch = 512;  ///< a step has the lesser of both
  KvTypes kv;
  int threads = 0;  ///< 0: default_threads()
};

/// Each of `sequences` sequences holds `depth` tokens (not timed), reads a prompt, then all of them get `gen`
/// tokens, one each a step.
struct BenchTest {
  std::int64_t prompt = 0, gen = 0, depth = 0, sequences = 1;
};

struct BenchOptions {
  int repetitions = 5;
  bool warmup = true;             ///< the prompt and one token once before
  std::function<void()> between;  ///< called between steps that are not timed; may throw to end it
};

struct BenchResult {
  int threads = 0;
  // Seconds, one for each repetition.
  std::vector<double> prompt_seconds, gen_seconds;
  /// Seconds of each step of generation, of all repetitions.
  std::vector<double> step_seconds;
  Work prompt_work, gen_work;  ///< of one repetition
  /// Of the last step's logits. Each repetition gives the same bits, or run_bench throws.
  std::uint64_t logits_hash = 0;
  MemoryPlan memory;
  std::uint64_t peak_memory = 0;  ///< of the process during the test, mapped weights included

  std::vector<double> seconds() const;  ///< prompt and generation together
};

/// Throws Error: a test longer than memory allows, logits that differ between repetitions.
BenchResult run_bench(std::shared_ptr<const Model> model, const BenchSetting& setting, const BenchTest& test,
                      const BenchOptions& options);

// --- samples ------------------------------------------------------------------------------------

/// `count` / value of each.
std::vector<double> rates(double count, std::span<const double> seconds);

}  // namespace pith
