#include "train/training_run.h"

#include <cmath>

#include "base/error.h"
#include "cli/terminal.h"

namespace pith::lab {
namespace {

std::string shown(const std::filesystem::path& path) { return printable(path.string(), 400); }

}  // namespace

TrainingRun::TrainingRun(RunSettings settings, Parallel& parallel, const std::function<Checkpoint()>& start)
    : settings_(std::move(settings)), parallel_(parallel), adam_(parallel.layout(), settings_.adam) {
  std::filesystem::create_directories(settings_.folder);
  if (const auto latest = latest_checkpoint(settings_.folder)) {
    const Checkpoint own = read_checkpoint(*latest);
    if (own.config != settings_.config)
      fail("{}: was written with another config; take another \"run\" or remove it", shown(*latest));
    restore(own);
  } else {
    restore(start());
  }
  log_.emplace(settings_.folder, step(), parallel_.team());
}

void TrainingRun::restore(const Checkpoint& checkpoint) {
  parameters_ = checkpoint.parameters;
  state_ = checkpoint.state;
  state_.try_emplace("step", 0);
  adam_.restore(count("adam_steps"), checkpoint.first, checkpoint.second);
}

double TrainingRun::optimise(double loss, double rate) {
  double norm;
  try {
    if (!std::isfinite(loss)) {
      const ParameterTensor* bad = first_not_finite(parallel_.layout(), parameters_);
      fail("the loss is not finite{}", bad ? ", and neither is " + bad->name : "");
    }
    norm = adam_.step(parallel_.team(), parameters_, parallel_.gradient(), rate);
  } catch (const Error& e) {
    fail("step {}: {}; the checkpoints in {} are kept", step() + 1, e.what(), shown(settings_.folder));
  }
  state_["step"] += 1;
  state_["adam_steps"] = static_cast<double>(adam_.steps());
  return norm;
}

void TrainingRun::checkpoint_if_due() {
  const bool stop = cli::interrupted();
  const std::chrono::duration<double, std::ratio<60>> since = Clock::now() - saved_;
  if (!stop && since.count() < settings_.checkpoint_minutes) return;
  log_->aside([&] {
    save(checkpoint_path(settings_.folder, step()));
    remove_old_checkpoints(settings_.folder, 2);
  });
  saved_ = Clock::now();
  if (stop) fail("interrupted; the same command goes on from step {}", step());
}

void TrainingRun::finish() {
  save(checkpoint_path(settings_.folder, step()));
  remove_old_checkpoints(settings_.folder, 1);
}

void TrainingRun::save(const std::filesystem::path& file) const {
  write_checkpoint(file, {.shape = parallel_.shape(),
                          .state = state_,
                          .config = settings_.config,
                          .parameters = parameters_,
                          .first = {adam_.first().begin(), adam_.first().end()},
                          .second = {adam_.second().begin(), adam_.second().end()}});
}

Checkpoint fresh_start(const std::filesystem::path& from) {
  const bool folder = std::filesystem::is_directory(from);
  const auto file = folder ? latest_checkpoint(from) : from;
  if (!file) fail("{}: a folder without a checkpoint", shown(from));
  Checkpoint checkpoint = read_checkpoint(*file);
  checkpoint.state.clear();
  checkpoint.first.assign(checkpoint.first.size(), 0.0f);
  checkpoint.second.assign(checkpoint.second.size(), 0.0f);
  return checkpoint;
}

}  // namespace pith::lab
