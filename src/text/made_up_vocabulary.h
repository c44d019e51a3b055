// A tokenizer for models that were never trained.
#pragma once

#include <cstddef>

#include "format/metadata.h"

namespace pith {

/// Adds tokenizer.* keys for `size` tokens (at least 512): every byte, the printable characters, then
/// syllables and words made of them, so that any text can be read and random tokens look like one.
void add_made_up_vocabulary(Metadata& metadata, std::size_t size);

}  // namespace pith
