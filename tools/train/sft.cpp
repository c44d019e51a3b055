#include "train/sft.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "train/bpe/tokenizer.h"
#include "train/conversations.h"
#include "train/fine_tuning.h"
#include "train/next_token.h"
#include "train/order.h"
#include "train/token_stream.h"

namespace pith::lab {
namespace {

struct Settings : FineTuning {
  std::string train, validation, text, text_validation;
  std::int64_t examples, validation_windows;
  double text_share;

  explicit Settings(const Config& c) : FineTuning(c) {
    train = c.text("train");
    validation = c.text("validation");
    examples = c.integer("examples", 1, 1 << 20);
    validation_windows = c.integer("validation_windows", 1, 1 << 20);
    const Config replay = c.object("replay");
    text = replay.text("train");
    text_validation = replay.text("validation");
    text_share = replay.number("share", 0, 0.99);
    c.finish();
  }
};

class FineTune {
 public:
  explicit FineTune(const Config& c)
      : s_(c),
        shape_(fresh_start(s_.from).shape),
        conversations_(s_.tokenizer),
        text_(stream(s_.text)),
        train_(read_conversations(s_.train, conversations_, shape_.context)),
        parallel_(s_.parallel(shape_)),
        order_(std::ssize(train_), s_.seed) {
    for (const Example& e : read_conversations(s_.validation, conversations_, shape_.context))
      validation_.add(e.tokens, e.targets);
    const TokenStream text = stream(s_.text_validation);
    for (std::int64_t i = 0; i < std::min(s_.validation_windows, text.windows()); ++i)
      text_validation_.add(text.window(i), text.targets(i));
  }

  void run() {
    s_.learn(
        parallel_, [this](TrainingRun& run) { train_step(run); },
        [this](TrainingRun& run) { validate(run); });
  }

 private:
  TokenStream stream(const std::string& path) const {
    const auto end = conversations_.tokenizer().find(kEndOfText);
    if (!end) fail("{}: has no token {}", printable(s_.tokenizer.string(), 400), kEndOfText);
    return TokenStream(path, shape_.vocab, *end, shape_.context);
  }

  // As many windows of text as make their share of all tokens over the run, and weights that make answers and
  // text their shares of the loss.
  void train_step(TrainingRun& run) {
    const std::vector<std::int64_t> chosen = order_.take(run.step() * s_.examples, s_.examples);
    std::vector<std::int64_t> windows;
    std::int64_t answer_targets = 0, text_targets = 0;
    for (const std::int64_t i : chosen) {
      const Example& e = train_[i];
      answer_targets += std::ranges::count_if(e.targets, [](std::int32_t t) { return t >= 0; });
      run.state("answer_rows") += static_cast<double>(e.tokens.size());
    }
    while (run.state("text_rows") * (1 - s_.text_share) < run.state("answer_rows") * s_.text_share) {
      const std::int64_t window = run.count("window");
      windows.push_back(window);
      text_targets += std::ssize(text_.window(window));
      run.state("text_rows") += static_cast<double>(text_.window(window).size());
      run.state("window") = static_cast<double>((window + 1) % text_.windows());
    }
    const double text_share = windows.empty() ? 0 : s_.text_share;
    TextPieces pieces(parallel_.rows());
    for (const std::int64_t i : chosen) {
      pieces.add(train_[i].tokens, train_[i].targets,
                 static_cast<float>((1 - text_share) / static_cast<double>(answer_targets)));
    }
    for (const std::int64_t i : windows)
      pieces.add(text_.window(i), text_.targets(i),
                 static_cast<float>(text_share / static_cast<double>(text_targets)));

    const double rate = s_.schedule.rate(run.step());
    const NextTokenResult result = next_token_gradient(parallel_, run.data(), pieces, 0);
    const double norm = run.optimise(result.loss, rate);
    run.log().count(pieces.rows(), pieces.flops(shape_));
    if (run.step() % s_.log_every != 0) return;
    run.log().write_with_speeds(
        {{"step", run.step()}, {"loss", result.loss}, {"rate", rate}, {"gradient_norm", norm}}, s_.steps);
  }

  void validate(TrainingRun& run) {
    run.log().write({{"step", run.step()},
                     {"answer_validation_loss", next_token_loss(parallel_, run.data(), validation_)},
                     {"text_validation_loss", next_token_loss(parallel_, run.data(), text_validation_)}});
  }

  Settings s_;
  Shape shape_;
  Conversations conversations_;
  TokenStream text_;
  std::vector<Example> train_;
  Parallel parallel_;
  ShuffledOrder order_;
  TextPieces validation_{parallel_.rows()}, text_validation_{parallel_.rows()};
};

}  // namespace

void sft(const Config& config) { FineTune(config).run(); }

}  // namespace pith::lab
