// What the files of every vector level share. Everything here has internal linkage: what is compiled for a
// level must not be linked into code that runs elsewhere.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

// Kernels keep whole arrays in registers, which takes inlining and complete unrolling.
#define PITH_INLINE static inline __attribute__((always_inline))
#define PITH_METHOD inline __attribute__((always_inline))
#if defined(__clang__)
#define PITH_UNROLL _Pragma("unroll")
#else
#define PITH_UNROLL _Pragma("GCC unroll 16")
#endif

namespace pith {
namespace {

using Bytes = const std::uint8_t*;

template <class T>
PITH_INLINE T load_as(const void* p) {
  T value;
  __builtin_memcpy(&value, p, sizeof value);
  return value;
}
template <class T>
PITH_INLINE void store_as(void* p, T value) {
  __builtin_memcpy(p, &value, sizeof value);
}

PITH_INLINE float half_at(const void* p) { return _cvtsh_ss(load_as<std::uint16_t>(p)); }
/// Stores x rounded to half and returns what was stored.
PITH_INLINE float store_half(void* p, float x) {
  const auto half = static_cast<std::uint16_t>(_cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT));
  store_as(p, half);
  return _cvtsh_ss(half);
}

/// The first address at or after p that is a multiple of 64.
PITH_INLINE void* align64(void* p) {
  return static_cast<char*>(p) + (64 - reinterpret_cast<std::uintptr_t>(p) % 64) % 64;
}

/// The entry of a table array without std::array's members: those would be emitted here as weak symbols.
template <class Entry, class Array, class Index>
PITH_INLINE Entry& entry(Array& array, Index index) {
  static_assert(sizeof(Array) % sizeof(Entry) == 0);
  return reinterpret_cast<Entry*>(&array)[static_cast<unsigned>(index)];
}

}  // namespace
}  // namespace pith
