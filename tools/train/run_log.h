// What a run says about itself: a JSONL file in its folder, and a line on stderr now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/team.h"

namespace pith::lab {

class RunLog {
 public:
  /// Goes on behind the lines up to `step` of an earlier start of the same run; later ones are dropped, since
  /// they are made again. `team` are the threads whose F32 arithmetic is the limit.
  RunLog(const std::filesystem::path& run, std::int64_t step, Team& team);

  /// Work done since the last line with speeds.
  void count(std::int64_t tokens, double flops);
  /// Appends a line.
  void write(nlohmann::ordered_json line);
  /// The same with the seconds of training since the last such line, tokens/s, FLOP/s, their share of this
  /// machine's limit and the seconds left, of the line's "step" until the step `end`; shown on stderr.
  void write_with_speeds(nlohmann::ordered_json line, std::int64_t end);
  /// Does what is no training (validation, checkpoints): its time does not count in speeds.
  template <class F>
  void aside(F&& work) {
    pause();
    work();
    measure_limit();
    resume();
  }

 private:
  void pause();
  void resume();
  /// For a moment, once a minute at most. The best is kept: other processes only ever lower what is seen.
  void measure_limit();

  using Clock = std::chrono::steady_clock;

  std::filesystem::path path_;
  std::string name_;
  Team& team_;
  double limit_ = 0;   // F32 operations per second
  std::int64_t step_;  // of the last line with speeds
  std::int64_t tokens_ = 0;
  double flops_ = 0, seconds_ = 0;
  Clock::time_point since_ = Clock::now(), shown_{}, measured_{};
};

}  // namespace pith::lab
