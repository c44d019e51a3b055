// How many threads to compute with, from what the system says about processors and quotas.
#pragma once

#include <filesystem>
#include <span>

#include "base/team.h"

namespace pith {

/// The choice for a process that may run on the logical processors `affinity`, on the system whose /sys and
/// /proc lie under `root`. Files that are missing or make no sense are skipped: without any, every logical
/// processor counts as a core.
///
/// - Cores: hyper-threads share one (topology/thread_siblings_list, or physical_package_id and core_id). A
///   kernel that keeps the vector units or the memory busy gains nothing from a second thread there.
/// - Hybrid processors: only the fast cores count, since a step ends when its slowest thread does. They are
///   named by /sys/devices/cpu_core/cpus (Intel), else found by cpu_capacity or the highest frequency.
/// - Quota: cpu.max (cgroup v2) or cpu.cfs_quota_us (v1) of this process's group and of all groups above.
ThreadChoice choose_threads(const std::filesystem::path& root, std::span<const int> affinity);

}  // namespace pith
