// Counts what a piece of code allocates at most at once, sanitizers or not. It replaces the global operator
// new, so exactly one file of a test program may include it.
#pragma once

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace pith::test {

inline std::atomic<std::size_t> allocated_now{0};
inline std::atomic<std::size_t> allocated_peak{0};

/// The most bytes that `f` held at one time beyond what was held before.
template <class F>
std::size_t allocation_peak(F&& f) {
  const std::size_t before = allocated_now;
  allocated_peak = before;
  f();
  return allocated_peak - before;
}

}  // namespace pith::test

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  void* p = std::malloc(size);
  if (p == nullptr) return p;
  const std::size_t now = pith::test::allocated_now += malloc_usable_size(p);
  std::size_t peak = pith::test::allocated_peak;
  while (now > peak && !pith::test::allocated_peak.compare_exchange_weak(peak, now)) {
  }
  return p;
}
void* operator new(std::size_t size) {
  void* p = operator new(size, std::nothrow);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t& t) noexcept { return operator new(size, t); }
void operator delete(void* p) noexcept {
  pith::test::allocated_now -= malloc_usable_size(p);
  std::free(p);
}
void operator delete[](void* p) noexcept { operator delete(p); }
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }
void operator delete[](void* p, std::size_t) noexcept { operator delete(p); }
