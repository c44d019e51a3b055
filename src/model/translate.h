// A Hugging Face directory in GGUF's words: the same keys, tensor names and meanings, so that one reader
// serves both.
#pragma once

#include "format/huggingface.h"
#include "format/model_file.h"

namespace pith {

/// Translates config.json's keys and the tensor names by the row of its class. Tensors stay views of the
/// checkpoint; small ones whose meaning differs (norms stored without their 1) are rewritten.
/// Throws Error: an unknown class, a tensor that no pattern names, a setting that would change the result and
/// that pith does not have.
ModelFile from_huggingface(HuggingFaceDir&& directory);

}  // namespace pith
