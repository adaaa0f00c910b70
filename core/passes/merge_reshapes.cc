// Every view of a value (Reshape, Flatten, Squeeze, Unsqueeze, Transpose of unit axes) becomes one
// Reshape with constant extents, as soon as at most one extent is unknown.
#include <algorithm>
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

// Both shapes are equal whatever the unknown extent is; the element counts are known to agree.
bool same_view(const Shape& a, const Shape& b) {
  if (!(a == b)) return false;
  return std::count(a.begin(), a.end(), Shape::kUnknown) <= 1 &&
         std::find(a.begin(), a.end(), 0) == a.end();
}

Outcome reshape_to(const Graph& graph, const Node& node, ValueId source) {
  const Shape* shape = known_shape(graph, node.output(0));
  if (!shape) return std::nullopt;
  const auto dims = reshape_dims(*shape);
  if (!dims) return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0), add_reshape(patch, node.name, source, *dims));
  return patch;
}

Outcome as_reshape(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  return reshape_to(graph, node, node.input(0));
}

Outcome simplify_reshape(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Shape* in = known_shape(graph, node.input(0));
  const Shape* out = known_shape(graph, node.output(0));
  if (!in || !out) return std::nullopt;
  if (same_view(*in, *out)) {
    Patch patch(graph);
    patch.replace(node.output(0), node.input(0));
    return patch;
  }
  const Node* inner = made_by(graph, node.input(0), "Reshape");
  if (inner) return reshape_to(graph, node, inner->input(0));
  // Write the extents out: -1 and 0 become numbers, computed extents become constant.
  const auto dims = reshape_dims(*out);
  if (!dims) return std::nullopt;
  const auto given = integers(graph, node.input(1));
  if (given && *given == *dims) return std::nullopt;
  return reshape_to(graph, node, node.input(0));
}

// A Transpose that moves no two axes longer than one past each other moves no element.
Outcome transpose_of_units(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto perm = permutation(graph, node);
  const Shape* shape = known_shape(graph, node.input(0));
  if (!perm || !shape) return std::nullopt;
  size_t last = 0;
  for (const size_t axis : *perm) {
    if ((*shape)[axis] == 1) continue;
    if (axis < last) return std::nullopt;
    last = axis;
  }
  return reshape_to(graph, node, node.input(0));
}

}  // namespace

std::span<const Rule> merge_reshapes_rules() {
  static const Rule rules[] = {
      {"view_as_reshape", "Flatten", as_reshape},
      {"view_as_reshape", "Squeeze", as_reshape},
      {"view_as_reshape", "Unsqueeze", as_reshape},
      {"view_as_reshape", "Transpose", transpose_of_units},
      {"merge_reshapes", "Reshape", simplify_reshape},
  };
  return rules;
}

}  // namespace oarlock::passes
