// A Slice of rows moves before the operators that work on each row alone: the rows that nobody
// reads are not computed. The class token of a transformer spares most of its last layer.
#include <algorithm>
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/fused.h"
#include "core/passes/support/match.h"
#include "core/passes/support/views.h"

namespace oarlock::passes {
namespace {

// A Slice of one axis to at most half of it.
struct Rows {
  const Node* slice;
  size_t axis;
  size_t rank;
};

std::optional<Rows> rows_of(const Graph& graph, const Node& node) {
  const Shape* shape = concrete_shape(graph, node.input(0));
  const Shape* result = concrete_shape(graph, node.output(0));
  const auto starts = integers(graph, node.input(1));
  if (!shape || !result || !starts || starts->size() != 1) return std::nullopt;
  int64_t given = 0;
  if (node.input(3) != kNone) {
    const auto axes = integers(graph, node.input(3));
    if (!axes || axes->size() != 1) return std::nullopt;
    given = axes->front();
  }
  const auto axis = normalize_axis(given, shape->rank());
  if (!axis || (*result)[*axis] > (*shape)[*axis] / 2 || (*result)[*axis] == 0) return std::nullopt;
  return Rows{&node, *axis, shape->rank()};
}

// The same rows of `value`, along `axis` of it.
ValueId take(Patch& patch, const Rows& rows, ValueId value, size_t axis) {
  std::vector<ValueId> inputs = rows.slice->inputs;
  inputs[0] = value;
  if (axis != rows.axis || rows.slice->input(3) == kNone) {
    const int64_t axes[] = {static_cast<int64_t>(axis)};
    inputs.resize(std::max<size_t>(inputs.size(), 4), kNone);
    inputs[3] = add_integers(patch, concat(rows.slice->name, "_axes"), axes);
  }
  return add_copy(patch, *rows.slice, std::move(inputs));
}

// The rows of an operand that is broadcast; empty when its shape is not known.
std::optional<ValueId> take_broadcast(const Graph& graph, Patch& patch, const Rows& rows,
                                      ValueId value) {
  const Shape* shape = concrete_shape(graph, value);
  if (!shape || shape->rank() > rows.rank) return std::nullopt;
  const size_t missing = rows.rank - shape->rank();
  if (rows.axis < missing || (*shape)[rows.axis - missing] == 1) return value;
  return take(patch, rows, value, rows.axis - missing);
}

bool first_output_only(const Node& node) {
  return std::all_of(node.outputs.begin() + 1, node.outputs.end(),
                     [](ValueId id) { return id == kNone; });
}

// What the operator before the Slice must read instead; empty when it mixes rows.
std::optional<std::vector<ValueId>> operands(const Graph& graph, Patch& patch, const Rows& rows,
                                             const Node& before) {
  std::vector<ValueId> inputs = before.inputs;
  if (is_unary(before)) {
    inputs[0] = take(patch, rows, inputs[0], rows.axis);
    return inputs;
  }
  if (is_binary(before)) {
    for (ValueId& input : inputs) {
      const auto taken = take_broadcast(graph, patch, rows, input);
      if (!taken) return std::nullopt;
      input = *taken;
    }
    return inputs;
  }
  if (is_any(before, {"LayerNormalization", "RMSNormalization", "Softmax", "LogSoftmax"})) {
    const auto axis = normalize_axis(before.attrs.integer("axis", -1), rows.rank);
    const bool norm = is_any(before, {"LayerNormalization", "RMSNormalization"});
    if (!axis || (norm ? rows.axis >= *axis : rows.axis == *axis)) return std::nullopt;
    for (size_t i = 1; i < inputs.size(); ++i)
      if (inputs[i] != kNone && rank(graph, inputs[i]) > rows.rank - *axis) return std::nullopt;
    inputs[0] = take(patch, rows, inputs[0], rows.axis);
    return inputs;
  }
  if (const auto product = fused_from(before); product && !product->is_conv()) {
    if (rank(graph, inputs[kData]) != rows.rank || rank(graph, inputs[kWeight]) != 2u ||
        rows.axis + 1 == rows.rank || product->attrs.integer("trans_a", 0) != 0 ||
        (product->has_bias() && rank(graph, product->inputs[kBias]) != 1u))
      return std::nullopt;
    inputs[kData] = take(patch, rows, inputs[kData], rows.axis);
    if (product->has_residual())
      inputs[kResidual] = take(patch, rows, inputs[kResidual], rows.axis);
    return inputs;
  }
  if (is(before, "Attention")) {
    if (before.attrs.integer("is_causal", 0) != 0 || rank(graph, inputs[0]) != rows.rank ||
        rows.axis + 2 != rows.rank)
      return std::nullopt;
    for (size_t i = 4; i < inputs.size(); ++i)
      if (inputs[i] != kNone) return std::nullopt;
    if (before.input(3) != kNone) {
      const Shape* mask = concrete_shape(graph, inputs[3]);
      if (!mask || mask->rank() < 2) return std::nullopt;
      const size_t axis = mask->rank() - 2;
      if ((*mask)[axis] != 1) inputs[3] = take(patch, rows, inputs[3], axis);
    }
    inputs[0] = take(patch, rows, inputs[0], rows.axis);
    return inputs;
  }
  return std::nullopt;
}

Outcome hoist(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (sole_user(graph, node.input(0)) != root) return std::nullopt;
  const Node* before = graph.producer(node.input(0));
  if (!before || !first_output_only(*before)) return std::nullopt;
  const auto rows = rows_of(graph, node);
  if (!rows) return std::nullopt;
  Patch patch(graph);
  auto inputs = operands(graph, patch, *rows, *before);
  if (!inputs) return std::nullopt;
  patch.replace(node.output(0), add_copy(patch, *before, std::move(*inputs)));
  return patch;
}

// One row taken by Gather, from an operator that a Slice could pass.
Outcome slice_from_gather(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Tensor* index = graph.constant(node.input(1));
  const auto picks = integers(graph, node.input(1));
  const Node* before = graph.producer(node.input(0));
  const Shape* shape = concrete_shape(graph, node.input(0));
  const Shape* result = concrete_shape(graph, node.output(0));
  if (!index || !picks || picks->size() != 1 || !before || !shape || !result ||
      sole_user(graph, node.input(0)) != root || !first_output_only(*before))
    return std::nullopt;
  const auto axis = normalize_axis(node.attrs.integer("axis", 0), shape->rank());
  if (!axis || (*shape)[*axis] < 2) return std::nullopt;
  const auto at = normalize_axis(picks->front(), static_cast<size_t>((*shape)[*axis]));
  if (!at) return std::nullopt;
  const bool passes = is_any(*before, {"LayerNormalization", "RMSNormalization", "Attention"}) ||
                      is_binary(*before) || is_unary(*before) ||
                      is(*before, "MatMul", kOarlockDomain);
  if (!passes || *axis + 1 == shape->rank()) return std::nullopt;
  Patch patch(graph);
  const int64_t start[] = {static_cast<int64_t>(*at)}, end[] = {static_cast<int64_t>(*at) + 1};
  const int64_t axes[] = {static_cast<int64_t>(*axis)};
  const ValueId row =
      patch.add_node(node.name, "", "Slice",
                     {node.input(0), add_integers(patch, concat(node.name, "_start"), start),
                      add_integers(patch, concat(node.name, "_end"), end),
                      add_integers(patch, concat(node.name, "_axes"), axes)})[0];
  patch.replace(node.output(0), add_reshape(patch, concat(node.name, "_reshape"), row,
                                            std::vector<int64_t>(result->begin(), result->end())));
  return patch;
}

}  // namespace

std::span<const Rule> hoist_slices_rules() {
  static const Rule rules[] = {
      {"hoist_slice", "Slice", hoist},
      {"slice_from_gather", "Gather", slice_from_gather},
  };
  return rules;
}

}  // namespace oarlock::passes
