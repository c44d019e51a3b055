// Choosing the level: what the processor has, or what PITH_ISA asks for.
#include "kernels/kernels.h"

#include <cstdlib>
#include <string>

#include "base/error.h"
#include "kernels/levels.h"

#if PITH_X86_64
#include <cpuid.h>
#endif

namespace pith {

#if PITH_X86_64

namespace {

// In a virtual machine each CPUID is a trip to its host, of many microseconds: as few as can be.
Processor ask_processor() {
  unsigned a, b, c, d;
  if (__get_cpuid_max(0, nullptr) < 7) return {};
  __cpuid(1, a, b, c, d);
  const auto bit = [](unsigned word, int i) { return (word >> i & 1u) != 0; };
  constexpr int kFma = 12, kOsxsave = 27, kAvx = 28, kF16c = 29;
  if (!bit(c, kOsxsave) || !bit(c, kAvx)) return {};
  const bool fma_f16c = bit(c, kFma) && bit(c, kF16c);

  // XCR0 says which registers the system saves: 1-2 XMM and YMM, 5-7 opmask, ZMM 0-15 and ZMM 16-31.
  unsigned xcr0, xcr0_high;
  __asm__("xgetbv" : "=a"(xcr0), "=d"(xcr0_high) : "c"(0));
  const bool saves_ymm = (xcr0 & 0x06u) == 0x06u;
  const bool saves_zmm = (xcr0 & 0xe6u) == 0xe6u;

  __cpuid_count(7, 0, a, b, c, d);
  const unsigned last_part_of_7 = a;
  const bool avx2_bmi2 = bit(b, 5) && bit(b, 8);
  const bool f_dq_cd_bw_vl = bit(b, 16) && bit(b, 17) && bit(b, 28) && bit(b, 30) && bit(b, 31);
  const bool vbmi_vbmi2_vnni = bit(c, 1) && bit(c, 6) && bit(c, 11);

  Processor found{};
  found.avx2 = saves_ymm && fma_f16c && avx2_bmi2;
  found.avx512 = found.avx2 && saves_zmm && f_dq_cd_bw_vl && vbmi_vbmi2_vnni;
  if (found.avx512 && last_part_of_7 >= 1) {
    __cpuid_count(7, 1, a, b, c, d);
    found.avx512_bf16 = bit(a, 5);
  }
  return found;
}

}  // namespace

Processor processor() {
  static const Processor found = ask_processor();
  return found;
}

#else

Processor processor() { return {}; }

#endif

namespace {

/// The levels that this processor has, lowest first.
struct Levels {
  std::array<Kernels, 3> tables{};
  int count = 0;

  Levels() {
    add(fill_scalar);
#if PITH_X86_64
    const Processor has = processor();
    if (has.avx2) add(fill_avx2);
    if (has.avx512) add(fill_avx512);
#endif
  }
  void add(void (*fill)(Kernels&)) {
    if (count > 0) tables[count] = tables[count - 1];
    fill(tables[count++]);
  }
};

const Levels& levels() {
  static const Levels all;
  return all;
}

const Kernels& choose() {
  const char* wanted = std::getenv("PITH_ISA");
  if (wanted == nullptr || *wanted == '\0') return levels().tables[levels().count - 1];
  if (const Kernels* found = kernels_at(wanted)) return *found;
  std::string here;
  for (int i = 0; i < levels().count; ++i) {
    if (i > 0) here += ", ";
    here += levels().tables[i].isa;
  }
  fail_usage("PITH_ISA={}: this processor and this build have {}", printable(wanted), here);
}

}  // namespace

const Kernels* kernels_at(std::string_view isa) {
  for (int i = 0; i < levels().count; ++i) {
    if (levels().tables[i].isa == isa) return &levels().tables[i];
  }
  return nullptr;
}

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace pith
