#include "train/fine_tuning.h"

#include <algorithm>
#include <cmath>

#include "train/model_file.h"

namespace pith::lab {

FineTuning::FineTuning(const Config& c) {
  constexpr std::int64_t kMany = std::int64_t{1} << 40;
  run = c.text("run");
  name = c.text("name");
  from = c.text("from");
  tokenizer = c.text("tokenizer");
  seed = static_cast<std::uint64_t>(c.integer("seed", 0, kMany));
  threads = c.has("threads") ? static_cast<int>(c.integer("threads", 1, 1024)) : 0;
  steps = c.integer("steps", 1, kMany);
  schedule.warmup = c.integer("warmup_steps", 0, steps);
  const double decay = c.number("decay_share", 0, 1) * static_cast<double>(steps);
  schedule.decay_begin = steps - static_cast<std::int64_t>(std::llround(decay));
  schedule.end = steps;
  const Config batch = c.object("batch");
  rows = batch.integer("rows", 1, 1 << 20);
  shards = batch.integer("shards", 1, 256);
  const Config optimizer = c.object("optimizer");
  schedule.peak = optimizer.number("peak_rate", 1e-9, 1);
  adam = read_adam(optimizer);
  log_every = c.integer("log_every", 1, kMany);
  validate_every = c.integer("validate_every", 1, kMany);
  checkpoint_minutes = c.number("checkpoint_minutes", 0, 1e6);
  canonical = c.canonical();
}

Parallel FineTuning::parallel(const Shape& shape) const {
  return Parallel(shape, threads, static_cast<int>(shards), std::max(rows, shape.context));
}

void FineTuning::learn(Parallel& p, const Part& step, const Part& validate) const {
  learn(
      p, adam, [this] { return fresh_start(from); }, step, validate, false);
}

void FineTuning::learn_scores(Parallel& p, const Checkpoint& start, std::int64_t first_layer,
                              const Part& step, const Part& validate) const {
  AdamSettings optimizer = adam;
  if (first_layer > 0) optimizer.frozen = p.layout().layers[first_layer].attn_norm;
  learn(
      p, optimizer, [&] { return start; }, step, validate, true);
}

void FineTuning::learn(Parallel& p, const AdamSettings& optimizer, const std::function<Checkpoint()>& start,
                       const Part& step, const Part& validate, bool scalar_head) const {
  if (std::filesystem::exists(run / "final.gguf")) return;
  TrainingRun training({run, canonical, optimizer, checkpoint_minutes}, p, start);
  const auto look = [&] { training.log().aside([&] { validate(training); }); };
  if (training.step() == 0) look();
  while (training.step() < steps) {
    const std::int64_t before = training.step();
    step(training);
    if (training.step() / validate_every > before / validate_every || training.step() == steps) look();
    training.checkpoint_if_due();
  }
  training.finish();
  write_model_file(run / "final.gguf", p.shape(), training.parameters(),
                   {.name = name, .tokenizer = tokenizer, .scalar_head = scalar_head});
}

}  // namespace pith::lab
