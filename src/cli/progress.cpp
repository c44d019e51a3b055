#include "cli/progress.h"

#include "cli/terminal.h"

namespace pith::cli {

Progress::Progress(std::string_view what) : what_(what), bar_(stderr_is_terminal()) {}

Progress::~Progress() {
  if (drawn_) write_error_stream("\n");
}

void Progress::update(double share) {
  const auto now = Clock::now();
  if (now - last_ < (bar_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10'000)) &&
      !(drawn_ && share >= 1)) {
    return;
  }
  last_ = now;
  if (!bar_) {
    note("{}: {:.0f} %", what_, share * 100);
    return;
  }
  constexpr int kWidth = 30;
  const auto full = static_cast<std::size_t>(share * kWidth);
  write_error_stream(fmt::format("\r{} [{}{}] {:3.0f} %", what_, std::string(full, '#'),
                                 std::string(kWidth - full, ' '), share * 100));
  drawn_ = true;
}

}  // namespace pith::cli
