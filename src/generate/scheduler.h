// Continuous batching (Yu et al. 2022, "Orca", OSDI): every step mixes sequences that are being answered with
// chunks of prompts that are being read; sequences join and leave at every step.
//
// What a request gets never depends on the others: the forward pass gives every token the same bits in any
// company, and a draw depends on its seed and place alone. The scheduler decides only when things happen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "generate/request.h"
#include "infer/engine.h"
#include "text/tokenizer.h"

namespace pith {

struct SchedulerOptions {
  std::int64_t step_tokens = 0;  ///< token budget of one step; 0: the engine's (EngineOptions::step_tokens)
  std::int64_t chunk = 0;        ///< the longest piece of one prompt in a step; 0: the budget
  int parallel = 0;              ///< sequences at a time; 0: the engine's (EngineOptions::sequences)
  bool prefix_cache = true;      ///< keeps what was read and answered as long as no sequence needs the pages
};

struct SchedulerStats {
  std::int64_t requests = 0;           ///< finished
  std::int64_t steps = 0;              ///< of the engine
  std::int64_t step_ns = 0;            ///< in them
  std::int64_t prompt_tokens = 0;      ///< of the prompts that were begun, once per request
  std::int64_t cached_tokens = 0;      ///< of them, not computed: found in the prefix cache
  std::int64_t answer_tokens = 0;      ///< drawn
  std::int64_t recomputed_tokens = 0;  ///< computed again after a preemption
  std::int64_t preemptions = 0;
  // Now.
  int running = 0, waiting = 0;  ///< sequences
  std::int64_t pages_used = 0,
               pages = 0;  ///< of the KV cache; those of the prefix cache alone are not in use
};

/// Feeds an Engine. One thread; nothing else may use the engine meanwhile.
///
/// Logit rows: the engine must have one for each sequence; requests with prompt_logprobs are read faster the
/// more of them it has (EngineOptions::logit_rows).
class Scheduler {
 public:
  /// Without a tokenizer results have ids and no text, and only stop_tokens end an answer.
  Scheduler(Engine& engine, std::optional<Tokenizer> tokenizer, SchedulerOptions options = {});
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Queues a request and returns its id: 1, 2, ... Throws, and queues nothing: UsageError for an option out
  /// of its range; Error for an empty prompt, ids outside the vocabulary, a prompt that leaves the answer no
  /// room in the context.
  std::uint64_t submit(Request request, OnDone done, OnToken token = {});

  /// One step of the engine, with the callbacks that follow from it. False where nothing was left to do.
  bool step();
  /// Until nothing is left to do.
  void run() {
    while (step()) {
    }
  }

  /// Ends a request with what there is: finish reason Interrupted. False where it is not known (any more).
  bool cancel(std::uint64_t id);
  void cancel_all();

  SchedulerStats stats() const;
  const SchedulerOptions& options() const { return options_; }  ///< with every default resolved
  /// Prompt and answer of a request together never have more tokens.
  std::int64_t context() const;

  /// The prefix cache to and from a file (--prompt-cache), see kv_file.h. Both throw Error; then nothing was
  /// written, or nothing restored. Restoring returns the tokens of the longest sequence.
  void save_prefixes(const std::filesystem::path& path, bool only_reused = false) const;
  std::int64_t restore_prefixes(const std::filesystem::path& path);
  /// Forgets all of it.
  void clear_prefixes();

 private:
  struct Job;
  struct Group;
  struct State;

  SchedulerOptions options_;
  std::unique_ptr<State> state_;
};

/// Runs one request to its end. Other requests of the scheduler go on meanwhile. Throws what submit() throws.
Result generate(Scheduler& scheduler, Request request, const OnToken& token = {});

}  // namespace pith
