#include "oarlock/plugin/graph.h"

namespace oarlock {

namespace {

std::string list(const Graph& graph, std::span<const ValueId> ids, bool with_types) {
  std::string out;
  for (ValueId id : ids) {
    if (!out.empty()) out += ", ";
    if (id == kNone) {
      out += "-";
      continue;
    }
    out += graph.value(id).name;
    if (with_types) out += concat(": ", graph.value(id).type);
  }
  return out;
}

void print(const Graph& graph, const std::string& indent, std::string& out) {
  out += concat(indent, "graph ", graph.name, "(", list(graph, graph.inputs(), true), ") {\n");
  const Result<std::vector<NodeId>> order = graph.order();
  if (!order.ok()) {
    out += concat(indent, "  ", order.status(), "\n");
    return;
  }
  for (NodeId id : *order) {
    const Node& node = graph.node(id);
    const std::string attrs = to_string(node.attrs);
    out += concat(indent, "  ", list(graph, node.outputs, true), " = ",
                  node.domain.empty() ? "" : node.domain + ".", node.op, "(",
                  list(graph, node.inputs, false), ")", attrs.empty() ? "" : "  ", attrs, "\n");
    for (const Attrs::Entry& entry : node.attrs.entries())
      if (const auto* body = std::get_if<GraphPtr>(&entry.second))
        print(**body, indent + "    ", out);
  }
  out += concat(indent, "  return ", list(graph, graph.outputs(), true), "\n", indent, "}\n");
}

}  // namespace

std::string to_string(const Graph& graph) {
  std::string out;
  print(graph, "", out);
  return out;
}

}  // namespace oarlock
