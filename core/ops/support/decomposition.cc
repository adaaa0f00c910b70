#include "core/ops/support/decomposition.h"

#include <limits>

#include "core/ops/support/check.h"
#include "core/ops/support/convert.h"

namespace oarlock::ops {

ValueId Decomposition::add(std::string_view op, std::vector<ValueId> inputs, Attrs attrs) {
  return add_many(op, std::move(inputs), std::move(attrs), 1)[0];
}

std::vector<ValueId> Decomposition::add_many(std::string_view op, std::vector<ValueId> inputs,
                                             Attrs attrs, size_t outputs) {
  while (!inputs.empty() && inputs.back() == kNone) inputs.pop_back();
  return patch_.add_node(concat(node_->name, "/", op), "", op, std::move(inputs), std::move(attrs),
                         outputs);
}

ValueId Decomposition::number(double value, DType dtype) {
  Tensor scalar = Tensor::scalar(value);
  if (dtype == DType::float64) return constant(std::move(scalar));
  Result<Tensor> typed = Tensor::allocate(dtype, {});
  if (!typed.ok() || !convert(scalar, *typed).ok())
    return add("Cast", {constant(std::move(scalar))}, {{"to", static_cast<int64_t>(dtype)}});
  return constant(*std::move(typed));
}

ValueId Decomposition::integers(std::initializer_list<int64_t> values) {
  return integers(std::span<const int64_t>(values.begin(), values.size()));
}

ValueId Decomposition::integers(std::span<const int64_t> values) {
  return constant(Tensor::of(Shape{static_cast<int64_t>(values.size())}, values));
}

ValueId Decomposition::reshape(ValueId value, std::initializer_list<int64_t> shape) {
  return add("Reshape", {value, integers(shape)});
}

ValueId Decomposition::transpose(ValueId value, std::initializer_list<int64_t> perm) {
  return add("Transpose", {value}, {{"perm", std::vector<int64_t>(perm)}});
}

ValueId Decomposition::unsqueeze(ValueId value, std::initializer_list<int64_t> axes) {
  return add("Unsqueeze", {value, integers(axes)});
}

ValueId Decomposition::extent(size_t i, size_t axis) {
  if (const int64_t known = shape(i)[axis]; known != Shape::kUnknown) return integers({known});
  const auto at = static_cast<int64_t>(axis);
  return add("Shape", {input(i)}, {{"start", at}, {"end", at + 1}});
}

ValueId Decomposition::slice(ValueId value, int64_t axis, int64_t from, int64_t to) {
  return add("Slice", {value, integers({from}), integers({to}), integers({axis})});
}

ValueId Decomposition::cast(ValueId value, DType from, DType to) {
  return from == to ? value : add("Cast", {value}, {{"to", static_cast<int64_t>(to)}});
}

void Decomposition::replace(size_t i, ValueId by) {
  if (has_output(i)) patch_.replace(node_->output(i), by);
}

namespace {

bool ranks_are_known(const Graph& graph, const Node& node) {
  for (ValueId input : node.formal_inputs()) {
    if (input == kNone) continue;
    const TypeInfo& type = graph.value(input).type;
    if (!type.is_tensor() || !type.has_rank || type.dtype == DType::undefined) return false;
  }
  return true;
}

// Carries the decomposition out in a graph of its own and looks at what comes of it.
Status infer_outputs(InferContext& c, const OpDef& def) {
  Graph graph;
  Node node = c.node();
  node.def = nullptr;
  node.captures = 0;
  node.inputs.assign(c.input_count(), kNone);
  for (size_t i = 0; i < c.input_count(); ++i) {
    if (!c.has_input(i)) continue;
    const std::string name = concat("input", i);
    const Tensor* known = c.constant(i);
    node.inputs[i] = known ? graph.add_constant(name, *known) : graph.add_input(name, c.input(i));
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < c.output_count(); ++i)
    names.push_back(c.node().output(i) == kNone ? "" : concat("output", i));
  OARLOCK_ASSIGN(const NodeId id, graph.add_node(std::move(node), names));
  const std::vector<ValueId> outputs = graph.node(id).outputs;
  for (ValueId output : outputs)
    if (output != kNone) graph.add_output(output);
  OARLOCK_ASSIGN(std::optional<Patch> patch, def.decompose(graph, id));
  if (!patch) return {};
  OARLOCK_TRY(graph.apply(*std::move(patch), OpRegistry::core()).status());
  size_t next = 0;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i] != kNone) c.set_output(i, graph.value(graph.outputs()[next++]).type);
  return {};
}

}  // namespace

OpDef function_op(OpDef def, Check check, Decompose decompose, Check types) {
  def.decompose = [decompose = std::move(decompose)](const Graph& graph,
                                                     NodeId node) -> Result<std::optional<Patch>> {
    if (!ranks_are_known(graph, graph.node(node))) return std::nullopt;
    Decomposition d(graph, node);
    OARLOCK_ASSIGN(const bool done, decompose(d));
    if (!done) return std::nullopt;
    return d.finish();
  };
  def.infer = [check = std::move(check), types = std::move(types),
               bare = OpDef{.decompose = def.decompose}](InferContext& c) -> Status {
    OARLOCK_TRY(expect_tensors(c));
    if (check) OARLOCK_TRY(check(c));
    return types ? types(c) : infer_outputs(c, bare);
  };
  return def;
}

}  // namespace oarlock::ops
