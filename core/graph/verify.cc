#include <algorithm>
#include <unordered_set>

#include "oarlock/plugin/graph.h"

namespace oarlock {

namespace {

Status verify_subgraph(const Graph& graph, const Node& node, const std::string& attribute,
                       const GraphPtr& body) {
  if (body == nullptr)
    return internal_error("node '", node.name, "': graph '", attribute, "' is null");
  if (body->inputs().size() < static_cast<size_t>(node.captures))
    return invalid("graph '", graph.name, "', node '", node.name, "': graph '", attribute,
                   "' has fewer inputs than the node captures values");
  return verify(*body);
}

}  // namespace

Status verify(const Graph& graph) {
  const auto values = static_cast<ValueId>(graph.value_count());
  auto fail = [&](const auto&... parts) {
    return internal_error("graph '", graph.name, "': ", parts...);
  };
  std::unordered_set<std::string_view> names;
  for (ValueId id = 0; id < values; ++id) {
    const ValueInfo& value = graph.value(id);
    if (!names.insert(value.name).second) return fail("two values are called '", value.name, "'");
    if (value.constant && !value.is_input &&
        (value.type.dtype != value.constant->dtype() ||
         value.type.shape != value.constant->shape()))
      return fail("constant '", value.name, "' is ", to_string(*value.constant), " but declared ",
                  to_string(value.type));
    for (NodeId user : value.users) {
      const Node& node = graph.node(user);
      if (!node.alive || std::find(node.inputs.begin(), node.inputs.end(), id) == node.inputs.end())
        return fail("value '", value.name, "' has a user that does not read it");
    }
  }
  for (NodeId id = 0; id < static_cast<NodeId>(graph.node_count()); ++id) {
    const Node& node = graph.node(id);
    if (!node.alive) continue;
    for (ValueId input : node.inputs) {
      if (input == kNone) continue;
      if (input < 0 || input >= values)
        return fail("node '", node.name, "' reads an unknown value");
      const ValueInfo& value = graph.value(input);
      if (std::find(value.users.begin(), value.users.end(), id) == value.users.end())
        return fail("node '", node.name, "' is missing among the users of '", value.name, "'");
      if (value.producer == kNone && !value.is_input && !value.constant)
        return fail("node '", node.name, "' reads '", value.name, "', which nothing produces");
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == kNone) continue;
      if (node.outputs[i] < 0 || node.outputs[i] >= values)
        return fail("node '", node.name, "' writes an unknown value");
      const ValueInfo& value = graph.value(node.outputs[i]);
      if (value.producer != id || value.producer_output != static_cast<int>(i))
        return fail("value '", value.name, "' does not know its producer '", node.name, "'");
    }
    for (const Attrs::Entry& entry : node.attrs.entries()) {
      if (const auto* one = std::get_if<GraphPtr>(&entry.second))
        OARLOCK_TRY(verify_subgraph(graph, node, entry.first, *one));
      if (const auto* many = std::get_if<std::vector<GraphPtr>>(&entry.second))
        for (const GraphPtr& body : *many)
          OARLOCK_TRY(verify_subgraph(graph, node, entry.first, body));
    }
  }
  for (ValueId output : graph.outputs()) {
    if (output < 0 || output >= values) return fail("an output is an unknown value");
    const ValueInfo& value = graph.value(output);
    if (value.producer == kNone && !value.is_input && !value.constant)
      return fail("output '", value.name, "' is produced by nothing");
  }
  return graph.order().status();
}

}  // namespace oarlock
