#include "core/run/execution.h"

#include "core/run/step_context.h"

namespace oarlock {

double Execution::now_us() const {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - state_.start)
      .count();
}

// A planned output needs memory before the run: the caller's if it fits.
Status Execution::prepare_output(size_t own, Value& output) {
  const ValueId id = plan_.graph.outputs()[own];
  const TypeInfo& type = plan_.graph.value(id).type;
  if (plan_.values[id].kind == Storage::Kind::dynamic) return {};
  if (output.is_tensor() && output.tensor().dtype() == type.dtype &&
      output.tensor().shape() == type.shape && output.tensor().data() != nullptr)
    return {};
  OARLOCK_ASSIGN(output, Tensor::allocate(type.dtype, type.shape));
  return {};
}

Status Execution::run(std::span<const Value> inputs, std::span<Value> outputs) {
  const size_t own_count = plan_.graph.outputs().size();
  const bool whole = plan_.rest == nullptr;
  // The usual plan computes exactly the program's outputs; otherwise its own are kept aside.
  std::vector<Value> aside;
  if (!whole) {
    aside.resize(own_count);
    for (size_t i = 0; i < plan_.outputs.size(); ++i)
      if (plan_.outputs[i] >= 0) aside[plan_.outputs[i]] = std::move(outputs[i]);
  }
  const std::span<Value> own = whole ? outputs : std::span<Value>(aside);
  for (size_t i = 0; i < own_count; ++i) OARLOCK_TRY(prepare_output(i, own[i]));
  OARLOCK_TRY(instance_.bind(inputs, own));
  for (size_t i = 0; i < plan_.steps.size(); ++i) {
    if (state_.cancelled()) return Status(Code::cancelled, "the run was cancelled");
    OARLOCK_TRY(run_step(i));
  }
  for (size_t i = 0; i < own_count; ++i) {
    const ValueId id = plan_.graph.outputs()[i];
    if (plan_.values[id].kind != Storage::Kind::dynamic) continue;
    OARLOCK_ASSIGN(own[i], owned(instance_.value(id)));
  }
  if (whole) return {};
  std::vector<Value> rest_outputs(plan_.rest_outputs.size());
  for (size_t i = 0; i < rest_outputs.size(); ++i)
    rest_outputs[i] = std::move(outputs[plan_.rest_outputs[i]]);
  OARLOCK_TRY(entry_.rest->run(own.subspan(plan_.rest_begin), rest_outputs, state_));
  for (size_t i = 0; i < rest_outputs.size(); ++i)
    outputs[plan_.rest_outputs[i]] = std::move(rest_outputs[i]);
  for (size_t i = 0; i < plan_.outputs.size(); ++i)
    if (plan_.outputs[i] >= 0) outputs[i] = std::move(own[plan_.outputs[i]]);
  return {};
}

Status Execution::run_step(size_t index) {
  const Step& step = plan_.steps[index];
  const bool profiled = static_cast<bool>(state_.options.profile);
  const double start = profiled ? now_us() : 0;
  if (Status status = call(index); !status.ok()) {
    if (status.code() == Code::cancelled) return status;
    return status.within(concat(describe(plan_.graph.node(step.node)), " on ",
                                runtime_.devices[step.device].info().name, " (", step.kernel_name,
                                ")"));
  }
  if (profiled) {
    Device& device = *runtime_.devices[step.device].device;
    OARLOCK_ASSIGN(const Event done, device.record());
    OARLOCK_TRY(device.wait(done));
    const Node& node = plan_.graph.node(step.node);
    const StepRecord record{
        node.name.c_str(), node.op.c_str(), runtime_.devices[step.device].info().name.c_str(),
        step.kernel_name,  start,           now_us(),
        step.bytes,        step.flops};
    state_.options.profile(record);
  }
  if (state_.options.observe) return observe(step, index);
  return {};
}

// Queues of other devices must have finished what this step reads.
Status Execution::wait_for_producers(const Step& step) {
  for (int from : step.wait_for) {
    Device& device = *runtime_.devices[from].device;
    OARLOCK_ASSIGN(const Event event, device.record());
    OARLOCK_TRY(device.wait(event));
  }
  return {};
}

Status Execution::call(size_t index) {
  const Step& step = plan_.steps[index];
  if (!step.wait_for.empty()) OARLOCK_TRY(wait_for_producers(step));
  const KernelArgs args = instance_.args(index);
  if (step.kernel != nullptr) return step.kernel->run(args);
  if (step.is_copy && args.inputs[0] && args.outputs[0] && args.inputs[0].buffer->host() == nullptr)
    return copy_between_devices(step, args);
  if (step.is_copy && args.outputs[0] && args.outputs[0].buffer->host() == nullptr)
    return copy_between_devices(step, args);
  const Node& node = plan_.graph.node(step.node);
  if (node.def == nullptr || !node.def->reference)
    return unsupported("no reference implementation");
  StepContext context(plan_, step, instance_, entry_, state_);
  return node.def->reference(context);
}

Status Execution::copy_between_devices(const Step& step, const KernelArgs& args) {
  const TensorRef &from = args.inputs[0], &to = args.outputs[0];
  const size_t bytes = storage_bytes(*from.desc).value_or(0);
  if (from.buffer->host() != nullptr)
    return runtime_.devices[step.device].device->write(to, {from.data(), bytes});
  const Node* producer = plan_.graph.producer(step.inputs[0].value);
  Device& source = *runtime_.devices[producer == nullptr ? step.device : producer->device].device;
  if (to.buffer->host() != nullptr) return source.read(from, {to.data(), bytes});
  OARLOCK_ASSIGN(Tensor staging,
                 Tensor::allocate(DType::uint8, Shape{static_cast<int64_t>(bytes)}));
  OARLOCK_TRY(source.read(from, {staging.mutable_data(), bytes}));
  return runtime_.devices[step.device].device->write(to, {staging.data(), bytes});
}

}  // namespace oarlock
