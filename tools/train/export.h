// From a checkpoint to a model file.
#pragma once

#include "train/commands.h"

namespace pith::lab {

/// Keys: checkpoint (or the folder of a run), out (path), tokenizer, name (of the model), type ("F32", "Q8_0"
/// or another type of pith quantize), reward (whether the scalar head goes along).
void export_model(const Config& config);

}  // namespace pith::lab
