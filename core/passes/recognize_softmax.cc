// Softmax from exponentials and sums, with or without the maximum taken away; LogSoftmax from its
// logarithm.
#include <span>

#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

// A reduction of one axis with keepdims; the axis.
std::optional<size_t> single_axis(const Graph& graph, const Node& node) {
  if (node.attrs.integer("keepdims", 1) == 0) return std::nullopt;
  const auto axes = reduced_axes(graph, node);
  return axes && axes->size() == 1 ? std::optional(axes->front()) : std::nullopt;
}

Outcome softmax(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  ValueId exponential = node.input(0), total = node.input(1);
  std::vector<NodeId> nodes;
  if (is(node, "Mul")) {
    const Node* inverse = made_by(graph, total, "Reciprocal");
    if (!inverse) {
      std::swap(exponential, total);
      inverse = made_by(graph, total, "Reciprocal");
    }
    if (!inverse) return std::nullopt;
    nodes.push_back(graph.value(total).producer);
    total = inverse->input(0);
  }
  const Node* sum = made_by(graph, total, "ReduceSum");
  const Node* exp = made_by(graph, exponential, "Exp");
  if (!sum || !exp || sum->input(0) != exponential || !is_real(graph, exponential))
    return std::nullopt;
  const auto axis = single_axis(graph, *sum);
  if (!axis) return std::nullopt;
  nodes.push_back(graph.value(total).producer);
  nodes.push_back(graph.value(exponential).producer);
  ValueId input = exp->input(0);
  if (const Node* difference = made_by(graph, input, "Sub")) {
    const Node* maximum = made_by(graph, difference->input(1), "ReduceMax");
    if (maximum && maximum->input(0) == difference->input(0) &&
        single_axis(graph, *maximum) == axis) {
      nodes.push_back(graph.value(input).producer);
      nodes.push_back(graph.value(difference->input(1)).producer);
      input = difference->input(0);
    }
  }
  if (!closed(graph, nodes, root)) return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0), patch.add_node(node.name, "", "Softmax", {input},
                                               Attrs{{"axis", static_cast<int64_t>(*axis)}})[0]);
  return patch;
}

Outcome log_softmax(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* inner = made_by(graph, node.input(0), "Softmax");
  if (!inner || sole_user(graph, node.input(0)) != root) return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0),
                patch.add_node(node.name, "", "LogSoftmax", {inner->input(0)},
                               Attrs{{"axis", inner->attrs.integer("axis", -1)}})[0]);
  return patch;
}

}  // namespace

std::span<const Rule> recognize_softmax_rules() {
  static const Rule rules[] = {
      {"recognize_softmax", "Div", softmax},
      {"recognize_softmax", "Mul", softmax},
      {"recognize_log_softmax", "Log", log_softmax},
  };
  return rules;
}

}  // namespace oarlock::passes
