#include "backends/cpu/available_threads.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace oarlock::cpu {

namespace {

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

int affinity_threads() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
#endif
  return static_cast<int>(std::thread::hardware_concurrency());
}

std::optional<int> quota_of(const std::string& folder) {
  if (const auto line = first_line(folder + "/cpu.max")) return threads_of_quota(*line);
  const auto quota = first_line(folder + "/cpu.cfs_quota_us");
  const auto period = first_line(folder + "/cpu.cfs_period_us");
  if (quota && period) return threads_of_quota(*quota + " " + *period);
  return std::nullopt;
}

}  // namespace

std::optional<int> threads_of_quota(std::string_view cpu_max) {
  int64_t quota = 0, period = 0;
  const char* end = cpu_max.data() + cpu_max.size();
  const auto first = std::from_chars(cpu_max.data(), end, quota);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, period);
  if (second.ec != std::errc() || quota <= 0 || period <= 0) return std::nullopt;
  const int64_t threads = quota / period + (quota % period != 0 ? 1 : 0);
  return static_cast<int>(std::min<int64_t>(threads, 1 << 20));
}

std::optional<int> control_group_threads(const std::string& cgroup_file, const std::string& root) {
  std::optional<int> least;
  const auto limit = [&](const std::string& folder) {
    if (const auto threads = quota_of(folder)) least = std::min(least.value_or(*threads), *threads);
  };
  limit(root);
  limit(root + "/cpu");
  std::ifstream file(cgroup_file);
  for (std::string line; std::getline(file, line);) {
    // "0::/path", or "4:cpu,cpuacct:/path".
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool cpu =
        controllers.empty() || ("," + controllers + ",").find(",cpu,") != std::string::npos;
    if (!cpu) continue;
    std::string path = line.substr(second + 1);
    const std::string base = controllers.empty() ? root : root + "/" + controllers;
    while (path.size() > 1) {
      limit(base + path);
      const size_t slash = path.rfind('/');
      path.resize(slash == std::string::npos ? 0 : slash);
    }
  }
  return least;
}

int available_threads() {
  int threads = affinity_threads();
  if (const auto quota = control_group_threads("/proc/self/cgroup", "/sys/fs/cgroup")) {
    threads = std::min(threads, *quota);
  }
  return std::max(threads, 1);
}

}  // namespace oarlock::cpu
