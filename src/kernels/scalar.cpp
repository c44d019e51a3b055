// The scalar level: the definition in plain C++ of what every other level computes.
#include "kernels/levels.h"

namespace pith {

void fill_scalar(Kernels& kernels) { kernels.isa = "scalar"; }

}  // namespace pith
