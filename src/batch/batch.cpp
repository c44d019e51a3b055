#include "batch/batch.h"

#include <utility>
#include <vector>

namespace pith {
namespace {

// Waiting sequences for each that runs, so that one is always there when another leaves.
constexpr std::int64_t kReady = 2;
// Lines, for each sequence, by which one that takes long may hold up the others.
constexpr std::int64_t kOrderedWindow = 8;

}  // namespace

// A request in the scheduler.
struct Batch::Active {
  std::int64_t turn;  // place in the order of the input
  BatchTask task;
  std::vector<ThinkingSplitter> splitters;  // of each choice, where the model marks its reasoning
  std::vector<ChoiceText> texts;

  explicit Active(std::int64_t place, BatchTask t)
      : turn(place), task(std::move(t)), texts(static_cast<std::size_t>(task.request.choices)) {
    if (task.prompt.markers) splitters.assign(texts.size(), {task.prompt.markers, task.prompt.text});
  }

  void take(std::size_t choice, const std::vector<ThinkingSplitter::Piece>& pieces) {
    for (const ThinkingSplitter::Piece& piece : pieces)
      (piece.thinking ? texts[choice].thinking : texts[choice].answer) += piece.text;
  }
  void hear(const TokenEvent& event) {
    const auto i = static_cast<std::size_t>(event.choice);
    if (event.id >= 0 && splitters[i].thinking()) ++texts[i].thinking_tokens;
    take(i, splitters[i].push(event.text));
  }
  void finish(const Result& result) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (splitters.empty()) {
        texts[i].answer = result.choices[i].text;
      } else {
        take(i, splitters[i].finish());
      }
    }
  }
};

Batch::Batch(Scheduler& scheduler, const Prompter& prompter, BatchInput& input, const Finished& finished,
             BatchOptions options, Write write)
    : scheduler_(scheduler),
      prompter_(prompter),
      input_(input),
      finished_(finished),
      options_(std::move(options)),
      write_(std::move(write)) {
  if (options_.reasoner) generator_.emplace(scheduler_);
}

bool Batch::turn() {
  take_in();
  if (generator_ ? generator_->step() : scheduler_.step()) return true;
  return !(ended_ && open_lines_ == 0);
}

void Batch::take_in() {
  const std::int64_t parallel = scheduler_.options().parallel;
  Line line;
  while (!ended_ && open_choices_ < kReady * parallel &&
         (!options_.ordered || open_lines_ < kOrderedWindow * parallel)) {
    switch (input_.next(line, open_lines_ == 0)) {
      case LineReader::Next::Line: take(line); break;
      case LineReader::Next::NotYet: return;
      case LineReader::Next::End: ended_ = true; break;
    }
  }
}

void Batch::take(const Line& line) {
  const BatchFormat format = *input_.format();
  const RequestName name = request_name(line.text, line.number, task_id(line.text, line.number, format));
  const bool duplicate = !input_.is_file() && format != BatchFormat::Text && !seen_.insert(name.id);
  if (finished_.has(name, duplicate)) {
    ++counts_.skipped;
    return;
  }
  const std::int64_t turn = taken_++;
  ++open_lines_;
  try {
    if (line.too_long)
      throw LineError("line_too_long", fmt::format("line {}: longer than {} MiB", line.number,
                                                   LineReader::kLongestLine >> 20));
    if (duplicate)
      throw LineError(std::string(kDuplicateCode),
                      fmt::format("line {}: an earlier line has the same custom_id", line.number));
    BatchTask task = make_task(line.text, line.number, format, options_.defaults, prompter_, skipped_fields_);
    generator_ ? ask(turn, std::move(task)) : submit(turn, std::move(task));
  } catch (const LineError& e) {
    fail_line(turn, name, e);
  }
}

// Throws LineError where the scheduler does not take it.
void Batch::submit(std::int64_t turn, BatchTask task) {
  const std::int64_t room = scheduler_.context() - std::ssize(task.request.prompt);
  if (room < 0 || (room == 0 && task.request.max_tokens != 0)) {
    throw LineError("context_length_exceeded",
                    fmt::format("the prompt has {} tokens, the context is {}; --ctx sets it",
                                task.request.prompt.size(), scheduler_.context()));
  }
  const ThinkingMarkers* markers = task.prompt.markers;
  if (markers) task.request.special_text = are_special(*markers, prompter_.tokenizer());
  const auto active = std::make_shared<Active>(turn, std::move(task));
  OnToken hear;
  if (markers) hear = [active](const TokenEvent& event) { active->hear(event); };
  try {
    scheduler_.submit(
        active->task.request, [this, active](Result result) { done(*active, std::move(result)); }, hear);
  } catch (const Error& e) {
    throw LineError("invalid_request", e.what());
  }
  open_choices_ += active->task.request.choices;
}

void Batch::done(Active& active, const Result& result) {
  open_choices_ -= std::ssize(result.choices);
  for (const Choice& choice : result.choices) {
    if (choice.finish == FinishReason::Failed)
      return fail_line(active.turn, active.task.name, LineError("failed", choice.error));
  }
  active.finish(result);
  emit(active.turn, answer_line(options_.header, active.task, result, active.texts, prompter_.tokenizer()));
  ++counts_.answered;
}

// A question that a strategy works on.
struct Batch::Asked {
  std::int64_t turn;  // place in the order of the input
  BatchTask task;
  Outcome outcome;
};

// Throws LineError where the strategy cannot work as the line wants it.
void Batch::ask(std::int64_t turn, BatchTask task) {
  try {
    options_.reasoner->call.check(task.request.sampling);
  } catch (const UsageError& e) {
    throw LineError("invalid_request", e.what());
  }
  const auto asked = std::make_shared<Asked>(Asked{turn, std::move(task), {}});
  ++open_choices_;
  generator_->start(
      [this, asked] {
        asked->outcome = options_.reasoner->answer(*generator_, asked->task.question, asked->task.request);
      },
      [this, asked](const std::exception_ptr& error) { answered(*asked, error); });
}

void Batch::answered(const Asked& asked, const std::exception_ptr& error) {
  --open_choices_;
  counts_.chains += asked.outcome.cost.chains;
  counts_.cancelled_tokens += asked.outcome.cost.cancelled_tokens;
  const char* code = "failed";
  try {
    if (error) std::rethrow_exception(error);
    code = "no_answer";
    options_.reasoner->need_answer(asked.outcome);
  } catch (const UsageError& e) {
    return fail_line(asked.turn, asked.task.name, LineError("invalid_request", e.what()));
  } catch (const Error& e) {
    return fail_line(asked.turn, asked.task.name, LineError(code, e.what()));
  }
  emit(asked.turn, reasoned_line(options_.header, asked.task, asked.outcome));
  ++counts_.answered;
}

void Batch::fail_line(std::int64_t turn, const RequestName& name, const LineError& error) {
  emit(turn, error_line(name, error));
  ++counts_.failed;
}

void Batch::emit(std::int64_t turn, std::string line) {
  if (options_.ordered) {
    held_.emplace(turn, std::move(line));
    while (!held_.empty() && held_.begin()->first == written_) {
      write_(held_.begin()->second);
      held_.erase(held_.begin());
      ++written_;
      --open_lines_;
    }
  } else {
    write_(line);
    --open_lines_;
  }
}

}  // namespace pith
