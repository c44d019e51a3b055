// The machine that measurements are made on.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "kernels/probe.h"

namespace pith {

/// "AMD EPYC 9654 96-Core Processor"; "unknown" where the system does not say.
std::string processor_name();

/// What `threads` threads reach with the instructions of a level. The first call measures for about a second;
/// the result is kept in the user's cache folder ($XDG_CACHE_HOME or ~/.cache) until the machine is booted
/// again. Later calls measure for a tenth of that: `best` is the highest of all, `usual` the median of the
/// latest nine, so that a moment in which neighbours were silent or busy changes little.
MachineSpeed machine_speed(int threads, std::string_view isa);

/// The best at this moment, which on a shared machine is not always the same: measured for a tenth of a
/// second.
MachineLimits present_limits(int threads, std::string_view isa);

/// Of each limit the highest, the mean. `all` must not be empty.
MachineLimits highest(std::span<const MachineLimits> all);
MachineLimits mean(std::span<const MachineLimits> all);

}  // namespace pith
