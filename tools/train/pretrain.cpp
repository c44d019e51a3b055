#include "train/pretrain.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "cli/terminal.h"
#include "text/tokenizer.h"
#include "train/adamw.h"
#include "train/checkpoint.h"
#include "train/model_file.h"
#include "train/next_token.h"
#include "train/run_log.h"
#include "train/schedule.h"
#include "train/token_stream.h"

namespace pith::lab {
namespace {

using nlohmann::ordered_json;
using std::filesystem::path;

constexpr std::string_view kEndOfText = "<|endoftext|>";

struct Settings {
  path run, tokenizer, train, validation;
  std::string name, canonical;
  std::uint64_t seed;
  int threads;
  Shape shape;
  double deviation, balance;
  std::int64_t windows, rows, shards;
  AdamSettings adam;
  double peak_rate;
  std::int64_t warmup;
  double decay_share;
  std::vector<std::int64_t> budgets;
  std::int64_t log_every, validate_every, validation_windows;
  double checkpoint_minutes;
};

Settings read_settings(const Config& c) {
  constexpr std::int64_t kMany = std::int64_t{1} << 40;
  Settings s;
  s.run = c.text("run");
  s.name = c.text("name");
  s.tokenizer = c.text("tokenizer");
  s.train = c.text("train");
  s.validation = c.text("validation");
  s.seed = static_cast<std::uint64_t>(c.integer("seed", 0, kMany));
  s.threads = c.has("threads") ? static_cast<int>(c.integer("threads", 1, 1024)) : 0;
  const Config model = c.object("model");
  s.shape = read_shape(model, Tokenizer::open(s.tokenizer).size());
  s.deviation = model.number("deviation", 1e-4, 1);
  s.balance = model.number("balance", 0, 10);
  const Config batch = c.object("batch");
  s.windows = batch.integer("windows", 1, 1 << 16);
  s.rows = batch.integer("rows", s.shape.context, 1 << 20);
  s.shards = batch.integer("shards", 1, 256);
  const Config optimizer = c.object("optimizer");
  s.peak_rate = optimizer.number("peak_rate", 1e-8, 1);
  s.adam = read_adam(optimizer);
  const Config schedule = c.object("schedule");
  s.warmup = schedule.integer("warmup_tokens", 0, kMany);
  s.decay_share = schedule.number("decay_share", 0, 1);
  s.budgets = schedule.integers("budgets", 1, kMany);
  std::ranges::sort(s.budgets, std::greater<>());
  s.log_every = c.integer("log_every", 1, kMany);
  s.validate_every = c.integer("validate_every", 1, kMany);
  s.validation_windows = c.integer("validation_windows", 1, kMany);
  s.checkpoint_minutes = c.number("checkpoint_minutes", 0, 1e6);
  c.finish();
  s.canonical = c.canonical();
  return s;
}

// A stretch of training that ends in a model: the trunk, or a cooldown that branches from it.
struct Phase {
  path folder;
  path start;  // a checkpoint; empty for the trunk
  Schedule schedule;
  std::vector<std::int64_t> branches;  // of the trunk: where cooldowns begin, latest first
};

class Pretraining {
 public:
  explicit Pretraining(const Config& config)
      : s_(read_settings(config)),
        end_(end_of_text()),
        train_(s_.train, s_.shape.vocab, end_, s_.shape.context),
        validation_(s_.validation, s_.shape.vocab, end_, s_.shape.context),
        parallel_(s_.shape, s_.threads, static_cast<int>(s_.shards), s_.rows) {
    for (std::int64_t i = 0; i < std::min(s_.validation_windows, validation_.windows()); ++i)
      validation_pieces_.add(validation_.window(i), validation_.targets(i));
  }

  void run() {
    Phase trunk{s_.run, {}, {s_.peak_rate, s_.warmup}, {}};
    for (const std::int64_t budget : s_.budgets) trunk.branches.push_back(decay_begin(budget));
    trunk.schedule.end = trunk.branches.front();
    run_phase(trunk);
    for (const std::int64_t budget : s_.budgets) {
      path folder = s_.run;
      folder += fmt::format("-{}", budget);
      run_phase({folder,
                 branch_path(decay_begin(budget)),
                 {s_.peak_rate, s_.warmup, decay_begin(budget), budget},
                 {}});
    }
  }

 private:
  std::int32_t end_of_text() const {
    const auto id = Tokenizer::open(s_.tokenizer).find(kEndOfText);
    if (!id) fail("{}: has no token {}", printable(s_.tokenizer.string(), 400), kEndOfText);
    return *id;
  }

  std::int64_t decay_begin(std::int64_t budget) const {
    return budget - static_cast<std::int64_t>(std::llround(s_.decay_share * static_cast<double>(budget)));
  }
  path branch_path(std::int64_t tokens) const { return s_.run / fmt::format("branch-{:010}", tokens); }

  void run_phase(const Phase& phase) {
    const path result = phase.folder / "final.gguf";
    if (std::filesystem::exists(result)) return;
    std::filesystem::create_directories(phase.folder);
    begin(phase);
    RunLog log(phase.folder, step_, parallel_.team());
    auto saved = Clock::now();
    while (tokens_ < phase.schedule.end) {
      train_step(phase, log);
      for (const std::int64_t at : phase.branches) {
        if (tokens_ >= at && !std::filesystem::exists(branch_path(at))) save(branch_path(at));
      }
      const bool stop = cli::interrupted();
      if (stop ||
          Clock::now() - saved > std::chrono::duration<double, std::ratio<60>>(s_.checkpoint_minutes)) {
        log.pause();
        save(checkpoint_path(phase.folder, step_));
        remove_old_checkpoints(phase.folder, 2);
        log.resume();
        saved = Clock::now();
      }
      if (stop) fail("interrupted; the same command goes on from step {}", step_);
    }
    validate(log);
    save(checkpoint_path(phase.folder, step_));
    remove_old_checkpoints(phase.folder, 1);
    write_model_file(result, s_.shape, parameters_, {.name = s_.name, .tokenizer = s_.tokenizer});
  }

  // From the phase's own latest checkpoint, from where it branches, or from nothing.
  void begin(const Phase& phase) {
    adam_.emplace(parallel_.layout(), s_.adam);
    step_ = window_ = tokens_ = 0;
    auto from = latest_checkpoint(phase.folder);
    if (!from && !phase.start.empty()) from = phase.start;
    if (!from) {
      parameters_ = initial_parameters(s_.shape, s_.deviation, s_.seed);
      return;
    }
    const Checkpoint c = read_checkpoint(*from);
    if (c.config != s_.canonical)
      fail("{}: was written with another config; take another \"run\" or remove it",
           printable(from->string(), 400));
    parameters_ = c.parameters;
    step_ = static_cast<std::int64_t>(c.number("step"));
    window_ = static_cast<std::int64_t>(c.number("window"));
    tokens_ = static_cast<std::int64_t>(c.number("tokens"));
    adam_->restore(static_cast<std::int64_t>(c.number("adam_steps")), c.first, c.second);
  }

  void save(const path& file) const {
    write_checkpoint(file, {.shape = s_.shape,
                            .state = {{"step", static_cast<double>(step_)},
                                      {"window", static_cast<double>(window_)},
                                      {"tokens", static_cast<double>(tokens_)},
                                      {"adam_steps", static_cast<double>(adam_->steps())}},
                            .config = s_.canonical,
                            .parameters = parameters_,
                            .first = {adam_->first().begin(), adam_->first().end()},
                            .second = {adam_->second().begin(), adam_->second().end()}});
  }

  void train_step(const Phase& phase, RunLog& log) {
    TextPieces pieces(s_.rows);
    for (std::int64_t i = 0; i < s_.windows; ++i, window_ = (window_ + 1) % train_.windows())
      pieces.add(train_.window(window_), train_.targets(window_));
    const double rate = phase.schedule.rate(tokens_);
    const NextTokenResult result = next_token_gradient(parallel_, parameters_.data(), pieces, s_.balance);
    double norm;
    try {
      if (!std::isfinite(result.loss)) fail_loss();
      norm = adam_->step(parallel_.team(), parameters_, parallel_.gradient(), rate);
    } catch (const Error& e) {
      fail("step {}: {}; the checkpoints in {} are kept", step_ + 1, e.what(),
           printable(phase.folder.string(), 400));
    }
    ++step_;
    tokens_ += pieces.rows();
    log.count(pieces.rows(), pieces.flops(s_.shape));

    if (step_ % s_.log_every == 0) {
      ordered_json line = {{"step", step_},
                           {"tokens", tokens_},
                           {"loss", result.loss},
                           {"rate", rate},
                           {"gradient_norm", norm}};
      if (s_.shape.mixture()) {
        line["imbalance"] = result.imbalance;
        line["load"] = result.load;
      }
      log.write_with_speeds(std::move(line), phase.schedule.end - tokens_);
    }
    if (step_ % s_.validate_every == 0) validate(log);
  }

  [[noreturn]] void fail_loss() const {
    const ParameterTensor* bad = first_not_finite(parallel_.layout(), parameters_);
    if (bad) fail("the loss is not finite, and neither is {}", bad->name);
    fail("the loss is not finite");
  }

  void validate(RunLog& log) {
    log.pause();
    log.write({{"step", step_},
               {"tokens", tokens_},
               {"validation_loss", next_token_loss(parallel_, parameters_.data(), validation_pieces_)}});
    log.resume();
  }

  using Clock = std::chrono::steady_clock;

  Settings s_;
  std::int32_t end_;
  TokenStream train_, validation_;
  Parallel parallel_;
  TextPieces validation_pieces_{s_.rows};
  std::vector<float> parameters_;
  std::optional<AdamW> adam_;
  std::int64_t step_ = 0, window_ = 0, tokens_ = 0;
};

}  // namespace

void pretrain(const Config& config) { Pretraining(config).run(); }

}  // namespace pith::lab
