#include "converter/gradient.h"

#include <algorithm>

#include "converter/context.h"

namespace oarlock::converter {

void Backward::fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

ValueId Backward::add(std::string_view op, std::vector<ValueId> inputs, Attrs attrs) {
  if (!status_.ok()) return kNone;
  Result<ValueId> value = context_.add(concat(name_, "/", op), op, std::move(inputs), attrs);
  if (value.ok()) return *value;
  fail(value.status());
  return kNone;
}

std::vector<ValueId> Backward::add_many(std::string_view op, std::vector<ValueId> inputs,
                                        Attrs attrs, size_t outputs) {
  std::vector<ValueId> none(outputs, kNone);
  if (!status_.ok()) return none;
  NodeDraft draft;
  draft.name = context_.unique_name(concat(name_, "/", op));
  draft.op = op;
  draft.attrs = std::move(attrs);
  draft.inputs = std::move(inputs);
  for (size_t i = 0; i < outputs; ++i)
    draft.outputs.push_back(context_.unique_name(concat(draft.name, "/", i)));
  draft.opset = kNewestOpset;
  Result<std::vector<ValueId>> values = context_.add(std::move(draft));
  if (values.ok()) return *values;
  fail(values.status());
  return none;
}

ValueId Backward::number(float value, ValueId like) {
  if (!status_.ok()) return kNone;
  Result<ValueId> number = context_.add_scalar_like(concat(name_, "/number"), value, like);
  if (number.ok()) return *number;
  fail(number.status());
  return kNone;
}

ValueId Backward::integers(std::initializer_list<int64_t> values) {
  return context_.add_integers(concat(name_, "/integers"), values);
}

ValueId Backward::reshaped(ValueId value, ValueId like) {
  return add("Reshape", {value, add("Shape", {like})}, {{"allowzero", int64_t{1}}});
}

ValueId Backward::summed(ValueId value, ValueId like) {
  if (!status_.ok()) return kNone;
  const TypeInfo &from = type(value), &to = type(like);
  if (from.is_concrete() && to.is_concrete() && from.shape == to.shape) return value;
  if (!from.has_rank || !to.has_rank) {
    fail(unsupported("the rank of '", graph_.value(like).name, "' is not known"));
    return kNone;
  }
  // Adding nodes moves the types.
  const size_t more = from.shape.rank() - to.shape.rank();
  // Over every axis on which `like` has the extent 1, and over those that it lacks.
  ValueId shape = add("Shape", {like});
  if (more > 0) {
    const ValueId ones =
        context_.add_integers(concat(name_, "/ones"), std::vector<int64_t>(more, int64_t{1}));
    shape = add("Concat", {ones, shape}, {{"axis", int64_t{0}}});
  }
  const ValueId is_one = add("Equal", {shape, integers({1})});
  const ValueId axes = add("Reshape", {add("NonZero", {is_one}), integers({-1})});
  return reshaped(add("ReduceSum", {value, axes}, {{"noop_with_empty_axes", int64_t{1}}}), like);
}

ValueId Backward::zeros(ValueId like) {
  return add("Expand", {number(0, like), add("Shape", {like})});
}

void Backward::give(ValueId value, ValueId derivative) {
  if (!status_.ok() || value == kNone) return;
  ValueId& total = totals_[value];
  total = total == kNone ? derivative : add("Add", {total, derivative});
}

namespace {

// The nodes between the variables and `of`, each after those whose outputs it reads.
std::vector<NodeId> nodes_between(const Graph& graph, const std::vector<ValueId>& variables,
                                  ValueId of) {
  std::vector<bool> depends(graph.value_count()), needed(graph.value_count());
  for (const ValueId variable : variables) depends[variable] = true;
  const auto count = static_cast<NodeId>(graph.node_count());
  std::vector<NodeId> between;
  for (NodeId id = 0; id < count; ++id) {
    const Node& node = graph.node(id);
    const bool reads = std::ranges::any_of(
        node.inputs, [&](ValueId input) { return input != kNone && depends[input]; });
    if (!reads) continue;
    for (const ValueId output : node.outputs)
      if (output != kNone && std::ranges::find(variables, output) == variables.end())
        depends[output] = true;
    between.push_back(id);
  }
  needed[of] = true;
  std::vector<NodeId> found;
  for (auto id = between.rbegin(); id != between.rend(); ++id) {
    const Node& node = graph.node(*id);
    const bool used = std::ranges::any_of(node.outputs, [&](ValueId output) {
      return output != kNone && needed[output] &&
             std::ranges::find(variables, output) == variables.end();
    });
    if (!used) continue;
    for (const ValueId input : node.inputs)
      if (input != kNone && depends[input]) needed[input] = true;
    found.push_back(*id);
  }
  std::ranges::reverse(found);
  return found;
}

// Adding to the graph moves its nodes.
Node copy_of(const Graph& graph, NodeId id) { return graph.node(id); }

// Repeats the nodes with other inputs; what stands for each value in `values`.
Status repeat(const Graph& graph, DraftContext& context, const std::string& name,
              std::vector<NodeId>& nodes, std::vector<ValueId>& values) {
  for (NodeId& id : nodes) {
    const Node node = copy_of(graph, id);
    NodeDraft draft;
    draft.name = context.unique_name(concat(name, "/", node.name));
    draft.domain = node.domain;
    draft.op = node.op;
    draft.attrs = node.attrs;
    draft.captures = node.captures;
    draft.opset = kNewestOpset;
    for (const ValueId input : node.inputs)
      draft.inputs.push_back(input == kNone ? kNone : values[input]);
    for (const ValueId output : node.outputs)
      draft.outputs.push_back(
          output == kNone ? "" : context.unique_name(concat(name, "/", graph.value(output).name)));
    OARLOCK_ASSIGN(const std::vector<ValueId> outputs, context.add(std::move(draft)));
    for (size_t i = 0; i < outputs.size(); ++i)
      if (node.outputs[i] != kNone) values[node.outputs[i]] = outputs[i];
    id = graph.value(*std::ranges::find_if(outputs, [](ValueId v) { return v != kNone; })).producer;
  }
  return {};
}

}  // namespace

Result<std::vector<ValueId>> add_gradient(const Graph& graph, DraftContext& context,
                                          const GradientRequest& request) {
  std::vector<NodeId> nodes = nodes_between(graph, request.variables, request.of);
  std::vector<ValueId> values(graph.value_count());
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<ValueId>(i);
  if (request.variables != request.at) {
    for (size_t i = 0; i < request.at.size(); ++i) values[request.variables[i]] = request.at[i];
    OARLOCK_TRY(repeat(graph, context, request.name, nodes, values));
  }
  const ValueId of = values[request.of];
  Backward to(graph, context, request.name, graph.value_count());
  to.give(of, to.add("Expand", {to.number(1, of), to.add("Shape", {of})}));
  for (auto id = nodes.rbegin(); id != nodes.rend(); ++id) {
    const Node node = copy_of(graph, *id);
    if (is_flat(node)) continue;
    const ValueId g = node.output(0) == kNone ? kNone : to.total(node.output(0));
    if (g == kNone) continue;
    const GradientRule rule = gradient_rule(node);
    if (rule == nullptr)
      return unsupported("node '", node.name, "' (", node.op,
                         ") is on the way to the variables and has no rule for derivatives");
    rule(to, node, g);
    if (!to.status().ok()) return to.status();
  }
  std::vector<ValueId> results;
  for (size_t i = 0; i < request.wanted; ++i) {
    const ValueId total = to.total(request.at[i]);
    results.push_back(total == kNone ? to.zeros(request.at[i]) : total);
  }
  if (!to.status().ok()) return to.status();
  return results;
}

}  // namespace oarlock::converter
