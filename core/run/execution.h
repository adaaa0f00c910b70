#pragma once

#include "core/run/instance.h"
#include "core/run/program.h"

namespace oarlock {

// One run of one plan.
class Execution {
 public:
  Execution(Runtime& runtime, Program::Entry& entry, Instance& instance, RunState& state)
      : runtime_(runtime), entry_(entry), plan_(*entry.plan), instance_(instance), state_(state) {}

  Status run(std::span<const Value> inputs, std::span<Value> outputs);

 private:
  Status prepare_output(size_t own, Value& output);
  Status run_step(size_t index);
  Status call(size_t index);
  Status copy_between_devices(const Step& step, const KernelArgs& args);
  Status wait_for_producers(const Step& step);
  Status observe(const Step& step, size_t index);

  double now_us() const;

  Runtime& runtime_;
  Program::Entry& entry_;
  const Plan& plan_;
  Instance& instance_;
  RunState& state_;
};

}  // namespace oarlock
