#include "core/run/instance.h"

#include <algorithm>

namespace oarlock {

namespace {

std::span<std::byte> memory_of(const Tensor& tensor) {
  return {const_cast<std::byte*>(tensor.data()), tensor.bytes()};
}

}  // namespace

Result<std::unique_ptr<Instance>> Instance::make(const Plan& plan, const DeviceTable& devices) {
  std::unique_ptr<Instance> instance(new Instance(plan));
  instance->arenas_.resize(devices.size());
  for (size_t d = 0; d < devices.size(); ++d) {
    if (plan.arena_bytes[d] == 0) continue;
    Result<BufferPtr> arena = devices[d].device->allocate({plan.arena_bytes[d], nullptr});
    if (!arena.ok())
      return arena.status().within(
          concat("arena of ", plan.arena_bytes[d], " bytes on ", devices[d].info().name));
    instance->arenas_[d] = *std::move(arena);
  }
  for (const ImageSlot& slot : plan.images) {
    Result<BufferPtr> image = devices[slot.device].device->allocate({0, &slot.desc});
    if (!image.ok())
      return image.status().within(
          concat("image of ", slot.bytes(), " bytes on ", devices[slot.device].info().name));
    instance->images_.push_back(*std::move(image));
  }
  instance->inputs_.resize(plan.graph.inputs().size());
  instance->outputs_.resize(plan.graph.outputs().size());
  for (ValueId id = 0; id < static_cast<ValueId>(plan.values.size()); ++id)
    if (plan.values[id].kind == Storage::Kind::constant && !plan.constants.contains(id))
      instance->constants_[id].point_to(memory_of(*plan.graph.constant(plan.values[id].root)));
  OARLOCK_TRY(instance->bind_views());
  for (const Step& step : plan.steps) {
    StepRefs refs;
    for (const Operand& o : step.inputs) refs.inputs.push_back(instance->ref(o.value, &o.desc));
    for (const Operand& o : step.outputs) refs.outputs.push_back(instance->ref(o.value, &o.desc));
    if (step.workspace > 0)
      refs.workspace = {instance->arenas_[step.workspace_arena].get(), step.workspace_offset,
                        nullptr};
    instance->steps_.push_back(std::move(refs));
  }
  instance->share_upcoming();
  return instance;
}

// Shows constants to the last step before them that reads ahead.
void Instance::share_upcoming() {
  constexpr size_t kMostBytes = 512 * 1024;
  size_t reader = steps_.size(), room = 0;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = plan_.steps[i];
    for (size_t k = 0; k < step.inputs.size() && reader < steps_.size(); ++k) {
      const ValueId id = step.inputs[k].value;
      const TensorRef& ref = steps_[i].inputs[k];
      if (id == kNone || plan_.values[id].kind != Storage::Kind::constant || !ref ||
          ref.buffer->host() == nullptr || step.device != plan_.steps[reader].device)
        continue;
      const size_t bytes = std::min(storage_bytes(*ref.desc).value_or(0), room);
      if (bytes > 0) steps_[reader].upcoming.push_back({ref.data(), bytes});
      room -= bytes;
    }
    if (!step.reads_ahead) continue;
    reader = i;
    room = kMostBytes;
  }
}

TensorRef Instance::ref(ValueId id, const TensorDesc* desc) const {
  if (id == kNone) return {};
  const Storage& storage = plan_.values[id];
  switch (storage.kind) {
    case Storage::Kind::arena:
      return {arenas_[storage.index].get(), storage.offset, desc};
    case Storage::Kind::image:
      return {images_[storage.index].get(), 0, desc};
    case Storage::Kind::input:
      return {const_cast<HostView*>(&inputs_[storage.index]), storage.offset, desc};
    case Storage::Kind::output:
      return {const_cast<HostView*>(&outputs_[storage.index]), storage.offset, desc};
    case Storage::Kind::constant: {
      if (const auto placed = plan_.constants.find(storage.root); placed != plan_.constants.end())
        return {placed->second->buffer.get(), storage.offset, desc};
      return {const_cast<HostView*>(&constants_.at(id)), storage.offset, desc};
    }
    case Storage::Kind::none:
    case Storage::Kind::dynamic:
      return {};
  }
  return {};
}

KernelArgs Instance::args(size_t step) const {
  const StepRefs& refs = steps_[step];
  const size_t formal = plan_.graph.node(plan_.steps[step].node).formal_inputs().size();
  return {{refs.inputs.data(), formal}, refs.outputs, refs.workspace, refs.upcoming};
}

// Views through which reference implementations and subgraphs see planned memory of the host.
Status Instance::bind_views() {
  values_.resize(plan_.values.size());
  for (ValueId id = 0; id < static_cast<ValueId>(plan_.values.size()); ++id) {
    switch (plan_.values[id].kind) {
      case Storage::Kind::input:
      case Storage::Kind::output:
        external_.push_back(id);
        break;
      case Storage::Kind::dynamic:
        dynamic_.push_back(id);
        break;
      case Storage::Kind::none:
      case Storage::Kind::image:
        break;
      case Storage::Kind::constant:
        if (const Tensor* constant = plan_.graph.constant(id);
            constant != nullptr && !plan_.constants.contains(id))
          values_[id] = *constant;
        else
          OARLOCK_TRY(make_view(id));
        break;
      case Storage::Kind::arena:
        OARLOCK_TRY(make_view(id));
        break;
    }
  }
  return {};
}

Status Instance::make_view(ValueId id) {
  const TypeInfo& type = plan_.graph.value(id).type;
  const TensorRef memory = ref(id, nullptr);
  if (!is_planned(type) || memory.buffer == nullptr || memory.buffer->host() == nullptr) return {};
  // Values in other layouts than row-major are never read through their view.
  const size_t bytes = storage_bytes(type.dtype, *type.shape.elements()).value_or(0);
  OARLOCK_ASSIGN(values_[id], Tensor::view(type.dtype, type.shape, memory.data(), bytes));
  return {};
}

Status Instance::bind(std::span<const Value> inputs, std::span<Value> outputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ValueId id = plan_.graph.inputs()[i];
    if (plan_.values[id].kind == Storage::Kind::dynamic)
      values_[id] = inputs[i];
    else
      inputs_[i].point_to(memory_of(inputs[i].tensor()));
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].is_tensor() &&
        plan_.values[plan_.graph.outputs()[i]].kind != Storage::Kind::dynamic)
      outputs_[i].point_to(memory_of(outputs[i].tensor()));
  for (ValueId id : external_) OARLOCK_TRY(make_view(id));
  return {};
}

void Instance::unbind() {
  for (ValueId id : dynamic_) values_[id] = Value();
  for (ValueId id : external_) values_[id] = Value();
}

}  // namespace oarlock
