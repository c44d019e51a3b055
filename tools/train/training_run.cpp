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

Checkpoint deepened(const Checkpoint& start, std::int64_t count, std::uint64_t seed) {
  constexpr double kDeviation = 0.05;
  Checkpoint out = start;
  out.shape.layers += count;
  const Layout before(start.shape), after(out.shape);
  out.parameters = initial_parameters(out.shape, kDeviation, seed);
  const auto from = start.parameters.begin();
  std::copy(from, from + before.output_norm, out.parameters.begin());
  std::copy(from + before.output_norm, start.parameters.end(), out.parameters.begin() + after.output_norm);
  const auto clear = [&](std::int64_t offset, std::int64_t size) {
    std::fill_n(out.parameters.begin() + offset, size, 0.0f);
  };
  for (std::int64_t l = start.shape.layers; l < out.shape.layers; ++l) {
    const LayerLayout& layer = after.layers[l];
    clear(layer.attn_out, out.shape.width * out.shape.q_width());
    for (std::int64_t e = 0; e < std::max<std::int64_t>(out.shape.experts, 1); ++e)
      clear(layer.down(e), out.shape.width * out.shape.ffn);
  }
  out.first.assign(out.parameters.size(), 0.0f);
  out.second.assign(out.parameters.size(), 0.0f);
  return out;
}

}  // namespace pith::lab
