#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/plan/plan.h"
#include "oarlock/session.h"

namespace oarlock {

// What all programs of a session share.
struct Runtime {
  DeviceTable devices;
  ConstantCache constants;
  size_t cached_plans = 8;
  PlanOptions plan_options;
};

// One run, as its programs and steps see it.
struct RunState {
  const RunOptions& options;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  int depth = 0;

  bool cancelled() const {
    return options.cancel != nullptr && options.cancel->load(std::memory_order_relaxed);
  }
};

class Instance;

// A graph and its plans for the latest input types: the main graph of a session, the body of a
// control-flow operator, or what follows a data-dependent shape. Thread-safe.
class Program {
 public:
  // `small`: with plans that need little memory. In a trial, which must outlive it, plans of the
  // graph itself are made as that asks.
  Program(std::shared_ptr<const Graph> graph, Runtime& runtime, bool small = false,
          Trial* trial = nullptr);
  ~Program();

  // Fills every output: in place if it holds a tensor of the right type that owns its memory or
  // was given by the application, else with a new one.
  Status run(std::span<const Value> inputs, std::span<Value> outputs, RunState& state);
  // The same after memory has run out: without the plans of other input types, with a plan that
  // needs less memory. It stays for later runs if this one succeeds.
  Status run_smaller(std::span<const Value> inputs, std::span<Value> outputs, RunState& state);

  // Smaller if memory is short.
  Result<std::shared_ptr<const Plan>> plan_for(std::span<const TypeInfo> inputs);
  bool has_plan_for(std::span<const TypeInfo> inputs);
  // The plan used last; null when there is none yet.
  std::shared_ptr<const Plan> latest_plan();

 private:
  // A plan with memory to run it in, and the programs its steps call.
  struct Entry {
    std::shared_ptr<const Plan> plan;
    bool small = false;
    std::map<std::pair<NodeId, std::string>, std::unique_ptr<Program>> bodies;
    std::unique_ptr<Program> rest;
    std::mutex mutex;  // of idle
    std::vector<std::unique_ptr<Instance>> idle;
  };
  friend class StepContext;
  friend class Execution;

  std::shared_ptr<Entry> find(std::span<const Value> inputs);
  std::shared_ptr<const Plan> find_plan(std::span<const TypeInfo> inputs);
  Result<std::shared_ptr<Entry>> make(std::span<const TypeInfo> inputs, bool small);
  Status run(Entry& entry, std::span<const Value> inputs, std::span<Value> outputs,
             RunState& state);
  void drop(const std::shared_ptr<Entry>& entry);
  Result<std::unique_ptr<Instance>> acquire(Entry& entry);
  void release(Entry& entry, std::unique_ptr<Instance> instance);

  std::shared_ptr<const Graph> graph_;
  Runtime& runtime_;
  const bool small_;
  Trial* const trial_;
  std::mutex mutex_;                             // of entries_
  std::mutex planning_mutex_;                    // one plan at a time
  std::vector<std::shared_ptr<Entry>> entries_;  // latest used first
};

// The type a value has at run time.
TypeInfo type_of(const Value& value);

}  // namespace oarlock
