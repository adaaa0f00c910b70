#include "core/run/second_try.h"

#include <algorithm>
#include <utility>

namespace oarlock {

namespace {

// One reference is all the inner callable holds: larger ones would be allocated.
Status enter(Runtime& runtime, size_t device, const std::function<Status()>& body) {
  if (device == runtime.devices.size()) return body();
  const auto inner = [&] { return enter(runtime, device + 1, body); };
  return runtime.devices[device].device->enter(std::ref(inner));
}

bool is_of_a_device(const Status& status) {
  return status.code() == Code::unavailable || status.code() == Code::out_of_memory;
}

}  // namespace

Status run_on_devices(Runtime& runtime, Program& program, std::span<const Value> inputs,
                      std::span<Value> outputs, const RunOptions& options) {
  RunState state{options};
  auto body = [&program, inputs, outputs, &state] { return program.run(inputs, outputs, state); };
  Status status = enter(runtime, 0, std::ref(body));
  if (status.code() != Code::out_of_memory) return status;
  auto smaller = [&program, inputs, outputs, &state] {
    return program.run_smaller(inputs, outputs, state);
  };
  status = enter(runtime, 0, std::ref(smaller));
  return status.ok() ? status : status.within("with a plan for little memory");
}

SecondTry::Rest& SecondTry::without(const std::vector<size_t>& left_out) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Rest>& rest = rests_[left_out.size()];
  if (rest == nullptr) {
    rest = std::make_unique<Rest>();
    for (size_t d = 0; d < runtime_.devices.size(); ++d)
      if (std::find(left_out.begin(), left_out.end(), d) == left_out.end())
        rest->runtime.devices.devices.push_back(runtime_.devices[d]);
    rest->runtime.devices.ops = runtime_.devices.ops;
    rest->runtime.cached_plans = runtime_.cached_plans;
    rest->runtime.plan_options = runtime_.plan_options;
    rest->program = std::make_unique<Program>(graph_, rest->runtime);
  }
  return *rest;
}

Status SecondTry::run(Status failed, std::span<const Value> inputs, std::span<Value> outputs,
                      const RunOptions& options) {
  if (fallback_ == Fallback::off) return failed;
  std::vector<size_t> left_out;
  for (size_t d = 0; d < runtime_.devices.size() && is_of_a_device(failed); ++d) {
    const DeviceInfo& info = runtime_.devices[d].info();
    if (info.memory == "host") continue;
    warn(fallback_, concat("the run is repeated without ", info.name, ": ", failed.message()));
    left_out.push_back(d);
    Rest& rest = without(left_out);
    failed = run_on_devices(rest.runtime, *rest.program, inputs, outputs, options);
  }
  return failed;
}

}  // namespace oarlock
