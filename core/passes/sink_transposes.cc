// Transposes move behind element-wise operators, reductions and Concat, and merge.
#include <algorithm>
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"
#include "core/passes/support/views.h"

namespace oarlock::passes {
namespace {

using Permutation = std::vector<size_t>;

struct Transposed {
  ValueId source;
  Permutation perm;
};

// `value` as a Transpose that nobody but `user` reads.
std::optional<Transposed> transposed(const Graph& graph, ValueId value, NodeId user) {
  const Node* node = made_by(graph, value, "Transpose");
  if (!node || sole_user(graph, value) != user) return std::nullopt;
  auto perm = permutation(graph, *node);
  if (!perm) return std::nullopt;
  return Transposed{node->input(0), std::move(*perm)};
}

Outcome merge(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* inner = made_by(graph, node.input(0), "Transpose");
  const auto outer_perm = permutation(graph, node);
  const auto inner_perm = inner ? permutation(graph, *inner) : std::nullopt;
  if (!inner_perm || !outer_perm || inner_perm->size() != outer_perm->size()) return std::nullopt;
  Permutation both;
  for (const size_t axis : *outer_perm) both.push_back((*inner_perm)[axis]);
  Patch patch(graph);
  patch.replace(node.output(0), add_transpose(patch, node.name, inner->input(0), both));
  return patch;
}

// The axes of a permutation of `shape` that are longer than one, numbered among themselves.
Permutation without_units(const Shape& shape, const Permutation& perm) {
  std::vector<size_t> number(shape.rank(), 0);
  size_t count = 0;
  for (size_t axis = 0; axis < shape.rank(); ++axis)
    if (shape[axis] != 1) number[axis] = count++;
  Permutation result;
  for (const size_t axis : perm)
    if (shape[axis] != 1) result.push_back(number[axis]);
  return result;
}

std::vector<int64_t> extents_without_units(const Shape& shape) {
  std::vector<int64_t> dims;
  for (const int64_t dim : shape)
    if (dim != 1) dims.push_back(dim);
  return dims;
}

// Two Transposes with a Reshape between them that adds and removes unit axes only.
Outcome merge_around_view(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* view = made_by(graph, node.input(0), "Reshape");
  const Node* inner = view ? made_by(graph, view->input(0), "Transpose") : nullptr;
  if (!inner) return std::nullopt;
  const Shape* source = concrete_shape(graph, inner->input(0));
  const Shape* before = concrete_shape(graph, view->input(0));
  const Shape* after = concrete_shape(graph, node.input(0));
  const Shape* result = concrete_shape(graph, node.output(0));
  const auto first = permutation(graph, *inner), second = permutation(graph, node);
  if (!source || !before || !after || !result || !first || !second ||
      extents_without_units(*before) != extents_without_units(*after))
    return std::nullopt;
  const Permutation one = without_units(*source, *first), two = without_units(*after, *second);
  Permutation both;
  for (const size_t axis : two) both.push_back(one[axis]);
  Patch patch(graph);
  ValueId value = inner->input(0);
  if (!std::is_sorted(both.begin(), both.end())) {
    value = add_reshape(patch, concat(node.name, "_units"), value, extents_without_units(*source));
    value = add_transpose(patch, concat(node.name, "_transpose"), value, both);
  }
  patch.replace(node.output(0), add_reshape(patch, node.name, value,
                                            std::vector<int64_t>(result->begin(), result->end())));
  return patch;
}

Outcome through_unary(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (!is_unary(node) || node.outputs.size() != 1) return std::nullopt;
  const auto input = transposed(graph, node.input(0), root);
  if (!input) return std::nullopt;
  std::vector<ValueId> inputs = node.inputs;
  inputs[0] = input->source;
  Patch patch(graph);
  const ValueId inside = add_copy(patch, node, std::move(inputs));
  patch.replace(node.output(0),
                add_transpose(patch, concat(node.name, "_transpose"), inside, input->perm));
  return patch;
}

// `constant` as it must be to meet the source of a Transpose instead of its result.
std::optional<ValueId> untransposed(const Graph& graph, Patch& patch, ValueId constant,
                                    const Permutation& perm) {
  const Tensor* tensor = graph.constant(constant);
  if (!tensor || tensor->shape().rank() > perm.size()) return std::nullopt;
  if (tensor->elements() == 1) return constant;
  std::vector<int64_t> dims(perm.size() - tensor->shape().rank(), 1);
  dims.insert(dims.end(), tensor->shape().begin(), tensor->shape().end());
  Permutation inverse(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) inverse[perm[i]] = i;
  const std::string& name = graph.value(constant).name;
  return add_transpose(patch, name, add_reshape(patch, name, constant, dims), inverse);
}

Outcome through_binary(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (!is_binary(node)) return std::nullopt;
  const auto a = transposed(graph, node.input(0), root);
  const auto b = transposed(graph, node.input(1), root);
  if (!a && !b) return std::nullopt;
  Patch patch(graph);
  std::vector<ValueId> inputs(2);
  if (a && b) {
    if (a->perm != b->perm) return std::nullopt;
    inputs = {a->source, b->source};
  } else {
    const size_t other = a ? 1 : 0;
    const auto constant = untransposed(graph, patch, node.input(other), a ? a->perm : b->perm);
    if (!constant) return std::nullopt;
    inputs[other] = *constant;
    inputs[1 - other] = a ? a->source : b->source;
  }
  const ValueId inside = add_copy(patch, node, std::move(inputs));
  patch.replace(node.output(0), add_transpose(patch, concat(node.name, "_transpose"), inside,
                                              a ? a->perm : b->perm));
  return patch;
}

Outcome through_reduction(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto input = transposed(graph, node.input(0), root);
  const auto axes = reduced_axes(graph, node);
  if (!input || !axes || axes->empty()) return std::nullopt;
  std::vector<int64_t> mapped;
  for (const size_t axis : *axes) mapped.push_back(static_cast<int64_t>(input->perm[axis]));
  std::sort(mapped.begin(), mapped.end());
  const auto gone = [&](size_t axis) {
    return std::find(mapped.begin(), mapped.end(), static_cast<int64_t>(axis)) != mapped.end();
  };
  const bool keep = node.attrs.integer("keepdims", 1) != 0;
  Permutation rest;  // of the axes that are left
  if (keep) {
    rest = input->perm;
  } else {
    for (const size_t axis : input->perm) {
      if (gone(axis)) continue;
      size_t at = axis;
      for (size_t i = 0; i < axis; ++i) at -= gone(i);
      rest.push_back(at);
    }
  }
  Patch patch(graph);
  Node copy = node;
  copy.attrs.erase("axes");
  copy.attrs.set("noop_with_empty_axes", int64_t{0});
  copy.inputs = {input->source, add_integers(patch, concat(node.name, "_axes"), mapped)};
  const ValueId inside = patch.add_node(std::move(copy), 1)[0];
  patch.replace(node.output(0),
                std::is_sorted(rest.begin(), rest.end())
                    ? inside
                    : add_transpose(patch, concat(node.name, "_transpose"), inside, rest));
  return patch;
}

Outcome through_concat(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (node.inputs.size() < 2) return std::nullopt;
  std::vector<ValueId> sources;
  std::optional<Permutation> perm;
  for (const ValueId id : node.inputs) {
    auto input = transposed(graph, id, root);
    if (!input || (perm && *perm != input->perm)) return std::nullopt;
    perm = std::move(input->perm);
    sources.push_back(input->source);
  }
  const auto axis = normalize_axis(node.attrs.integer("axis"), perm->size());
  if (!axis) return std::nullopt;
  Patch patch(graph);
  Attrs attrs{{"axis", static_cast<int64_t>((*perm)[*axis])}};
  const ValueId inside = patch.add_node(node.name, "", "Concat", sources, std::move(attrs))[0];
  patch.replace(node.output(0),
                add_transpose(patch, concat(node.name, "_transpose"), inside, *perm));
  return patch;
}

}  // namespace

std::span<const Rule> sink_transposes_rules() {
  static const std::vector<Rule> rules = [] {
    std::vector<Rule> list = {
        {"merge_transposes", "Transpose", merge},
        {"merge_transposes_around_view", "Transpose", merge_around_view},
        {"sink_transpose_unary", "", through_unary},
        {"sink_transpose_binary", "", through_binary},
        {"sink_transpose_concat", "Concat", through_concat},
    };
    for (const std::string_view op :
         {"ReduceMax", "ReduceMin", "ReduceMean", "ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2",
          "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"})
      list.push_back({"sink_transpose_reduction", op, through_reduction});
    return list;
  }();
  return rules;
}

}  // namespace oarlock::passes
