// The machine that measurements are made on.
#pragma once

#include <string>
#include <string_view>

#include "kernels/probe.h"

namespace pith {

/// "AMD EPYC 9654 96-Core Processor"; "unknown" where the system does not say.
std::string processor_name();

/// The limits of `threads` threads with the instructions of a level. The first call measures for about a
/// second; the result is kept in the user's cache folder ($XDG_CACHE_HOME or ~/.cache) until the machine is
/// booted again. Later calls measure for a tenth of that and keep what is higher: other processes only ever
/// lower it.
MachineLimits machine_limits(int threads, std::string_view isa);

/// The limits at this moment, which a shared machine's are not always: measured for a tenth of a second.
MachineLimits present_limits(int threads, std::string_view isa);

/// The higher of each.
MachineLimits higher(const MachineLimits& a, const MachineLimits& b);

}  // namespace pith
