#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "core/plan/fallback.h"
#include "core/run/program.h"

namespace oarlock {

// Calls program.run inside every device's threads and floating-point mode, and when memory has run
// out program.run_smaller.
Status run_on_devices(Runtime& runtime, Program& program, std::span<const Value> inputs,
                      std::span<Value> outputs, const RunOptions& options);

// Repeats runs that failed because of a device on those that are left. Thread-safe.
class SecondTry {
 public:
  SecondTry(std::shared_ptr<const Graph> graph, const Runtime& runtime, Fallback fallback)
      : graph_(std::move(graph)), runtime_(runtime), fallback_(fallback) {}

  // `failed` is what the run said. Devices with memory of their own are left out one after the
  // other, the most preferred first, while what fails is a device.
  Status run(Status failed, std::span<const Value> inputs, std::span<Value> outputs,
             const RunOptions& options);

 private:
  // The session without some devices, with plans of its own.
  struct Rest {
    Runtime runtime;
    std::unique_ptr<Program> program;
  };
  Rest& without(const std::vector<size_t>& left_out);

  const std::shared_ptr<const Graph> graph_;
  const Runtime& runtime_;
  const Fallback fallback_;
  std::mutex mutex_;
  std::map<size_t, std::unique_ptr<Rest>> rests_;  // by how many are left out
};

}  // namespace oarlock
