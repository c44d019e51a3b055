// The forward pass of one step.
#pragma once

#include "infer/pass.h"

namespace pith {

/// Runs all tokens of the step through the model: writes their keys and values to the cache, and ws.logits
/// [logit_rows][V]. Every thread of the team calls it.
void forward(Worker& worker, const Pass& pass);

}  // namespace pith
