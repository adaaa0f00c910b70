#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace oarlock::cpu {

// Processors this process may use: its affinity, limited by the quota of its control groups
// (versions 1 and 2); at least 1.
int available_threads();

// Processors that a quota allows, rounded up; empty for no limit or text of another form.
// "200000 100000" as in cpu.max: quota and period in microseconds, "max" for none.
std::optional<int> threads_of_quota(std::string_view cpu_max);

// The smallest quota along the control groups named in `cgroup_file` (/proc/self/cgroup) below the
// mount point `root` (/sys/fs/cgroup).
std::optional<int> control_group_threads(const std::string& cgroup_file, const std::string& root);

}  // namespace oarlock::cpu
