// A model at work: threads, KV cache and scratch memory around the forward pass.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/team.h"
#include "infer/expert_observer.h"
#include "infer/kv_cache.h"
#include "infer/pass.h"
#include "infer/workspace.h"
#include "model/model.h"

namespace pith {

struct EngineOptions {
  int threads = 0;  ///< 0: default_threads()
  /// Positions of one sequence; 0: the trained length or what memory allows, whichever is less.
  std::int64_t context = 0;
  int sequences = 1;               ///< alive at a time
  std::int64_t positions = 0;      ///< of all sequences together; 0: sequences * context
  std::int64_t step_tokens = 512;  ///< the longest step; longer prompts are cut into such chunks
  std::int64_t logit_rows = 0;     ///< rows of a step that may want logits; 0: one a sequence
  /// Multiply-adds that a thread should have in a step before another one joins: each costs barriers of a
  /// microsecond or two, about ten a layer. Tests make it 1, so that tiny models use all threads.
  std::int64_t work_per_thread = 2'000'000;
  KvTypes kv;
  bool reward = false;  ///< steps give the outputs of the model's reward head in place of logits
  /// The pages of experts are asked for once they are chosen. Unset: where the weights exceed what memory is
  /// available.
  std::optional<bool> read_ahead;
  const Kernels* kernels = nullptr;  ///< null: kernels(); tests compare levels
};

/// Bytes that an engine needs beside the mapped file.
struct MemoryPlan {
  std::uint64_t kv = 0, scratch = 0;
  std::uint64_t total() const { return kv + scratch; }
};

enum class WantLogits : std::uint8_t { None, Last, All };

/// Tokens that a step appends to a sequence.
struct Chunk {
  Sequence* sequence;
  std::span<const std::int32_t> tokens;
  WantLogits want = WantLogits::Last;
};

class Engine {
 public:
  /// Throws Error where the memory that this needs is not available; the message names the largest context
  /// that fits.
  Engine(std::shared_ptr<const Model> model, EngineOptions options);
  ~Engine();

  /// What `options` (with its context resolved) needs.
  static MemoryPlan plan(const Model& model, const EngineOptions& options);
  /// The context that 0 in `options` stands for here.
  static std::int64_t default_context(const Model& model, const EngineOptions& options);

  const Model& model() const { return *model_; }
  const EngineOptions& options() const { return options_; }  ///< with every default resolved
  KvCache& cache() { return cache_; }
  /// V, or those of the reward head.
  std::int64_t outputs() const { return head_.count; }
  Sequence new_sequence() { return Sequence(cache_); }

  /// From now on `observer` hears the routing of every step, until it is called again; null: nobody.
  void observe(ExpertObserver* observer) { observer_ = observer; }

  /// One step: runs the chunks (each of another sequence, together at most step_tokens tokens) and appends
  /// them to their sequences. Logits of the wanted rows, in order, each [outputs()]; they stay until the next
  /// step.
  /// Throws Error: a token outside the vocabulary, a sequence longer than the context, no pages left.
  std::span<const float> step(std::span<const Chunk> chunks);

  /// Appends any number of tokens in as many steps as it takes. Logits of the last token.
  std::span<const float> prefill(Sequence& sequence, std::span<const std::int32_t> tokens);

 private:
  int threads_for(std::int64_t tokens) const;
  void tell_observer() const;

  std::shared_ptr<const Model> model_;
  const Linear& head_;
  EngineOptions options_;
  const Kernels& kernels_;
  Team team_;
  KvCache cache_;
  Workspace workspace_;
  ExpertChoice experts_;
  ExpertObserver* observer_ = nullptr;
  std::optional<ReadAhead> read_ahead_;
  std::vector<RopeSpec> ropes_;
  // Of the running step.
  std::vector<Run> runs_;
  std::vector<std::int32_t> tokens_, positions_, run_of_, logit_rows_;
};

}  // namespace pith
