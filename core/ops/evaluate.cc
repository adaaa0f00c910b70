#include "core/ops/evaluate.h"

#include <algorithm>
#include <new>

#include "core/ops/support/merge_types.h"

namespace oarlock {

namespace {

class EvaluateContext final : public RunContext {
 public:
  EvaluateContext(const Node& node, std::span<const Value> inputs, const OpRegistry& ops)
      : node_(node), inputs_(inputs), ops_(ops), outputs_(node.outputs.size()) {}

  const Node& node() const override { return node_; }
  size_t input_count() const override { return node_.formal_inputs().size(); }
  bool has_input(size_t i) const override { return node_.input(i) != kNone; }
  const Value& input_value(size_t i) const override { return inputs_[i]; }
  size_t output_count() const override { return outputs_.size(); }
  bool has_output(size_t i) const override { return node_.output(i) != kNone; }

  Result<Tensor*> output(size_t i, DType dtype, const Shape& shape) override {
    if (i >= outputs_.size()) {
      outputs_.resize(i + 1);
    }
    OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(dtype, shape));
    outputs_[i] = std::move(tensor);
    return &outputs_[i].tensor();
  }

  Status set_output(size_t i, Value value) override {
    if (i < outputs_.size()) outputs_[i] = std::move(value);
    return {};
  }

  Result<std::vector<Value>> run_graph(std::string_view name,
                                       std::span<const Value> inputs) override {
    const GraphPtr body = attrs().graph(name);
    if (body == nullptr) return invalid("the graph attribute '", name, "' is missing");
    std::vector<Value> all(inputs.begin(), inputs.end());
    all.insert(all.end(), inputs_.end() - node_.captures, inputs_.end());
    return evaluate(*body, all, ops_);
  }

  bool cancelled() const override { return false; }
  std::vector<Value> take() { return std::move(outputs_); }

 private:
  const Node& node_;
  std::span<const Value> inputs_;
  const OpRegistry& ops_;
  std::vector<Value> outputs_;
};

TypeInfo type_of(const Value& value) {
  if (value.is_tensor()) return TypeInfo::tensor(value.tensor().dtype(), value.tensor().shape());
  if (value.empty()) return TypeInfo::optional_of({});
  if (value.is_map()) return TypeInfo::map_of(value.map().keys.dtype(), value.map().values.dtype());
  TypeInfo element;
  for (size_t i = 0; i < value.sequence().size(); ++i) {
    const TypeInfo next = type_of(value.sequence()[i]);
    element = i == 0 ? next : ops::merge_types(element, next);
  }
  return TypeInfo::sequence_of(std::move(element));
}

// Shape inference with everything known: refuses what reference() must not see.
class CheckContext final : public InferContext {
 public:
  CheckContext(const Node& node, std::span<const Value> inputs) : node_(node), inputs_(inputs) {
    for (const Value& input : inputs) types_.push_back(type_of(input));
  }

  const Node& node() const override { return node_; }
  size_t input_count() const override { return node_.formal_inputs().size(); }
  bool has_input(size_t i) const override { return node_.input(i) != kNone; }
  const TypeInfo& input(size_t i) const override {
    static const TypeInfo omitted;
    return has_input(i) ? types_[i] : omitted;
  }
  const Tensor* constant(size_t i) const override {
    return has_input(i) && inputs_[i].is_tensor() ? &inputs_[i].tensor() : nullptr;
  }
  size_t output_count() const override { return node_.outputs.size(); }
  void set_output(size_t, TypeInfo) override {}
  Result<std::vector<TypeInfo>> infer_graph(std::string_view, std::span<const TypeInfo>) override {
    return unsupported("graphs are checked as they run");
  }

 private:
  const Node& node_;
  std::span<const Value> inputs_;
  std::vector<TypeInfo> types_;
};

// Nodes with graphs are left to their reference implementations.
Status check_inputs(const Node& node, std::span<const Value> inputs) {
  if (!node.def->infer || inputs.size() != node.inputs.size()) return {};
  for (const auto& [name, value] : node.attrs.entries()) {
    const auto kind = static_cast<AttrKind>(value.index());
    if (kind == AttrKind::graph || kind == AttrKind::graphs) return {};
  }
  CheckContext context(node, inputs);
  return node.def->infer(context);
}

// An operator defined by others: its decomposition is evaluated in a graph of its own.
Result<std::vector<Value>> evaluate_decomposed(const Node& node, std::span<const Value> inputs,
                                               const OpRegistry& ops) {
  Graph graph;
  Node copy = node;
  std::vector<Value> given;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNone) continue;
    const std::string name = concat("input", i);
    if (inputs[i].is_tensor()) {
      // Constants, so that a decomposition may look at contents.
      copy.inputs[i] = graph.add_constant(name, inputs[i].tensor());
    } else {
      copy.inputs[i] = graph.add_input(name, {});
      given.push_back(inputs[i]);
    }
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < node.outputs.size(); ++i)
    names.push_back(node.outputs[i] == kNone ? "" : concat("output", i));
  OARLOCK_ASSIGN(const NodeId id, graph.add_node(std::move(copy), names));
  for (ValueId output : graph.node(id).outputs)
    if (output != kNone) graph.add_output(output);
  OARLOCK_TRY(resolve_node(graph, id, ops));
  OARLOCK_TRY(infer_node(graph, id));
  OARLOCK_ASSIGN(std::optional<Patch> patch, node.def->decompose(graph, id));
  if (!patch) return unsupported("cannot be decomposed for these inputs");
  OARLOCK_TRY(graph.apply(*std::move(patch), ops).status());
  OARLOCK_ASSIGN(std::vector<Value> some, evaluate(graph, given, ops));
  std::vector<Value> all;
  size_t next = 0;
  for (ValueId output : node.outputs)
    all.push_back(output == kNone ? Value() : std::move(some[next++]));
  return all;
}

}  // namespace

Result<std::vector<Value>> evaluate_node(const Node& node, std::span<const Value> inputs,
                                         const OpRegistry& ops) {
  if (node.def == nullptr) return unsupported(describe(node), ": no such operator in this build");
  Result<std::vector<Value>> outputs = std::vector<Value>();
  try {
    if (Status fit = check_inputs(node, inputs); !fit.ok()) {
      outputs = fit;
    } else if (node.def->reference) {
      EvaluateContext context(node, inputs, ops);
      Status status = node.def->reference(context);
      outputs = status.ok() ? Result<std::vector<Value>>(context.take()) : status;
    } else if (node.def->decompose) {
      outputs = evaluate_decomposed(node, inputs, ops);
    } else {
      outputs = unsupported("has no reference implementation");
    }
  } catch (const std::bad_alloc&) {
    outputs = out_of_memory("not enough memory");
  }
  if (!outputs.ok()) return outputs.status().within(describe(node));
  outputs->resize(node.outputs.size());
  return outputs;
}

Result<std::vector<Value>> evaluate(const Graph& graph, std::span<const Value> inputs,
                                    const OpRegistry& ops) {
  if (inputs.size() != graph.inputs().size())
    return invalid("graph '", graph.name, "' takes ", graph.inputs().size(), " inputs, given are ",
                   inputs.size());
  std::vector<Value> values(graph.value_count());
  std::vector<size_t> uses(graph.value_count());
  for (ValueId id = 0; id < static_cast<ValueId>(values.size()); ++id) {
    if (const Tensor* constant = graph.constant(id)) values[id] = *constant;
    uses[id] = graph.use_count(id);
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].empty()) values[graph.inputs()[i]] = inputs[i];
  OARLOCK_ASSIGN(const std::vector<NodeId> order, graph.order());
  std::vector<Value> arguments;
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    arguments.clear();
    for (ValueId input : node.inputs) arguments.push_back(input == kNone ? Value() : values[input]);
    OARLOCK_ASSIGN(std::vector<Value> results, evaluate_node(node, arguments, ops));
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i] != kNone) values[node.outputs[i]] = std::move(results[i]);
    std::vector<ValueId> read(node.inputs);
    std::sort(read.begin(), read.end());
    read.erase(std::unique(read.begin(), read.end()), read.end());
    for (ValueId input : read)
      if (input != kNone && --uses[input] == 0) values[input] = Value();
  }
  std::vector<Value> outputs;
  for (ValueId output : graph.outputs()) outputs.push_back(values[output]);
  return outputs;
}

Result<std::vector<Value>> evaluate_op(std::string_view domain, std::string_view op, Attrs attrs,
                                       std::span<const Value> inputs, size_t output_count,
                                       const OpRegistry& ops) {
  Graph graph;
  Node node;
  node.name = op;
  node.domain = domain;
  node.op = op;
  node.attrs = std::move(attrs);
  std::vector<Value> given;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].empty()) {
      node.inputs.push_back(kNone);
    } else if (inputs[i].is_tensor()) {
      node.inputs.push_back(graph.add_constant(concat("input", i), inputs[i].tensor()));
    } else {
      node.inputs.push_back(graph.add_input(concat("input", i), {}));
      given.push_back(inputs[i]);
    }
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < output_count; ++i) names.push_back(concat("output", i));
  OARLOCK_ASSIGN(const NodeId id, graph.add_node(std::move(node), names));
  for (ValueId output : graph.node(id).outputs) graph.add_output(output);
  OARLOCK_TRY(resolve(graph, ops));
  OARLOCK_TRY(infer_types(graph));
  return evaluate(graph, given, ops);
}

}  // namespace oarlock
