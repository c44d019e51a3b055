// Large blocks of memory, and how much of it this process can have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace pith {

/// Zero-filled memory that costs nothing until it is touched. Throws Error where the address space is
/// exhausted.
class LazyMemory {
 public:
  LazyMemory() = default;
  explicit LazyMemory(std::size_t bytes);
  LazyMemory(LazyMemory&& other) noexcept;
  LazyMemory& operator=(LazyMemory&& other) noexcept;
  ~LazyMemory();

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Bytes this process can still allocate without swapping or being killed: what the machine has available,
/// and what the limit of its control group (v1 or v2, and those above it) leaves. The page cache counts as
/// available.
std::uint64_t available_memory();

/// The most bytes of memory (pages of mapped files included) that this process has held since its start, or
/// since reset_peak_memory(); 0 where the system does not say.
std::uint64_t peak_memory();
/// The peak is what is held now. A system that refuses leaves it as it was.
void reset_peak_memory();

}  // namespace pith
