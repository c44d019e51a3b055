// How far a batch is, on stderr: a bar where that is a terminal, else a line every ten seconds.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "batch/batch.h"

namespace pith::cli {

class BatchProgress {
 public:
  /// `total`: requests in all, where that is known.
  explicit BatchProgress(std::optional<std::int64_t> total);
  /// Takes the bar away.
  ~BatchProgress();
  BatchProgress(const BatchProgress&) = delete;
  BatchProgress& operator=(const BatchProgress&) = delete;

  bool due() const;
  void show(const BatchCounts& counts, const SchedulerStats& stats);

 private:
  using Clock = std::chrono::steady_clock;
  struct Sample {
    Clock::time_point time;
    std::int64_t prompt, answer;  // tokens
  };
  std::string line(const BatchCounts& counts, const SchedulerStats& stats) const;
  double speed(std::int64_t Sample::*tokens) const;
  void draw(const std::string& line, std::int64_t requests);

  std::optional<std::int64_t> total_;
  bool bar_, drawn_ = false;
  Clock::time_point begun_ = Clock::now(), last_ = begun_;
  std::deque<Sample> samples_;  // of the last seconds, which the speeds are of
};

}  // namespace pith::cli
