#include "core/run/step_context.h"

#include <cstring>

namespace oarlock {

Result<Value> owned(const Value& value) {
  if (value.empty()) return Value();
  if (value.is_tensor()) {
    if (value.tensor().owns_memory()) return value;
    OARLOCK_ASSIGN(Tensor copy, value.tensor().clone());
    return Value(std::move(copy));
  }
  if (value.is_map()) {
    OARLOCK_ASSIGN(Value keys, owned(value.map().keys));
    OARLOCK_ASSIGN(Value values, owned(value.map().values));
    return Value::map_of(std::move(keys.tensor()), std::move(values.tensor()));
  }
  Sequence copies;
  for (const Value& element : value.sequence()) {
    OARLOCK_ASSIGN(Value copy, owned(element));
    copies.push_back(std::move(copy));
  }
  return Value(std::move(copies));
}

Result<Tensor*> StepContext::output(size_t i, DType dtype, const Shape& shape) {
  const ValueId id = node().output(i);
  if (id == kNone) {
    OARLOCK_ASSIGN(scratch_[i], Tensor::allocate(dtype, shape));
    return &scratch_[i];
  }
  Value& value = instance_.value(id);
  if (is_dynamic(id)) {
    OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(dtype, shape));
    value = std::move(tensor);
    return &value.tensor();
  }
  if (plan_.values[id].kind == Storage::Kind::none || !value.is_tensor()) {
    OARLOCK_ASSIGN(scratch_[i], Tensor::allocate(dtype, shape));
    return &scratch_[i];
  }
  Tensor& tensor = value.tensor();
  if (tensor.dtype() != dtype || tensor.shape() != shape)
    return internal_error("output ", i, " was planned as ", tensor, " but comes as ", dtype, shape);
  return &tensor;
}

Status StepContext::set_output(size_t i, Value value) {
  const ValueId id = node().output(i);
  if (id == kNone) return {};
  if (is_dynamic(id)) {
    OARLOCK_ASSIGN(instance_.value(id), owned(value));
    return {};
  }
  if (!value.is_tensor()) return internal_error("output ", i, " was planned as a tensor");
  const Tensor& from = value.tensor();
  OARLOCK_ASSIGN(Tensor * to, output(i, from.dtype(), from.shape()));
  if (from.bytes() > 0 && from.data() != to->data())
    std::memmove(to->mutable_data(), from.data(), from.bytes());
  return {};
}

Result<std::vector<Value>> StepContext::run_graph(std::string_view name,
                                                  std::span<const Value> inputs) {
  const auto body = entry_.bodies.find({step_.node, std::string(name)});
  if (body == entry_.bodies.end()) return invalid("the graph attribute '", name, "' is missing");
  constexpr int kMaxDepth = 64;
  if (state_.depth >= kMaxDepth)
    return invalid("subgraphs are nested more than ", kMaxDepth, " deep");
  std::vector<Value> all(inputs.begin(), inputs.end());
  const Node& n = node();
  for (size_t i = n.inputs.size() - n.captures; i < n.inputs.size(); ++i)
    all.push_back(n.inputs[i] == kNone ? Value() : instance_.value(n.inputs[i]));
  std::vector<Value> outputs(n.attrs.graph(name)->outputs().size());
  ++state_.depth;
  Status status = body->second->run(all, outputs, state_);
  --state_.depth;
  if (!status.ok()) return status.within(concat("graph '", name, "'"));
  return outputs;
}

}  // namespace oarlock
