#include "reason/generator.h"

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.h"

namespace pith {

struct Generator::Chain {
  Request request;
  std::uint64_t id = 0;  // of the scheduler; 0: not submitted yet
  bool cancelled = false;
  std::optional<Result> result;
  std::exception_ptr error;
};

struct Generator::State {
  struct Running {
    std::thread thread;
    std::function<void(std::exception_ptr)> done;
    std::exception_ptr error;
    bool ended = false;
  };

  std::mutex mutex;                         // over everything here
  std::condition_variable asked;            // for the scheduler's thread
  std::condition_variable answered;         // for the strategies
  std::deque<Ticket> submitted, cancelled;  // not seen by the scheduler yet
  std::list<Running> running;               // strategies
  bool stopping = false;

  void settle(const Ticket& chain, std::optional<Result> result, std::exception_ptr error) {
    const std::scoped_lock lock(mutex);
    chain->result = std::move(result);
    chain->error = error;
    answered.notify_all();
  }
};

Generator::Generator(Scheduler& scheduler) : scheduler_(scheduler), state_(std::make_shared<State>()) {}

Generator::~Generator() {
  cancel_all();
  for (State::Running& r : state_->running) r.thread.join();
}

void Generator::start(std::function<void()> strategy, std::function<void(std::exception_ptr)> done) {
  std::list<State::Running> one(1);
  State::Running& self = one.front();
  self.done = std::move(done);
  self.thread = std::thread([this, &self, strategy = std::move(strategy)] {
    std::exception_ptr error;
    try {
      strategy();
    } catch (...) {
      error = std::current_exception();
    }
    const std::scoped_lock ending(state_->mutex);
    self.error = error;
    self.ended = true;
    state_->asked.notify_one();
  });
  const std::scoped_lock lock(state_->mutex);
  state_->running.splice(state_->running.end(), one);
}

bool Generator::step() {
  State& s = *state_;
  std::deque<Ticket> submitted, cancelled;
  std::list<State::Running> ended;
  {
    const std::scoped_lock lock(s.mutex);
    submitted.swap(s.submitted);
    cancelled.swap(s.cancelled);
    for (auto it = s.running.begin(); it != s.running.end();) {
      const auto next = std::next(it);
      if (it->ended) ended.splice(ended.end(), s.running, it);
      it = next;
    }
  }
  for (const Ticket& chain : submitted) {
    try {
      chain->id = scheduler_.submit(std::move(chain->request), [state = state_, chain](Result r) {
        state->settle(chain, std::move(r), nullptr);
      });
    } catch (...) {
      s.settle(chain, std::nullopt, std::current_exception());
    }
  }
  for (const Ticket& chain : cancelled) scheduler_.cancel(chain->id);
  for (State::Running& strategy : ended) strategy.thread.join();
  for (State::Running& strategy : ended) {
    if (strategy.done) strategy.done(strategy.error);
  }
  if (scheduler_.step()) return true;

  std::unique_lock lock(s.mutex);
  const auto news = [&] {
    if (!s.submitted.empty() || !s.cancelled.empty()) return true;
    for (const State::Running& r : s.running)
      if (r.ended) return true;
    return s.running.empty();
  };
  s.asked.wait(lock, news);
  return !s.running.empty() || !s.submitted.empty();
}

void Generator::cancel_all() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
    state_->answered.notify_all();
  }
  scheduler_.cancel_all();
}

std::vector<Generator::Ticket> Generator::submit(std::vector<Request> requests) {
  std::vector<Ticket> tickets;
  for (Request& request : requests) {
    tickets.push_back(std::make_shared<Chain>());
    tickets.back()->request = std::move(request);
  }
  const std::scoped_lock lock(state_->mutex);
  if (state_->stopping) throw Interrupted{};
  state_->submitted.insert(state_->submitted.end(), tickets.begin(), tickets.end());
  state_->asked.notify_one();
  return tickets;
}

const Result& Generator::wait(const Ticket& ticket) {
  std::unique_lock lock(state_->mutex);
  state_->answered.wait(lock, [&] { return ticket->result || ticket->error || state_->stopping; });
  if (state_->stopping) throw Interrupted{};
  if (ticket->error) std::rethrow_exception(ticket->error);
  for (const Choice& choice : ticket->result->choices) {
    if (choice.finish == FinishReason::Failed) throw Error(choice.error);
  }
  return *ticket->result;
}

void Generator::cancel(const Ticket& ticket) {
  const std::scoped_lock lock(state_->mutex);
  if (ticket->result || ticket->error || std::exchange(ticket->cancelled, true)) return;
  state_->cancelled.push_back(ticket);
  state_->asked.notify_one();
}

}  // namespace pith
