// What the steps behind pre-training have in common: they start from a finished run, take examples in
// shuffled order for a number of steps, and end in a model file.
#pragma once

#include <functional>
#include <string>

#include "train/config.h"
#include "train/schedule.h"
#include "train/training_run.h"

namespace pith::lab {

/// Keys: run (folder), name (of the model), from (a checkpoint, or the folder of a run), tokenizer (with chat
/// template), seed, threads (optional), steps, warmup_steps, decay_share (of the steps), batch {rows,
/// shards}, optimizer {peak_rate, beta1, beta2, eps, decay, clip}, log_every, validate_every (steps),
/// checkpoint_minutes.
struct FineTuning {
  explicit FineTuning(const Config& config);

  std::filesystem::path run, from, tokenizer;
  std::string name, canonical;
  std::uint64_t seed;
  int threads;
  std::int64_t steps, rows, shards, log_every, validate_every;
  AdamSettings adam;
  double checkpoint_minutes;
  Schedule schedule;  ///< in steps

  Parallel parallel(const Shape& shape) const;

  /// The whole run: `step` takes one or more optimizer steps, `validate` is called before the first one,
  /// every so many and behind the last. Does nothing where the run has its model already.
  using Part = std::function<void(TrainingRun& training)>;
  void learn(Parallel& parallel, const Part& step, const Part& validate) const;
  /// The same for a model that ends in the scalar head. It begins with `start`, which was made of the
  /// checkpoint at `from`, and its layers below `first_layer` are not trained.
  void learn_scores(Parallel& parallel, const Checkpoint& start, std::int64_t first_layer, const Part& step,
                    const Part& validate) const;

 private:
  void learn(Parallel& parallel, const AdamSettings& optimizer, const std::function<Checkpoint()>& start,
             const Part& step, const Part& validate, bool scalar_head) const;
};

}  // namespace pith::lab
