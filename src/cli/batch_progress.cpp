#include "cli/batch_progress.h"

#include "cli/terminal.h"

namespace pith::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBarEvery{200}, kLineEvery{10'000}, kSpeedOver{10'000};

double seconds(std::chrono::steady_clock::duration d) { return std::chrono::duration<double>(d).count(); }

std::string duration(double s) {
  const auto all = static_cast<std::int64_t>(s + 0.5);
  return all < 3600 ? fmt::format("{}:{:02}", all / 60, all % 60)
                    : fmt::format("{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
}

}  // namespace

BatchProgress::BatchProgress(std::optional<std::int64_t> total) : total_(total), bar_(stderr_is_terminal()) {
  samples_.push_back({begun_, 0, 0});
}

BatchProgress::~BatchProgress() {
  if (drawn_) write_error_stream("\r\x1b[K");
}

bool BatchProgress::due() const { return Clock::now() - last_ >= (bar_ ? kBarEvery : kLineEvery); }

void BatchProgress::show(const BatchCounts& counts, const SchedulerStats& stats) {
  last_ = Clock::now();
  samples_.push_back({last_, stats.prompt_tokens - stats.cached_tokens, stats.answer_tokens});
  while (samples_.size() > 2 && last_ - samples_[1].time >= kSpeedOver) samples_.pop_front();
  const std::string text = line(counts, stats);
  if (bar_) {
    draw(text, counts.requests());
  } else {
    write_note(text);
  }
}

double BatchProgress::speed(std::int64_t Sample::*tokens) const {
  const Sample &first = samples_.front(), &last = samples_.back();
  return static_cast<double>(last.*tokens - first.*tokens) / std::max(seconds(last.time - first.time), 1e-3);
}

// What matters most comes first: a narrow terminal cuts the rest.
std::string BatchProgress::line(const BatchCounts& counts, const SchedulerStats& stats) const {
  const std::int64_t requests = counts.requests(), finished = counts.answered + counts.failed;
  std::string text =
      total_ ? fmt::format("{} of {} lines", requests, *total_) : fmt::format("{} lines", requests);
  text += fmt::format(", {} failed", counts.failed);
  if (total_ && finished > 0) {
    const double each = seconds(last_ - begun_) / static_cast<double>(finished);
    text += fmt::format(", {} left", duration(each * static_cast<double>(*total_ - requests)));
  }
  text += fmt::format(", generated {:.0f} and prompt {:.0f} tokens/s, {} running, {} waiting",
                      speed(&Sample::answer), speed(&Sample::prompt), stats.running, stats.waiting);
  if (stats.pages > 0) text += fmt::format(", KV cache {} %", 100 * stats.pages_used / stats.pages);
  return text;
}

void BatchProgress::draw(const std::string& line, std::int64_t requests) {
  std::string text = line;
  if (total_ && *total_ > 0) {
    constexpr std::int64_t kWidth = 10;
    const auto full = static_cast<std::size_t>(std::min(kWidth, kWidth * requests / *total_));
    text = "[" + std::string(full, '#') + std::string(kWidth - full, ' ') + "] " + line;
  }
  write_error_stream("\r" + text.substr(0, stderr_columns() - 1) + "\x1b[K");
  drawn_ = true;
}

}  // namespace pith::cli
