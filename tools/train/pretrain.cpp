#include "train/pretrain.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "text/tokenizer.h"
#include "train/bpe/tokenizer.h"
#include "train/model_file.h"
#include "train/next_token.h"
#include "train/schedule.h"
#include "train/token_stream.h"
#include "train/training_run.h"

namespace pith::lab {
namespace {

using nlohmann::ordered_json;
using std::filesystem::path;

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
    TrainingRun run({phase.folder, s_.canonical, s_.adam, s_.checkpoint_minutes}, parallel_,
                    [&] { return phase.start.empty() ? from_nothing() : read_checkpoint(phase.start); });
    while (run.count("tokens") < phase.schedule.end) {
      train_step(phase, run);
      for (const std::int64_t at : phase.branches) {
        if (run.count("tokens") >= at && !std::filesystem::exists(branch_path(at))) run.save(branch_path(at));
      }
      run.checkpoint_if_due();
    }
    const double loss = validate(run);
    run.finish();
    write_point(phase, run, loss);
    write_model_file(result, s_.shape, run.parameters(), {.name = s_.name, .tokenizer = s_.tokenizer});
  }

  // A line for the fit of a scaling law (pith plan fit).
  void write_point(const Phase& phase, TrainingRun& run, double loss) const {
    const Layout& layout = parallel_.layout();
    const std::string text =
        fmt::format("name,params,total_params,tokens,flops,loss\n{},{},{},{},{:.6g},{:.6f}\n",
                    phase.folder.filename().string(), layout.active_non_embedding(s_.shape),
                    layout.non_embedding(), run.count("tokens"), run.state("flops"), loss);
    write_file_atomically(phase.folder / "point.csv", std::as_bytes(std::span<const char>(text)));
  }

  Checkpoint from_nothing() const {
    const auto size = static_cast<std::size_t>(parallel_.layout().size);
    return {.shape = s_.shape,
            .parameters = initial_parameters(s_.shape, s_.deviation, s_.seed),
            .first = std::vector<float>(size),
            .second = std::vector<float>(size)};
  }

  void train_step(const Phase& phase, TrainingRun& run) {
    TextPieces pieces(s_.rows);
    for (std::int64_t i = 0; i < s_.windows; ++i) {
      const std::int64_t window = run.count("window");
      pieces.add(train_.window(window), train_.targets(window));
      run.state("window") = static_cast<double>((window + 1) % train_.windows());
    }
    const double rate = phase.schedule.rate(run.count("tokens"));
    const NextTokenResult result = next_token_gradient(parallel_, run.data(), pieces, s_.balance);
    const double norm = run.optimise(result.loss, rate);
    run.state("tokens") += static_cast<double>(pieces.rows());
    run.state("flops") += pieces.flops(s_.shape);
    run.log().count(pieces.rows(), pieces.flops(s_.shape));

    if (run.step() % s_.log_every == 0) {
      ordered_json line = {{"step", run.step()},
                           {"tokens", run.count("tokens")},
                           {"loss", result.loss},
                           {"rate", rate},
                           {"gradient_norm", norm}};
      if (s_.shape.mixture()) {
        line["imbalance"] = result.imbalance;
        line["load"] = result.load;
      }
      const std::int64_t left = phase.schedule.end - run.count("tokens");
      run.log().write_with_speeds(std::move(line), run.step() + left / pieces.rows());
    }
    if (run.step() % s_.validate_every == 0) validate(run);
  }

  double validate(TrainingRun& run) {
    double loss = 0;
    run.log().aside([&] {
      loss = next_token_loss(parallel_, run.data(), validation_pieces_);
      run.log().write({{"step", run.step()}, {"tokens", run.count("tokens")}, {"validation_loss", loss}});
    });
    return loss;
  }

  Settings s_;
  std::int32_t end_;
  TokenStream train_, validation_;
  Parallel parallel_;
  TextPieces validation_pieces_{s_.rows};
};

}  // namespace

void pretrain(const Config& config) { Pretraining(config).run(); }

}  // namespace pith::lab
