// Parameters in training: one run's folder with its log and checkpoints, and the optimizer.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "train/adamw.h"
#include "train/checkpoint.h"
#include "train/parallel.h"
#include "train/run_log.h"

namespace pith::lab {

struct RunSettings {
  std::filesystem::path folder;
  std::string config;  ///< Config::canonical(): a run goes on with the config that it was begun with
  AdamSettings adam;
  double checkpoint_minutes;
};

class TrainingRun {
 public:
  /// Goes on from the latest checkpoint in the folder, else begins with what `start` gives: parameters alone,
  /// or a checkpoint with the optimizer's moments and counters. Creates the folder. Throws Error, also where
  /// the checkpoint was written with another config.
  TrainingRun(RunSettings settings, Parallel& parallel, const std::function<Checkpoint()>& start);

  std::span<const float> parameters() const { return parameters_; }
  const float* data() const { return parameters_.data(); }
  std::int64_t step() const { return static_cast<std::int64_t>(state_.at("step")); }
  /// A number that checkpoints keep; 0 until it is set. Integers up to 2^53 are exact.
  double& state(const std::string& name) { return state_[name]; }
  std::int64_t count(const std::string& name) { return static_cast<std::int64_t>(state_[name]); }
  RunLog& log() { return *log_; }

  /// One step with the gradient in the Parallel: returns its norm. Throws Error naming step and tensor where
  /// loss or gradient are not finite; the checkpoints are kept.
  double optimise(double loss, double rate);

  /// Behind each step: a checkpoint every so many minutes. Throws Error, with a checkpoint written, where the
  /// user interrupts.
  void checkpoint_if_due();
  /// The last checkpoint; the others go.
  void finish();
  void save(const std::filesystem::path& file) const;

 private:
  using Clock = std::chrono::steady_clock;
  void restore(const Checkpoint& checkpoint);

  RunSettings settings_;
  Parallel& parallel_;
  AdamW adam_;
  std::vector<float> parameters_;
  std::map<std::string, double> state_;
  std::optional<RunLog> log_;
  Clock::time_point saved_ = Clock::now();
};

/// The parameters of a checkpoint, or of the latest one in a run's folder, as a start: moments and counters
/// are zero.
Checkpoint fresh_start(const std::filesystem::path& checkpoint_or_run);

/// A start with `count` more layers behind the others. At first they change nothing: their matrices into the
/// residual are zero, the others drawn with `seed`.
Checkpoint deepened(const Checkpoint& start, std::int64_t count, std::uint64_t seed);

}  // namespace pith::lab
