// A batch at work: lines come in as the scheduler has room for them, and go out as they are answered.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "batch/answer_line.h"
#include "batch/finished.h"
#include "batch/input.h"
#include "batch/task.h"
#include "generate/scheduler.h"
#include "reason/strategy.h"

namespace pith {

struct BatchOptions {
  BatchDefaults defaults;
  AnswerHeader header;
  bool ordered = false;                ///< out in the order of the input
  const Reasoner* reasoner = nullptr;  ///< where a strategy answers the lines
};

struct BatchCounts {
  std::int64_t answered = 0, failed = 0;  ///< lines that were written
  std::int64_t skipped = 0;               ///< lines that the output had
  std::int64_t chains = 0;                ///< where a strategy answers: texts asked of the model
  std::int64_t cancelled_tokens = 0;      ///< and what it generated for nothing
  std::int64_t requests() const { return answered + failed + skipped; }
};

class Batch {
 public:
  /// Gets every finished line, whole. What it throws ends the batch.
  using Write = std::function<void(std::string_view line)>;

  /// `finished`: what the output has already. All but the options must outlive it, and the reasoner too.
  Batch(Scheduler& scheduler, const Prompter& prompter, BatchInput& input, const Finished& finished,
        BatchOptions options, Write write);

  /// Takes in what there is room for and does one step; waits for a pipe only where nothing else is to do.
  /// False where all lines have been written. Throws Error.
  bool turn();

  const BatchCounts& counts() const { return counts_; }
  const SkippedFields& skipped_fields() const { return skipped_fields_; }
  /// Lines taken in that are not written yet: never more than a few times the scheduler's sequences.
  std::int64_t open_lines() const { return open_lines_; }

 private:
  struct Active;
  void take_in();
  void take(const Line& line);
  void submit(std::int64_t turn, BatchTask task);
  void done(Active& active, const Result& result);
  struct Asked;
  void ask(std::int64_t turn, BatchTask task);
  void answered(const Asked& asked, const std::exception_ptr& error);
  void fail_line(std::int64_t turn, const RequestName& name, const LineError& error);
  void emit(std::int64_t turn, std::string line);

  Scheduler& scheduler_;
  const Prompter& prompter_;
  BatchInput& input_;
  const Finished& finished_;
  BatchOptions options_;
  Write write_;

  IdSet seen_;  // of a stream
  SkippedFields skipped_fields_;
  BatchCounts counts_;
  bool ended_ = false;  // the input
  std::int64_t open_lines_ = 0;
  std::int64_t open_choices_ = 0;             // in the scheduler; of a strategy one
  std::int64_t taken_ = 0, written_ = 0;      // turns
  std::map<std::int64_t, std::string> held_;  // where ordered: finished before their turn
  std::optional<Generator> generator_;        // where a strategy answers; ends before all of the above
};

}  // namespace pith
