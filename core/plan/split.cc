#include <map>

#include "core/plan/plan.h"

namespace oarlock {

namespace {

// Tensors of known shape are settled; sequences and strings of known shape too: the reference
// device makes them while running. What depends on any other value is planned later.
bool is_settled(const TypeInfo& type) {
  if (type.is_tensor()) return type.is_concrete();
  return type.kind != TypeInfo::Kind::unknown;
}

// Copies values and nodes into a new graph.
class Copier {
 public:
  Copier(const Graph& from, Graph& to) : from_(from), to_(to) {}

  ValueId constant_or_known(ValueId id) {
    if (id == kNone) return kNone;
    if (const auto found = map_.find(id); found != map_.end()) return found->second;
    const ValueInfo& value = from_.value(id);
    if (value.constant) return map_[id] = to_.add_constant(value.name, *value.constant);
    return map_[id] = to_.add_input(value.name, value.type);
  }

  Status node(const Node& original) {
    Node copy = original;
    for (ValueId& input : copy.inputs) input = constant_or_known(input);
    std::vector<std::string> names;
    for (ValueId output : original.outputs)
      names.push_back(output == kNone ? "" : from_.value(output).name);
    OARLOCK_ASSIGN(const NodeId id, to_.add_node(std::move(copy), std::move(names)));
    for (size_t i = 0; i < original.outputs.size(); ++i) {
      if (original.outputs[i] == kNone) continue;
      map_[original.outputs[i]] = to_.node(id).outputs[i];
      to_.set_type(to_.node(id).outputs[i], from_.value(original.outputs[i]).type);
    }
    return {};
  }

 private:
  const Graph& from_;
  Graph& to_;
  std::map<ValueId, ValueId> map_;
};

}  // namespace

Result<Split> split_at_unknown_shapes(const Graph& graph) {
  Split split;
  OARLOCK_ASSIGN(const std::vector<NodeId> order, graph.order());
  std::vector<bool> late(graph.value_count(), false);  // produced in the rest, or of unknown shape
  std::vector<NodeId> head, rest;
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    bool waits = false;
    for (ValueId input : node.inputs) waits = waits || (input != kNone && late[input]);
    (waits ? rest : head).push_back(id);
    for (ValueId output : node.outputs)
      if (output != kNone && (waits || !is_settled(graph.value(output).type))) late[output] = true;
  }
  const auto output_count = static_cast<int>(graph.outputs().size());
  if (rest.empty()) {
    split.head = graph;
    for (int i = 0; i < output_count; ++i) split.outputs.push_back(i);
    split.rest_begin = graph.outputs().size();
    return split;
  }

  std::vector<bool> in_rest(graph.value_count(), false);
  for (NodeId id : rest)
    for (ValueId output : graph.node(id).outputs)
      if (output != kNone) in_rest[output] = true;

  split.head.name = graph.name;
  Copier to_head(graph, split.head);
  for (ValueId input : graph.inputs()) to_head.constant_or_known(input);
  for (NodeId id : head) OARLOCK_TRY(to_head.node(graph.node(id)));

  auto rest_graph = std::make_shared<Graph>();
  rest_graph->name = graph.name + "+";
  Copier to_rest(graph, *rest_graph);
  // Values that cross become inputs in the order in which they are met.
  std::vector<ValueId> crossing;
  std::vector<bool> seen(graph.value_count(), false);
  for (NodeId id : rest) {
    for (ValueId input : graph.node(id).inputs) {
      if (input == kNone || in_rest[input] || seen[input] || graph.constant(input) != nullptr)
        continue;
      seen[input] = true;
      crossing.push_back(input);
      to_rest.constant_or_known(input);
    }
  }
  for (NodeId id : rest) OARLOCK_TRY(to_rest.node(graph.node(id)));

  split.outputs.assign(output_count, -1);
  int head_outputs = 0;
  for (int i = 0; i < output_count; ++i) {
    const ValueId output = graph.outputs()[i];
    if (in_rest[output]) {
      rest_graph->add_output(to_rest.constant_or_known(output), graph.output_name(i));
      split.rest_outputs.push_back(i);
    } else {
      split.head.add_output(to_head.constant_or_known(output), graph.output_name(i));
      split.outputs[i] = head_outputs++;
    }
  }
  split.rest_begin = head_outputs;
  for (ValueId id : crossing) split.head.add_output(to_head.constant_or_known(id));
  split.rest = std::move(rest_graph);
  return split;
}

}  // namespace oarlock
