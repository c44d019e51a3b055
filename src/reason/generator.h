// Where strategies get text from. A strategy is a plain function on a thread of its own that asks for text
// and waits for it; one thread feeds the scheduler with what all of them ask, so that they share its batches.
//
// What a strategy gets does not depend on the others (see generate/scheduler.h), nor on who comes first.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <vector>

#include "generate/scheduler.h"

namespace pith {

/// Thrown out of the calls of a strategy after Generator::cancel_all().
struct Interrupted {};

class Generator {
 public:
  struct Chain;  ///< one request on its way
  using Ticket = std::shared_ptr<Chain>;

  explicit Generator(Scheduler& scheduler);
  /// Ends what still runs, as cancel_all() does.
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  // --- for the thread that owns the scheduler ---

  /// Starts a strategy. `done` is called within step() when it has returned, with what it threw or null.
  void start(std::function<void()> strategy, std::function<void(std::exception_ptr)> done);
  /// Some progress: a step of the scheduler, or a strategy that went on. False where nothing runs any more.
  bool step();
  /// Every strategy ends soon, by Interrupted.
  void cancel_all();

  // --- for strategies ---

  /// Queues requests in this order and returns at once.
  std::vector<Ticket> submit(std::vector<Request> requests);
  /// The answer, once it is there. Throws what Scheduler::submit() threw, and Error where the answer failed.
  /// A chain that was cancelled gives what there was.
  const Result& wait(const Ticket& ticket);
  void cancel(const Ticket& ticket);

  const Scheduler& scheduler() const { return scheduler_; }

 private:
  struct State;
  Scheduler& scheduler_;
  std::shared_ptr<State> state_;  // chains outlive the generator where the scheduler still knows them
};

}  // namespace pith
