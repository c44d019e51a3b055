#include "train/run_log.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/terminal.h"
#include "kernels/kernels.h"
#include "kernels/probe.h"

namespace pith::lab {
namespace {

using nlohmann::ordered_json;

// The lines of a log up to a step.
std::string lines_until(const std::filesystem::path& path, std::int64_t step) {
  std::string kept;
  if (!std::filesystem::exists(path)) return kept;
  const std::string text = read_file(path);
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end - begin);
    if (parse_json(line, printable(path.string())).value("step", std::int64_t{0}) > step) break;
    kept += line + "\n";
  }
  return kept;
}

}  // namespace

RunLog::RunLog(const std::filesystem::path& run, std::int64_t step, Team& team)
    : path_(run / "log.jsonl"), name_(run.filename().string()), team_(team), step_(step) {
  write_file_atomically(path_, std::as_bytes(std::span<const char>(lines_until(path_, step))));
  measure_limit();
  resume();
}

void RunLog::measure_limit() {
  if (limit_ > 0 && Clock::now() - measured_ < std::chrono::minutes(1)) return;
  limit_ = std::max(limit_, MachineProbe(team_, kernels().isa).measure(0.05).best.f32_ops);
  measured_ = Clock::now();
}

void RunLog::count(std::int64_t tokens, double flops) {
  tokens_ += tokens;
  flops_ += flops;
}

void RunLog::pause() { seconds_ += std::chrono::duration<double>(Clock::now() - since_).count(); }
void RunLog::resume() { since_ = Clock::now(); }

void RunLog::write(ordered_json line) {
  std::ofstream file(path_, std::ios::app);
  file << line.dump() << '\n';
  if (!file.flush()) fail("{}: writing failed; is the disk full?", printable(path_.string(), 400));
}

void RunLog::write_with_speeds(ordered_json line, std::int64_t end) {
  pause();
  const std::int64_t step = line["step"];
  const double tokens_per_second = static_cast<double>(tokens_) / seconds_;
  line["seconds"] = seconds_;
  line["tokens_per_s"] = tokens_per_second;
  line["flops"] = flops_ / seconds_;
  line["share_of_limit"] = flops_ / seconds_ / limit_;
  line["seconds_left"] = seconds_ * static_cast<double>(std::max<std::int64_t>(end - step, 0)) /
                         static_cast<double>(std::max<std::int64_t>(step - step_, 1));
  write(line);
  tokens_ = 0;
  flops_ = seconds_ = 0;
  step_ = step;
  resume();

  const bool terminal = cli::stderr_is_terminal();
  if (!terminal && Clock::now() - shown_ < std::chrono::seconds(10)) return;
  shown_ = Clock::now();
  const double left = line["seconds_left"];
  cli::write_error_stream(fmt::format(
      "{}{}: step {}, loss {:.4f}, {:.0f} tokens/s, {:.1f} GFLOP/s ({:.0f} % of the limit), {:.0f} min "
      "{:.0f} s left{}",
      terminal ? "\r" : "", name_, step, line["loss"].get<double>(), tokens_per_second,
      line["flops"].get<double>() / 1e9, 100 * line["share_of_limit"].get<double>(), std::floor(left / 60),
      std::fmod(left, 60), terminal ? "   " : "\n"));
}

}  // namespace pith::lab
