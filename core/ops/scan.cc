// ONNX Scan (25).
#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/merge_types.h"
#include "core/ops/support/stack.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

// Inputs: states, then scanned tensors. Outputs: states, then stacked tensors. The body takes
// states and one element of each scanned tensor, and gives states and elements to stack.
struct Counts {
  size_t states, scanned, stacked;
};

Result<Counts> counts_of(const Attrs& attrs, size_t inputs, size_t outputs) {
  const int64_t scanned = attrs.integer("num_scan_inputs");
  if (scanned < 1 || scanned > static_cast<int64_t>(inputs)) {
    return invalid("num_scan_inputs is ", scanned, ", expected 1 to ", inputs);
  }
  const size_t states = inputs - static_cast<size_t>(scanned);
  if (outputs < states) return invalid("expected ", states, " outputs or more for the states");
  return Counts{states, static_cast<size_t>(scanned), outputs - states};
}

// Entry i of a list attribute that may be absent.
Result<int64_t> entry(const Attrs& attrs, std::string_view name, size_t i, size_t count) {
  const std::vector<int64_t>& list = attrs.integers(name);
  if (list.empty()) return 0;
  if (list.size() != count) {
    return invalid(name, " has ", list.size(), " entries, expected ", count);
  }
  return list[i];
}

Status infer_scan(InferContext& c) {
  OARLOCK_ASSIGN(const Counts counts, counts_of(c.attrs(), c.input_count(), c.output_count()));
  std::vector<TypeInfo> types;
  for (size_t i = 0; i < counts.states; ++i) types.push_back(c.input(i));
  int64_t length = Shape::kUnknown;
  for (size_t i = 0; i < counts.scanned; ++i) {
    OARLOCK_TRY(check_tensor(c, counts.states + i));
    Shape shape = c.shape(counts.states + i);
    OARLOCK_ASSIGN(const int64_t given, entry(c.attrs(), "scan_input_axes", i, counts.scanned));
    OARLOCK_ASSIGN(const size_t axis, resolve_axis(given, shape.rank()));
    if (length != Shape::kUnknown && shape[axis] != Shape::kUnknown && shape[axis] != length) {
      return invalid("scanned input ", i, " has ", shape[axis], " elements, others ", length);
    }
    if (length == Shape::kUnknown) length = shape[axis];
    shape.erase(axis);
    types.push_back(TypeInfo::tensor(c.dtype(counts.states + i), std::move(shape)));
  }
  OARLOCK_ASSIGN(std::vector<TypeInfo> results, c.infer_graph("body", types));
  if (results.size() != c.output_count()) {
    return invalid("the body has ", results.size(), " outputs, the node ", c.output_count());
  }
  bool stable = true;
  for (size_t i = 0; i < counts.states; ++i) {
    TypeInfo merged = merge_types(types[i], results[i]);
    stable = stable && merged == types[i];
    types[i] = std::move(merged);
  }
  if (!stable) {
    OARLOCK_ASSIGN(results, c.infer_graph("body", types));
  }
  for (size_t i = 0; i < counts.states; ++i) c.set_output(i, types[i]);
  for (size_t i = 0; i < counts.stacked; ++i) {
    TypeInfo& type = results[counts.states + i];
    type.dim_names.clear();
    if (type.has_rank) {
      OARLOCK_ASSIGN(const int64_t given, entry(c.attrs(), "scan_output_axes", i, counts.stacked));
      OARLOCK_ASSIGN(const size_t axis, resolve_axis(given, type.shape.rank() + 1));
      type.shape.insert(axis, length);
    }
    c.set_output(counts.states + i, std::move(type));
  }
  return {};
}

struct Scanned {
  const Tensor* tensor;
  size_t axis;
  bool backward;
};

Result<std::vector<Scanned>> scanned_inputs(RunContext& c, const Counts& counts) {
  std::vector<Scanned> inputs;
  for (size_t i = 0; i < counts.scanned; ++i) {
    if (!c.input_value(counts.states + i).is_tensor()) {
      return invalid("scanned input ", i, " is not a tensor");
    }
    const Tensor& x = c.input(counts.states + i);
    OARLOCK_ASSIGN(const int64_t given, entry(c.attrs(), "scan_input_axes", i, counts.scanned));
    OARLOCK_ASSIGN(const int64_t backward,
                   entry(c.attrs(), "scan_input_directions", i, counts.scanned));
    OARLOCK_ASSIGN(const size_t axis, resolve_axis(given, x.shape().rank()));
    inputs.push_back({&x, axis, backward != 0});
    if (x.shape()[axis] != inputs[0].tensor->shape()[inputs[0].axis]) {
      return invalid("scanned input ", i, " differs in length from input 0");
    }
  }
  return inputs;
}

Status run_scan(RunContext& c) {
  OARLOCK_ASSIGN(const Counts counts, counts_of(c.attrs(), c.input_count(), c.output_count()));
  OARLOCK_ASSIGN(const std::vector<Scanned> scanned, scanned_inputs(c, counts));
  const int64_t length = scanned[0].tensor->shape()[scanned[0].axis];
  const GraphPtr body = c.attrs().graph("body");
  if (body->outputs().size() != c.output_count()) {
    return invalid("the body has ", body->outputs().size(), " outputs, the node ",
                   c.output_count());
  }
  std::vector<Value> state(counts.states + counts.scanned);
  for (size_t i = 0; i < counts.states; ++i) state[i] = c.input_value(i);
  std::vector<std::vector<Tensor>> stacks(counts.stacked);
  for (int64_t k = 0; k < length; ++k) {
    if (c.cancelled()) return Status(Code::cancelled, "cancelled");
    for (size_t i = 0; i < scanned.size(); ++i) {
      const Scanned& input = scanned[i];
      OARLOCK_ASSIGN(Tensor slice,
                     slice_at(*input.tensor, input.axis, input.backward ? length - 1 - k : k));
      state[counts.states + i] = std::move(slice);
    }
    OARLOCK_ASSIGN(std::vector<Value> results, c.run_graph("body", state));
    for (size_t i = 0; i < counts.states; ++i) state[i] = std::move(results[i]);
    for (size_t i = 0; i < counts.stacked; ++i) {
      Value& result = results[counts.states + i];
      if (!result.is_tensor())
        return invalid("the body's output ", counts.states + i, " is not a tensor");
      stacks[i].push_back(std::move(result.tensor()));
    }
  }
  for (size_t i = 0; i < counts.stacked; ++i) {
    const size_t output = counts.states + i;
    OARLOCK_ASSIGN(const int64_t axis, entry(c.attrs(), "scan_output_axes", i, counts.stacked));
    OARLOCK_ASSIGN(const int64_t backward,
                   entry(c.attrs(), "scan_output_directions", i, counts.stacked));
    if (backward != 0) std::ranges::reverse(stacks[i]);
    if (!c.has_output(output)) continue;
    TypeInfo declared;
    if (length == 0) declared = type_without_run(*body, output, state);
    OARLOCK_TRY(set_stacked(c, output, stacks[i], axis, declared));
  }
  for (size_t i = 0; i < counts.states; ++i) {
    if (c.has_output(i)) OARLOCK_TRY(c.set_output(i, std::move(state[i])));
  }
  return {};
}

}  // namespace

std::span<const OpDef> scan_ops() {
  static const OpDef defs[] = {{.name = "Scan",
                                .since_version = 25,
                                .attrs = {AttrDef::must("body", AttrKind::graph),
                                          AttrDef::must("num_scan_inputs", AttrKind::integer),
                                          {"scan_input_axes", AttrKind::integers},
                                          {"scan_input_directions", AttrKind::integers},
                                          {"scan_output_axes", AttrKind::integers},
                                          {"scan_output_directions", AttrKind::integers}},
                                .inputs = {1, Arity::kMany},
                                .outputs = {1, Arity::kMany},
                                .infer = infer_scan,
                                .reference = run_scan}};
  return defs;
}

}  // namespace oarlock::ops
