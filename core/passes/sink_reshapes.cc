// Reshapes move behind element-wise operators, slices, normalizations of the last axis and products
// with a matrix, and merge.
#include <algorithm>
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/fused.h"
#include "core/passes/support/match.h"
#include "core/passes/support/views.h"

namespace oarlock::passes {
namespace {

// What a Reshape reads, when `value` is one.
std::optional<ValueId> reshaped(const Graph& graph, ValueId value) {
  const Node* node = made_by(graph, value, "Reshape");
  return node ? std::optional(node->input(0)) : std::nullopt;
}

Outcome finish(const Graph& graph, Patch patch, const Node& node, ValueId inside) {
  const Shape* shape = known_shape(graph, node.output(0));
  const auto dims = shape ? reshape_dims(*shape) : std::nullopt;
  if (!dims) return std::nullopt;
  patch.replace(node.output(0), add_reshape(patch, concat(node.name, "_reshape"), inside, *dims));
  return patch;
}

Outcome through_unary(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (!is_unary(node) || node.outputs.size() != 1 || sole_user(graph, node.input(0)) != root)
    return std::nullopt;
  const auto source = reshaped(graph, node.input(0));
  if (!source) return std::nullopt;
  Patch patch(graph);
  std::vector<ValueId> inputs = node.inputs;
  inputs[0] = *source;
  const ValueId inside = add_copy(patch, node, std::move(inputs));
  return finish(graph, std::move(patch), node, inside);
}

bool same_last_axis(const Graph& graph, ValueId a, ValueId b) {
  const Shape* x = known_shape(graph, a);
  const Shape* y = known_shape(graph, b);
  return x && y && !x->empty() && !y->empty() && x->back() == y->back() &&
         x->back() != Shape::kUnknown;
}

Outcome through_binary(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (!is_binary(node)) return std::nullopt;
  const auto a = reshaped(graph, node.input(0)), b = reshaped(graph, node.input(1));
  Patch patch(graph);
  if (a && b && node.input(0) != node.input(1)) {
    if (sole_user(graph, node.input(0)) != root || sole_user(graph, node.input(1)) != root ||
        !same_shape(graph, *a, *b) || !same_shape(graph, node.input(0), node.input(1)))
      return std::nullopt;
    const ValueId inside = add_copy(patch, node, {*a, *b});
    return finish(graph, std::move(patch), node, inside);
  }
  for (const size_t i : {0u, 1u}) {
    const auto source = i == 0 ? a : b;
    const ValueId value = node.input(i), other = node.input(1 - i);
    const Tensor* constant = graph.constant(other);
    if (!source || !constant || sole_user(graph, value) != root ||
        !broadcasts_into(graph, other, value))
      continue;
    const auto source_rank = rank(graph, *source);
    const Shape& shape = constant->shape();
    const bool number = constant->elements() == 1 && source_rank && shape.rank() <= *source_rank;
    const bool row = shape.rank() == 1 && same_last_axis(graph, *source, value);
    if (!number && !row) continue;
    std::vector<ValueId> inputs(2);
    inputs[i] = *source;
    inputs[1 - i] = other;
    const ValueId inside = add_copy(patch, node, std::move(inputs));
    return finish(graph, std::move(patch), node, inside);
  }
  return std::nullopt;
}

// Operators along the last axis, other inputs being parameters of it.
Outcome through_rows(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto source = reshaped(graph, node.input(0));
  if (!source || node.outputs.size() != 1 || sole_user(graph, node.input(0)) != root ||
      !same_last_axis(graph, *source, node.input(0)))
    return std::nullopt;
  const int64_t axis = node.attrs.integer("axis", -1);
  if (axis != -1 && axis != static_cast<int64_t>(*rank(graph, node.input(0))) - 1)
    return std::nullopt;
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (node.inputs[i] != kNone && rank(graph, node.inputs[i]) != 1u) return std::nullopt;
  Patch patch(graph);
  Node copy = node;
  copy.attrs.set("axis", int64_t{-1});
  copy.inputs[0] = *source;
  const ValueId inside = patch.add_node(std::move(copy), 1)[0];
  return finish(graph, std::move(patch), node, inside);
}

// A product with a matrix: the leading axes are rows, however they are written.
Outcome through_product(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  auto fused = fused_from(node);
  if (!fused || fused->is_conv() || fused->has_residual()) return std::nullopt;
  const auto source = reshaped(graph, fused->inputs[kData]);
  if (!source || fused->attrs.integer("trans_a", 0) != 0 ||
      !same_last_axis(graph, *source, fused->inputs[kData]))
    return std::nullopt;
  if (rank(graph, fused->inputs[kWeight]) != 2u || *rank(graph, *source) < 2 ||
      *rank(graph, fused->inputs[kData]) < 2)
    return std::nullopt;
  if (fused->has_bias() && rank(graph, fused->inputs[kBias]) != 1u) return std::nullopt;
  fused->inputs[kData] = *source;
  Patch patch(graph);
  const ValueId inside = add_fused(patch, *fused);
  return finish(graph, std::move(patch), node, inside);
}

// Slices of one axis that the source has as well.
Outcome through_slice(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto source = reshaped(graph, node.input(0));
  if (!source) return std::nullopt;
  const Shape* inside_shape = concrete_shape(graph, *source);
  const Shape* outside_shape = concrete_shape(graph, node.input(0));
  const Shape* result = concrete_shape(graph, node.output(0));
  const auto starts = integers(graph, node.input(1));
  if (!inside_shape || !outside_shape || !result || !starts || starts->size() != 1)
    return std::nullopt;
  int64_t given = 0;
  if (node.input(3) != kNone) {
    const auto axes = integers(graph, node.input(3));
    if (!axes || axes->size() != 1) return std::nullopt;
    given = axes->front();
  }
  const auto axis = normalize_axis(given, outside_shape->rank());
  const auto inner = axis ? matching_axis(*inside_shape, *outside_shape, *axis) : std::nullopt;
  if (!inner) return std::nullopt;
  Patch patch(graph);
  std::vector<ValueId> inputs = node.inputs;
  const int64_t axes[] = {static_cast<int64_t>(*inner)};
  inputs.resize(std::max<size_t>(inputs.size(), 4), kNone);
  inputs[0] = *source;
  inputs[3] = add_integers(patch, concat(node.name, "_axes"), axes);
  const ValueId inside = add_copy(patch, node, std::move(inputs));
  return finish(graph, std::move(patch), node, inside);
}

Outcome through_split(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto source = reshaped(graph, node.input(0));
  if (!source) return std::nullopt;
  const Shape* inside_shape = concrete_shape(graph, *source);
  const Shape* outside_shape = concrete_shape(graph, node.input(0));
  if (!inside_shape || !outside_shape) return std::nullopt;
  const auto axis = normalize_axis(node.attrs.integer("axis", 0), outside_shape->rank());
  const auto inner = axis ? matching_axis(*inside_shape, *outside_shape, *axis) : std::nullopt;
  if (!inner) return std::nullopt;
  Patch patch(graph);
  Node copy = node;
  copy.inputs[0] = *source;
  copy.attrs.set("axis", static_cast<int64_t>(*inner));
  const std::vector<ValueId> made = patch.add_node(std::move(copy), node.outputs.size());
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNone) continue;
    const Shape* shape = concrete_shape(graph, node.outputs[i]);
    if (!shape) return std::nullopt;
    patch.replace(node.outputs[i], add_reshape(patch, concat(node.name, "_reshape"), made[i],
                                               std::vector<int64_t>(shape->begin(), shape->end())));
  }
  return patch;
}

}  // namespace

std::span<const Rule> sink_reshapes_rules() {
  static const Rule rules[] = {
      {"sink_reshape_unary", "", through_unary},
      {"sink_reshape_binary", "", through_binary},
      {"sink_reshape_rows", "LayerNormalization", through_rows},
      {"sink_reshape_rows", "RMSNormalization", through_rows},
      {"sink_reshape_rows", "Softmax", through_rows},
      {"sink_reshape_rows", "LogSoftmax", through_rows},
      {"sink_reshape_product", "oarlock.MatMul", through_product},
      {"sink_reshape_slice", "Slice", through_slice},
      {"sink_reshape_split", "Split", through_split},
  };
  return rules;
}

}  // namespace oarlock::passes
