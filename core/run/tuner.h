#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "core/run/program.h"
#include "oarlock/session.h"

namespace oarlock {

// Measures what kernels offer as candidates, where they run: in the whole graph, whose runs with
// and without a candidate take turns, so that caches hold what they hold in earnest. One run
// measures a candidate for every kind of node. What is found goes to the devices' Tuning; the graph
// itself only, not bodies of control flow nor what follows a data-dependent shape. Where the graph
// does not run, nothing is kept: a run in earnest tells why. Thread-safe.
class Tuner {
 public:
  // The time begins now.
  Tuner(std::shared_ptr<const Graph> graph, Runtime& runtime, double seconds);

  // Before `program` plans for inputs of these types; nothing if it has, or the time is over.
  void tune(Program& program, std::span<const Value> inputs);
  // The same with inputs of zeros; nothing if there are inputs other than planned tensors.
  void tune(Program& program, std::span<const TypeInfo> inputs);

  // What was measured so far.
  std::vector<TunedChoice> report() const;

 private:
  using Clock = std::chrono::steady_clock;

  const std::shared_ptr<const Graph> graph_;
  Runtime& runtime_;
  const Clock::time_point deadline_;
  mutable std::mutex mutex_;
  std::vector<TunedChoice> report_;
};

// The setting tune: seconds; 0 when it is not given.
Result<double> tuning_seconds(const std::map<std::string, std::string>& settings);

}  // namespace oarlock
