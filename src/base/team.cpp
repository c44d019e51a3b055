#include "base/team.h"

#include <algorithm>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pith {
namespace {

// Long enough to bridge the gap between two matrices of a step (a few microseconds), short enough that a
// thread whose partner was descheduled gives its core away within a fraction of a scheduler tick.
constexpr int kSpins = 2000;

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until `value` is no longer `old`: spins first, then parks in the kernel.
template <class T>
void wait_change(const std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    relax();
  }
  while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

}  // namespace

// Each atomic has a cache line of its own: they are written by all threads at different moments.
struct Team::State {
  alignas(64) std::atomic<std::int64_t> next{0};    // of the current loop: first item nobody has claimed
  alignas(64) std::atomic<int> arrived{0};          // at the current barrier
  alignas(64) std::atomic<std::uint32_t> phase{0};  // barriers passed
  alignas(64) std::atomic<std::uint32_t> step{0};   // steps started; the parked threads wait for it
  alignas(64) std::atomic<int> running{0};          // helpers still inside the step
  int threads = 1;
  void (*call)(void*, Worker&) = nullptr;
  void* body = nullptr;
  bool stop = false;
  std::vector<std::thread> helpers;
};

Team::Team(int threads) : size_(std::max(1, threads)), state_(std::make_unique<State>()) {}

void Team::start_helpers() {
  State& s = *state_;
  while (std::ssize(s.helpers) < size_ - 1) {
    s.helpers.emplace_back([&s, index = static_cast<int>(s.helpers.size()) + 1] {
      for (std::uint32_t seen = 0;;) {
        wait_change(s.step, seen);
        seen = s.step.load(std::memory_order_acquire);
        if (s.stop) return;
        if (index < s.threads) {
          Worker worker(s, index, s.threads);
          worker.phase_ = s.phase.load(std::memory_order_acquire);
          s.call(s.body, worker);
        }
        if (s.running.fetch_sub(1, std::memory_order_acq_rel) == 1) s.running.notify_one();
      }
    });
  }
}

Team::~Team() {
  state_->stop = true;
  state_->step.fetch_add(1, std::memory_order_release);
  state_->step.notify_all();
  for (std::thread& t : state_->helpers) t.join();
}

void Team::run_erased(int threads, void (*call)(void*, Worker&), void* body) {
  State& s = *state_;
  s.threads = std::clamp(threads, 1, size_);
  Worker worker(s, 0, s.threads);
  worker.phase_ = s.phase.load(std::memory_order_relaxed);
  if (s.threads == 1) return call(body, worker);
  start_helpers();
  s.call = call;
  s.body = body;
  s.running.store(size_ - 1, std::memory_order_relaxed);
  s.step.fetch_add(1, std::memory_order_release);
  s.step.notify_all();
  call(body, worker);
  // Helpers that take no part still have to be seen: they read `threads` of this step.
  for (int left; (left = s.running.load(std::memory_order_acquire)) != 0;) wait_change(s.running, left);
}

std::int64_t Worker::claim(std::int64_t count) {
  return state_.next.fetch_add(count, std::memory_order_relaxed);
}

void Worker::barrier() {
  if (count_ == 1) {
    state_.next.store(0, std::memory_order_relaxed);
    return;
  }
  const std::uint32_t phase = phase_++;
  if (state_.arrived.fetch_add(1, std::memory_order_acq_rel) == count_ - 1) {
    // Everybody is here, so nobody claims: the counters can start again.
    state_.arrived.store(0, std::memory_order_relaxed);
    state_.next.store(0, std::memory_order_relaxed);
    state_.phase.store(phase + 1, std::memory_order_release);
    state_.phase.notify_all();
  } else {
    wait_change(state_.phase, phase);
  }
}

}  // namespace pith
