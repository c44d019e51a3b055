// Which level of the row operations this machine runs: the engine's choice, PITH_ISA included.
#include "kernels/kernels.h"
#include "train/net/ops.h"

namespace pith::lab {

extern const Ops<float> float_ops_scalar, float_ops_avx2, float_ops_avx512;
extern const Ops<double> double_ops_scalar, double_ops_avx2, double_ops_avx512;

template <>
const Ops<float>& ops<float>() {
#if PITH_X86_64
  if (kernels().isa == "avx512") return float_ops_avx512;
  if (kernels().isa == "avx2") return float_ops_avx2;
#endif
  return float_ops_scalar;
}

template <>
const Ops<double>& ops<double>() {
#if PITH_X86_64
  if (kernels().isa == "avx512") return double_ops_avx512;
  if (kernels().isa == "avx2") return double_ops_avx2;
#endif
  return double_ops_scalar;
}

}  // namespace pith::lab
