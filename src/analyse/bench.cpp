#include "analyse/bench.h"

#include <algorithm>
#include <chrono>
#include <random>

#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"

namespace pith {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

EngineOptions engine_options(const BenchSetting& s, const BenchTest& t) {
  EngineOptions o;
  o.threads = s.threads;
  o.context = std::max<std::int64_t>(1, t.depth + t.prompt + t.gen);
  o.step_tokens = std::max(std::min(s.batch, s.ubatch), t.sequences);
  o.logit_rows = t.sequences;
  o.kv = s.kv;
  // With a depth, what was read once is held beside the repetition that goes on from it; they share pages.
  o.sequences = static_cast<int>(t.sequences * (t.depth > 0 ? 2 : 1));
  o.positions = t.sequences * (o.context + 2 * kTile);
  return o;
}

class Bench {
 public:
  Bench(std::shared_ptr<const Model> model, const BenchSetting& setting, const BenchTest& test)
      : test_(test), engine_(std::move(model), engine_options(setting, test)) {
    std::mt19937_64 random(1);
    const auto vocab = static_cast<std::uint64_t>(engine_.model().spec.vocab);
    const auto draw = [&](std::int64_t n) {
      std::vector<std::int32_t> tokens(static_cast<std::size_t>(n));
      for (std::int32_t& t : tokens) t = static_cast<std::int32_t>(random() % vocab);
      return tokens;
    };
    for (std::int64_t s = 0; s < test.sequences; ++s) {
      prompts_.push_back(draw(test.prompt));
      answers_.push_back(draw(test.gen));
      if (test.depth > 0) {
        begun_.push_back(engine_.new_sequence());
        engine_.prefill(begun_.back(), draw(test.depth));
      }
    }
  }

  const Engine& engine() const { return engine_; }

  void warm_up() {
    std::vector<Sequence> sequences = start();
    read_prompts(sequences);
    if (test_.gen > 0) generate(sequences, 0);
  }

  void repeat(BenchResult& result) {
    std::vector<Sequence> sequences = start();
    const auto begin = Clock::now();
    std::span<const float> logits = read_prompts(sequences);
    result.prompt_seconds.push_back(seconds_since(begin));
    const auto middle = Clock::now();
    for (std::int64_t i = 0; i < test_.gen; ++i) {
      const auto step = Clock::now();
      logits = generate(sequences, i);
      result.step_seconds.push_back(seconds_since(step));
    }
    result.gen_seconds.push_back(seconds_since(middle));
    Hash hash;
    hash.add_words(std::as_bytes(logits));
    if (result.logits_hash != 0 && result.logits_hash != hash.value())
      fail("two repetitions of one test gave different logits: {:016x} and {:016x}", result.logits_hash,
           hash.value());
    result.logits_hash = hash.value();
  }

 private:
  std::vector<Sequence> start() {
    std::vector<Sequence> sequences;
    for (std::int64_t s = 0; s < test_.sequences; ++s)
      sequences.push_back(begun_.empty() ? engine_.new_sequence()
                                         : begun_[static_cast<std::size_t>(s)].fork());
    return sequences;
  }

  std::span<const float> read_prompts(std::vector<Sequence>& sequences) {
    std::span<const float> logits;
    for (std::size_t s = 0; s < sequences.size(); ++s) logits = engine_.prefill(sequences[s], prompts_[s]);
    return logits;
  }

  std::span<const float> generate(std::vector<Sequence>& sequences, std::int64_t i) {
    chunks_.clear();
    for (std::size_t s = 0; s < sequences.size(); ++s)
      chunks_.push_back({&sequences[s], std::span(answers_[s]).subspan(static_cast<std::size_t>(i), 1)});
    return engine_.step(chunks_);
  }

  BenchTest test_;
  Engine engine_;
  std::vector<Sequence> begun_;
  std::vector<std::vector<std::int32_t>> prompts_, answers_;
  std::vector<Chunk> chunks_;
};

}  // namespace

std::vector<double> BenchResult::seconds() const {
  std::vector<double> sum;
  for (std::size_t i = 0; i < prompt_seconds.size(); ++i) sum.push_back(prompt_seconds[i] + gen_seconds[i]);
  return sum;
}

BenchResult run_bench(std::shared_ptr<const Model> model, const BenchSetting& setting, const BenchTest& test,
                      const BenchOptions& options) {
  const auto pause = [&] {
    if (options.between) options.between();
  };
  reset_peak_memory();
  BenchResult result;
  Bench bench(model, setting, test);
  const EngineOptions& o = bench.engine().options();
  result.threads = o.threads;
  result.memory = Engine::plan(*model, o);
  if (options.warmup) bench.warm_up();
  for (int r = 0; r < options.repetitions; ++r) {
    pause();
    bench.repeat(result);
  }
  for (std::int64_t at = 0; at < test.prompt; at += o.step_tokens) {
    const std::int64_t n = std::min(o.step_tokens, test.prompt - at);
    for (std::int64_t s = 0; s < test.sequences; ++s)
      result.prompt_work += step_work(*model, *o.kernels, o.kv, 1, test.depth + at, n);
  }
  for (std::int64_t i = 0; i < test.gen; ++i)
    result.gen_work += step_work(*model, *o.kernels, o.kv, test.sequences, test.depth + test.prompt + i, 1);
  result.peak_memory = peak_memory();
  return result;
}

std::vector<double> rates(double count, std::span<const double> seconds) {
  std::vector<double> out;
  for (const double s : seconds) out.push_back(count / s);
  return out;
}

}  // namespace pith
