// How far a long work is: a bar on stderr where that is a terminal, else a line now and then.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace pith::cli {

class Progress {
 public:
  explicit Progress(std::string_view what);
  /// Ends the bar's line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(double share);

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  bool bar_, drawn_ = false;
  Clock::time_point last_ = Clock::now();
};

}  // namespace pith::cli
