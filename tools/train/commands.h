// The steps of the lab, one function each. A step reads its settings, ends that with Config::finish(), and
// works in the current folder: paths in a config are relative to the run's folder.
#pragma once

#include "train/config.h"

namespace pith::lab {

/// What one step is called with.
using Command = void (*)(const Config&);

}  // namespace pith::lab
