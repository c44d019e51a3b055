// From a row and a file's numbers to a Spec.
#pragma once

#include "format/model_file.h"
#include "model/archs.h"
#include "model/spec.h"

namespace pith {

/// Reads what the row needs from the file's metadata (keys "<arch>.…", as GGUF names them) and from the
/// rope_freqs tensor where there is one. Throws Error: a missing or malformed key, sizes that do not fit each
/// other.
Spec read_spec(const Arch& arch, const ModelFile& file);

/// RoPE frequencies with their scaling, from metadata keys below `prefix` ("<arch>.rope").
/// Linear: Chen et al. 2023, arXiv:2306.15595. YaRN: Peng et al. 2023, arXiv:2309.00071.
/// `truncate`: whether YaRN's ramp begins and ends at whole pairs, where no key says.
/// `factors` (null, or [dims / 2]) divide: how the Llama 3 scaling and LongRoPE are stored.
RopeSpec read_rope(const Metadata& metadata, const std::string& prefix, double base, int dims, bool halves,
                   const float* factors, bool truncate = true);

}  // namespace pith
