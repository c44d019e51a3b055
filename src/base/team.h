// A team of threads that works through one step together.
//
// A step is one parallel region: every thread runs the same code and meets the others at the end of each
// loop. Work inside a loop is claimed in fixed chunks as threads come free, so a thread that loses its core
// for a while delays nobody by more than a chunk; which thread does a chunk never changes a result.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace pith {

class Worker;

class Team {
 public:
  /// `threads` >= 1 counts the calling thread. The others are created by the first step that wants more than
  /// one, and parked between steps: a tiny model never starts them.
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return size_; }

  /// Runs body(Worker&) on the first `threads` threads (clamped to 1..size()); returns when all are done.
  /// `body` must not throw. Throws std::system_error where the system gives no more threads.
  template <class F>
  void run(int threads, F&& body) {
    run_erased(
        threads, [](void* f, Worker& w) { (*static_cast<std::remove_reference_t<F>*>(f))(w); },
        std::addressof(body));
  }

 private:
  friend class Worker;
  struct State;
  void start_helpers();
  void run_erased(int threads, void (*call)(void*, Worker&), void* body);

  int size_;
  std::unique_ptr<State> state_;
};

/// A thread's place in the running step.
class Worker {
 public:
  int index() const { return index_; }
  int count() const { return count_; }

  /// Waits until every thread of the step is here. What was written before is visible after.
  void barrier();

  /// Calls body(begin, end) for chunks that together cover [0, n); returns when all of them are done, by
  /// whichever thread. `chunk` >= 1.
  template <class F>
  void parallel_for(std::int64_t n, std::int64_t chunk, F&& body) {
    for (std::int64_t begin; (begin = claim(chunk)) < n;) body(begin, begin + chunk < n ? begin + chunk : n);
    barrier();
  }

 private:
  friend class Team;
  Worker(Team::State& state, int index, int count) : state_(state), index_(index), count_(count) {}
  std::int64_t claim(std::int64_t count);

  Team::State& state_;
  int index_, count_;
  std::uint32_t phase_ = 0;
};

/// How many threads this process should compute with, and why: physical cores of the affinity mask (of a
/// hybrid processor the fast ones), bounded by the cgroup's CPU quota rounded down, at least 1.
struct ThreadChoice {
  int threads;
  std::string reason;  ///< for --verbose: "2 physical cores in the affinity mask"
};
ThreadChoice default_threads();

}  // namespace pith
