// The scalar level: the definition, in plain C++, of what every other level computes.
#include "kernels/scalar.h"

#include "kernels/levels.h"

namespace pith {

void fill_scalar(Kernels& kernels) {
  kernels.isa = "scalar";
  scalar::fill_codecs(kernels);
  scalar::fill_matmul(kernels);
  scalar::fill_rows(kernels);
  scalar::fill_attention(kernels);
}

}  // namespace pith
