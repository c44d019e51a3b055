// Supervised fine-tuning: conversations, with the loss on the answers alone, and pre-training text between
// them so that less is forgotten.
#pragma once

#include "train/commands.h"

namespace pith::lab {

/// Keys of FineTuning, and: train, validation (conversations, JSONL), examples (of a step), replay {train,
/// validation (token streams), share (of the loss)}, validation_windows. Logs the validation loss of answers
/// and of pre-training text, both before the first step too.
void sft(const Config& config);

}  // namespace pith::lab
